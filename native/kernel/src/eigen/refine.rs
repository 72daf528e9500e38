//! Additive refinement: from block codebooks, whose nibbles see a span of coordinates each, to ones that all see all.
//!
//! Nibble after nibble, each row gets its centroid back, the sixteen centroids move to the means of the rows that chose
//! them, and the rows choose anew: coordinate descent on the weighted error, which no step can raise. A centroid is
//! held to its block codebook as if by `HOLD` more rows, so that small samples stay safe.

use super::{CENTROIDS, Codebook, EigenCodec, Span, squared_lengths};
use crate::Isa;
use crate::arch::Nibble;

/// Rows' worth of trust in the block codebook.
const HOLD: f64 = 8.0;

/// Most passes over all nibbles; more gain nothing on rows that were not fitted on.
const PASSES: usize = 8;

/// Multiplications after which passes stop, however large the sample: some seconds of one core.
const BUDGET: f64 = 3e10;

/// Rows beyond which a larger sample only costs time.
const ROWS: usize = 10_240;

/// Sweeps that encoding makes with a refined codebook.
const SWEEPS: usize = 2;

pub(super) fn refine(book: &mut Codebook, sample: &[f32]) {
    let rank = book.weights.len();
    if rank == 0 {
        return;
    }
    let isa = Isa::best();
    let sample: Vec<f32> = spread(sample, book.dim, ROWS);
    let n = sample.len() / book.dim;

    let codec = EigenCodec::new(book.clone());
    let mut residuals = codec.coordinates(isa, &sample);
    let columns = codec.columns;
    widen(book, rank);
    let size = rank * CENTROIDS;
    let mut codes = vec![vec![0u8; n]; book.spans.len()];
    let coding: Vec<usize> = (0..book.spans.len()).filter(|m| book.spans[*m].length > 0).collect();
    for (place, m) in coding.iter().enumerate() {
        let centroids = &book.centroids[place * size..][..size];
        let nibble = Nibble { start: 0, centroids, norms: &squared_lengths(centroids) };
        isa.quantise(&mut residuals, columns, nibble, &mut codes[*m]);
    }

    let held = book.centroids.clone();
    let passes = (BUDGET / (n * size * coding.len()) as f64).ceil() as usize;
    for _ in 0..passes.min(PASSES) {
        for (place, m) in coding.iter().enumerate() {
            let centroids = &mut book.centroids[place * size..][..size];
            move_to_means(centroids, &held[place * size..][..size], &mut residuals, columns, &codes[*m]);
            let nibble = Nibble { start: 0, centroids, norms: &squared_lengths(centroids) };
            isa.requantise(&mut residuals, columns, nibble, &mut codes[*m]);
        }
    }
    book.sweeps = SWEEPS;
}

/// At most `most` rows, evenly taken.
fn spread(sample: &[f32], dim: usize, most: usize) -> Vec<f32> {
    let n = sample.len() / dim;
    let taken = n.min(most);
    (0..taken).flat_map(|i| &sample[i * n / taken * dim..][..dim]).copied().collect()
}

/// Gives every coding nibble all coordinates, with zeros where it had none.
fn widen(book: &mut Codebook, rank: usize) {
    let mut wide = Vec::new();
    let mut begin = 0;
    for span in book.spans.iter_mut().filter(|span| span.length > 0) {
        let size = span.length * CENTROIDS;
        let at = wide.len() + span.start * CENTROIDS;
        wide.resize(wide.len() + rank * CENTROIDS, 0.0);
        wide[at..at + size].copy_from_slice(&book.centroids[begin..][..size]);
        begin += size;
        *span = Span { start: 0, length: rank };
    }
    book.centroids = wide;
}

/// Moves centroids to the means of their rows, and each row's residual along, so that giving the centroid back still
/// gives the same row.
fn move_to_means(centroids: &mut [f32], held: &[f32], residuals: &mut [f32], columns: usize, codes: &[u8]) {
    // Sums per centroid, each a run of coordinates: [16][columns].
    let mut sums = vec![0.0f64; CENTROIDS * columns];
    let mut counts = [0u32; CENTROIDS];
    for (row, code) in residuals.chunks_exact(columns).zip(codes) {
        counts[usize::from(*code)] += 1;
        for (sum, x) in sums[usize::from(*code) * columns..][..columns].iter_mut().zip(row) {
            *sum += f64::from(*x);
        }
    }
    // What is left of a row has lost its centroid: their mean is the centroid plus the mean of what is left.
    let mut moves = vec![0.0f32; CENTROIDS * columns];
    for (j, (column, held)) in
        centroids.as_chunks_mut::<CENTROIDS>().0.iter_mut().zip(held.as_chunks::<CENTROIDS>().0).enumerate()
    {
        for k in 0..CENTROIDS {
            let count = f64::from(counts[k]);
            let sum = sums[k * columns + j] + count * f64::from(column[k]) + HOLD * f64::from(held[k]);
            let moved = (sum / (count + HOLD)) as f32;
            moves[k * columns + j] = moved - column[k];
            column[k] = moved;
        }
    }
    for (row, code) in residuals.chunks_exact_mut(columns).zip(codes) {
        for (x, shift) in row.iter_mut().zip(&moves[usize::from(*code) * columns..][..columns]) {
            *x -= shift;
        }
    }
}
