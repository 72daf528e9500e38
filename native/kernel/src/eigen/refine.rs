//! Additive refinement: from block codebooks, whose nibbles see a span of coordinates each, to ones that see many.
//!
//! Nibbles are taken in runs, and every centroid of a run may reach over all coordinates of the run. Then, in turn, rows choose
//! their nibbles anew (`descent`) and all centroids of the run move to where they explain those rows best, which is a linear
//! least-squares problem, as in additive quantisation (Babenko and Lempitsky 2014) and local search quantisation (Martinez et
//! al. 2016, 2018). A centroid is held to its block codebook as if by `HOLD` more rows, so that small samples stay safe.

use std::ops::Range;

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};

use super::codebook::{Codebook, Span};
use super::descent::{Rounds, Run, by_centroid, by_column};
use super::{BATCH, CENTROIDS};
use crate::{Error, Isa};

/// Rows' worth of trust in the block codebook.
const HOLD: f32 = 16.0;

/// Rounds of choosing and moving. The error falls by less than a thousandth in the last.
const ROUNDS: usize = 10;

/// Times each centroid moves in a round; the next round goes on from there.
const MOVES: usize = 3;

/// Rows beyond which a larger sample only costs time.
const ROWS: usize = 20_480;

/// Most nibbles of a run. Longer runs find little more, and take time and memory that grow with the square.
const NIBBLES: usize = 96;

/// Refines the codebook. `sample` `[n][rank]` are weighted coordinates, `codes` `[nibbles][n]` the block codebook's choices.
pub(super) fn refine(
    book: &mut Codebook,
    sample: &[f32],
    codes: &[Vec<u8>],
    progress: &dyn Fn(f32) -> Result<(), Error>,
) -> Result<(), Error> {
    let (rank, coding) = (book.weights.len(), codes.len());
    if coding == 0 {
        return Ok(());
    }
    let kept = spread(sample.len() / rank, ROWS);
    let runs = runs(&book.spans[..coding]);
    let mut centroids = Vec::new();
    let mut begin = 0;
    for (run, (nibbles, reach)) in runs.iter().enumerate() {
        let (nibbles, Span { start, .. }) = (nibbles.clone(), *reach);
        let spans = &book.spans[nibbles.clone()];
        let wide = widen(*reach, spans, &book.centroids[begin..]);
        begin += spans.iter().map(|span| span.length * CENTROIDS).sum::<usize>();
        let rows: Vec<f32> = kept.iter().flat_map(|r| &sample[r * rank + start..][..reach.length]).copied().collect();
        let codes: Vec<u8> = kept.iter().flat_map(|r| codes[nibbles.clone()].iter().map(|codes| codes[*r])).collect();
        let done = |round: f32| progress((run as f32 + round / ROUNDS as f32) / runs.len() as f32);
        centroids.extend(refine_run(*reach, &wide, &rows, codes, &done)?);
        book.spans[nibbles].fill(*reach);
    }
    book.centroids = centroids;
    book.rounds = Rounds::refined(coding.div_ceil(runs.len()));
    Ok(())
}

/// The runs of nibbles with the given spans, none of them empty, and the coordinates that each run reaches over.
pub(super) fn runs(spans: &[Span]) -> Vec<(Range<usize>, Span)> {
    let runs = spans.len().div_ceil(NIBBLES);
    let run = |run: usize| {
        let nibbles = run * spans.len() / runs..(run + 1) * spans.len() / runs;
        let spans = &spans[nibbles.clone()];
        let start = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let end = spans.iter().map(|span| span.start + span.length).max().unwrap_or(start);
        (nibbles, Span { start, length: end - start })
    };
    (0..runs).map(run).collect()
}

/// Numbers of at most `most` of `n` rows, evenly taken.
pub(super) fn spread(n: usize, most: usize) -> Vec<usize> {
    let taken = n.min(most);
    (0..taken).map(|i| i * n / taken).collect()
}

/// Centroids of nibbles with the given spans, as centroids over the whole `reach`: zero where they had none.
fn widen(reach: Span, spans: &[Span], centroids: &[f32]) -> Vec<f32> {
    let mut wide = vec![0.0; spans.len() * reach.length * CENTROIDS];
    let mut begin = 0;
    for (span, wide) in spans.iter().zip(wide.chunks_exact_mut(reach.length * CENTROIDS)) {
        let size = span.length * CENTROIDS;
        wide[(span.start - reach.start) * CENTROIDS..][..size].copy_from_slice(&centroids[begin..][..size]);
        begin += size;
    }
    wide
}

/// Centroids `[count][length][16]` that explain `rows` `[n][length]` better than those given, from which the rows chose
/// `codes` `[n][count]`.
fn refine_run(
    span: Span,
    centroids: &[f32],
    rows: &[f32],
    mut codes: Vec<u8>,
    progress: &dyn Fn(f32) -> Result<(), Error>,
) -> Result<Vec<f32>, Error> {
    let isa = Isa::best();
    let (length, size) = (span.length, span.length * CENTROIDS);
    let count = centroids.len() / size;
    // [count · 16][length]
    let held: Vec<f32> = centroids.chunks_exact(size).flat_map(|nibble| by_centroid(nibble, length)).collect();
    let (mut moving, mut columns) = (held.clone(), Vec::new());
    for round in 0..ROUNDS {
        progress(round as f32)?;
        let together = Together::count(&codes, count, rows, length);
        for _ in 0..MOVES {
            together.improve(&mut moving, &held, length);
        }
        columns = moving.chunks_exact(size).flat_map(|nibble| by_column(nibble, length)).collect();
        if round + 1 < ROUNDS {
            let run = Run::new(isa, 0, span, &columns);
            for (rows, codes) in rows.chunks(BATCH * length).zip(codes.chunks_mut(BATCH * count)) {
                progress(round as f32 + 0.5)?;
                let chosen = run.choose(isa, rows, Some(codes), Rounds::refined(count));
                codes.copy_from_slice(&chosen);
            }
        }
    }
    Ok(columns)
}

/// The normal equations of the least-squares problem: which centroids are chosen together, and what by.
struct Together {
    /// `[count · 16][count · 16]`: how many rows chose both. Zero within a nibble.
    pairs: Vec<f32>,
    /// `[count · 16]`: how many rows chose it.
    counts: Vec<f32>,
    /// `[count · 16][length]`: the sum of the rows that chose it.
    sums: Vec<f32>,
}

impl Together {
    fn count(codes: &[u8], count: usize, rows: &[f32], length: usize) -> Self {
        let all = count * CENTROIDS;
        let (mut pairs, mut counts, mut sums) = (vec![0.0; all * all], vec![0.0; all], vec![0.0; all * length]);
        for m in 0..count {
            for (row, code) in rows.chunks_exact(length).zip(codes.chunks_exact(count)) {
                let own = m * CENTROIDS + usize::from(code[m]);
                counts[own] += 1.0;
                for (sum, x) in sums[own * length..][..length].iter_mut().zip(row) {
                    *sum += x;
                }
                let pairs = &mut pairs[own * all..][..all];
                for (pairs, code) in pairs.as_chunks_mut::<CENTROIDS>().0.iter_mut().zip(code) {
                    pairs[usize::from(code & 15)] += 1.0;
                }
            }
            for k in 0..CENTROIDS {
                pairs[(m * CENTROIDS + k) * all + m * CENTROIDS..][..CENTROIDS].fill(0.0);
            }
        }
        Self { pairs, counts, sums }
    }

    /// Moves the centroids `[count · 16][length]` of one nibble after the other to where, the others given, they explain
    /// the rows best: Gauss–Seidel on the normal equations.
    fn improve(&self, centroids: &mut [f32], held: &[f32], length: usize) {
        let all = self.counts.len();
        let mut others = vec![0.0f32; CENTROIDS * length];
        for first in (0..all).step_by(CENTROIDS) {
            matmul(
                MatMut::from_row_major_slice_mut(&mut others, CENTROIDS, length),
                Accum::Replace,
                MatRef::from_row_major_slice(&self.pairs[first * all..][..CENTROIDS * all], CENTROIDS, all),
                MatRef::from_row_major_slice(centroids, all, length),
                1.0,
                Par::Seq,
            );
            for k in first..first + CENTROIDS {
                let others = &others[(k - first) * length..][..length];
                let (sums, held) = (&self.sums[k * length..][..length], &held[k * length..][..length]);
                let share = 1.0 / (self.counts[k] + HOLD);
                for (j, c) in centroids[k * length..][..length].iter_mut().enumerate() {
                    *c = (sums[j] - others[j] + HOLD * held[j]) * share;
                }
            }
        }
    }
}
