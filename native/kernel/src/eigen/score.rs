//! Scoring: a query becomes a table of 16 per nibble, and a row's score is a sum over its nibbles.
//!
//! Scanning sums tables rounded to bytes, which is what wide instructions can look up; the rows that may be among the
//! best are then scored again from the float tables, one nibble after the other. Both are equal on every machine: the
//! first is integer work, the second a float sum in a fixed order.

use super::{EigenCodec, Groups, Scorer, Steps};
use crate::Isa;
use crate::arch::{CENTROIDS, GROUP, Hit, LANES, Line, Part};
use crate::codec::Rows;
use crate::top_k::TopK;

/// Rows looked at under one threshold: while there is none, in the rest of that block, and in later ones, where it rarely moves.
const RUNS: [u32; 3] = [32, 1024, u32::MAX];

/// What four tables that share a budget may sum to before rounding: each of the four may be rounded up by ½.
const BUDGET: f32 = 252.0;

/// Standard deviations above the mean that the far part may add to a row's sum. More find more, and read more; with these, rows that
/// reach the ranking by their far part alone are missed (`bench/README.md` has how many).
const DEVIATIONS: f32 = 2.25;

/// A query's tables, one of 16 per nibble.
pub(crate) struct Tables {
    /// `[2·bytes - 2][16]`
    exact: Vec<f32>,
    /// The same as bytes, near and far, as the scan reads them: `exact ≈ bytes · step`, less each table's least entry.
    bytes: [Vec<[Line; 2]>; 2],
    step: f32,
    /// The most that the far part is expected to add to a sum.
    margin: u32,
    /// Sum of the tables' least entries, and `base`.
    bias: f32,
    /// `⟨q, μ⟩`
    base: f32,
    /// `⟨q, q⟩`
    squared: f32,
}

impl EigenCodec {
    /// The tables of each of `queries` `[n][dim]`, which share each load of the centroids.
    pub(crate) fn tables(&self, queries: &[f32]) -> Vec<Tables> {
        let isa = Isa::best();
        let n = queries.len() / self.dim;
        let Scorer { axes, centroids } = self.scorer();
        let mut coordinates = vec![0.0; n * self.columns];
        let products = axes.products(isa, queries);
        // Centroids are weighted, so what they are multiplied by is weighted inversely.
        for (axis, weight) in self.book.weights.iter().enumerate() {
            for query in 0..n {
                coordinates[query * self.columns + axis] =
                    products[(axis / CENTROIDS * n + query) * CENTROIDS + axis % CENTROIDS] / weight;
            }
        }
        let nibbles = self.begins.len();
        let mut exact = vec![0.0; n * nibbles * CENTROIDS];
        for run in centroids {
            let products = run.products(isa, &run.span.of(&coordinates, self.columns));
            for (i, table) in products.chunks_exact(CENTROIDS).enumerate() {
                exact[(i % n * nibbles + run.first + i / n) * CENTROIDS..][..CENTROIDS].copy_from_slice(table);
            }
        }
        let queries = queries.chunks_exact(self.dim).zip(exact.chunks_exact(nibbles * CENTROIDS));
        queries.map(|(query, exact)| self.tables_of(isa, query, exact.to_vec())).collect()
    }

    fn tables_of(&self, isa: Isa, query: &[f32], exact: Vec<f32>) -> Tables {
        let (mut base, mut squared) = ([0.0], [0.0]);
        isa.dots(query, &self.book.mean, &mut base);
        isa.dots(query, query, &mut squared);
        let (bytes, step, lows) = self.byte_tables(&exact);
        let margin = margin(&bytes[1]);
        Tables { exact, bytes, step, margin, bias: base[0] + lows, base: base[0], squared: squared[0] }
    }

    /// Tables as bytes, near and far, what one of them is worth, and the sum of the entries that became 0.
    fn byte_tables(&self, exact: &[f32]) -> ([Vec<[Line; 2]>; 2], f32, f32) {
        let extremes: Vec<(f32, f32)> = exact
            .as_chunks::<CENTROIDS>()
            .0
            .iter()
            .map(|table| table.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), t| (l.min(*t), h.max(*t))))
            .collect();
        let range = |byte: usize| -> f32 { extremes[2 * byte..][..2].iter().map(|(low, high)| high - low).sum() };
        let mut widest = 0.0f32;
        for part in 0..2 {
            let bytes: Vec<Option<usize>> = self.layout.bytes_of(part).collect();
            for pair in bytes.chunks(2 * LANES) {
                for lane in 0..LANES {
                    let shared = pair.iter().skip(lane).step_by(LANES).flatten().filter(|byte| **byte < self.bytes - 1);
                    widest = widest.max(shared.map(|byte| range(*byte)).sum());
                }
            }
        }
        let step = widest / BUDGET;
        let tables = [0, 1].map(|part| {
            let mut tables = vec![[Line::ZERO; 2]; self.layout.lines()[part]];
            for (p, byte) in self.layout.bytes_of(part).enumerate() {
                // Bytes of scale and of filling are worth nothing.
                let Some(byte) = byte.filter(|byte| *byte < self.bytes - 1) else { continue };
                for (half, tables) in tables[p / LANES].iter_mut().enumerate() {
                    let nibble = 2 * byte + half;
                    let (low, _) = extremes[nibble];
                    let entries = &exact[nibble * CENTROIDS..][..CENTROIDS];
                    for (byte, entry) in tables.0[p % LANES * GROUP..][..GROUP].iter_mut().zip(entries) {
                        *byte = if step > 0.0 { ((entry - low) / step + 0.5) as u8 } else { 0 };
                    }
                }
            }
            tables
        });
        (tables, step, extremes.iter().map(|(low, _)| low).sum())
    }

    /// What `tables` takes, in multiplications of floats from memory.
    pub(crate) fn tables_cost(&self) -> usize {
        let Scorer { axes, centroids } = self.scorer();
        (axes.bytes() + centroids.iter().map(Steps::bytes).sum::<usize>()) / 4
    }

    pub(crate) fn arrange(&self, codes: &[u8]) -> Groups {
        self.layout.arrange(codes)
    }

    pub(crate) fn extract(&self, groups: &Groups, index: usize) -> Vec<u8> {
        let mut code = vec![0; self.bytes];
        self.layout.extract(groups, index, &mut code);
        code
    }

    /// The score that a sum of byte entries stands for. It grows with the sum, in floats too.
    fn estimate(&self, tables: &Tables, sum: u32, scale: u8) -> f32 {
        let dot = sum as f32 * tables.step + tables.bias;
        dot * self.scales[usize::from(scale)] + self.offsets[usize::from(scale)]
    }

    /// The least sum with which a row can reach a score, whatever its scale between two: scores of one sum rise or fall with
    /// the scale, so the two bound the others. None, if no sum can.
    fn floor(&self, tables: &Tables, scales: [u8; 2], score: f32) -> Option<u16> {
        let reaches = |sum: u32| scales.iter().any(|scale| self.estimate(tables, sum, *scale) >= score);
        let (mut low, mut high) = (0, u32::from(u16::MAX) + 1);
        // Arithmetic says nearly where; floats round.
        for scale in scales.map(usize::from) {
            let sum = ((score - self.offsets[scale]) / self.scales[scale] - tables.bias) / tables.step;
            let near = [(sum - 4.0) as u32, (sum + 4.0) as u32].map(|sum| sum.clamp(low, high));
            if reaches(near[0]) {
                high = near[0];
            } else if reaches(near[1]) {
                (low, high) = (near[0] + 1, near[1]);
            } else {
                low = (near[1] + 1).min(high);
            }
        }
        while low < high {
            let middle = u32::midpoint(low, high);
            if reaches(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        u16::try_from(low).ok()
    }

    /// Offers the rows of a block by the sums of their byte entries.
    pub(crate) fn scan(
        &self,
        isa: Isa,
        tables: &Tables,
        groups: &Groups,
        rows: &Rows<'_>,
        hits: &mut Vec<Hit>,
        top: &mut TopK,
    ) {
        let lines = self.layout.lines();
        let unknown = |top: &TopK| usize::from(top.threshold() == f32::NEG_INFINITY);
        let (mut start, first) = (0, unknown(top));
        let mut known = (f32::NEG_INFINITY, 0);
        while start < rows.allowed.len() {
            let end = start + run_of(&rows.allowed[start..], RUNS[2 - first - unknown(top)]);
            if top.threshold() > known.0 {
                let Some(floor) = self.floor(tables, groups.scales, top.threshold()) else { return };
                known = (top.threshold(), floor);
            }
            let floor = known.1;
            let part = |part: usize| Part {
                codes: &groups.parts[part][start * lines[part]..end * lines[part]],
                tables: &tables.bytes[part],
            };
            let allowed = &rows.allowed[start..end];
            hits.clear();
            let estimate = |row: u32, sum: u32| {
                self.estimate(tables, sum, self.layout.scale(groups, start * GROUP + row as usize))
            };
            if rows.progressive && lines[1] > 0 {
                let near_floor = u32::from(floor).saturating_sub(tables.margin) as u16;
                isa.scan(&[part(0)], allowed, near_floor, hits);
                hits.retain(|hit| estimate(hit.row, hit.sum + tables.margin) >= top.threshold());
                let found = hits.len();
                hits.extend_from_within(..);
                let (near, whole) = hits.split_at_mut(found);
                isa.extend(&part(1), whole);
                for (near, whole) in near.iter().zip(whole) {
                    let sum = whole.sum.min(near.sum + tables.margin);
                    if sum >= u32::from(floor) {
                        rows.offer(start * GROUP + near.row as usize, estimate(near.row, sum), top);
                    }
                }
            } else {
                isa.scan(&[part(0), part(1)], allowed, floor, hits);
                for hit in &*hits {
                    rows.offer(start * GROUP + hit.row as usize, estimate(hit.row, hit.sum), top);
                }
            }
            start = end;
        }
    }

    pub(crate) fn score(&self, tables: &Tables, groups: &Groups, index: usize) -> f32 {
        let mut code = [0; *super::codebook::BYTES.end()];
        let code = &mut code[..self.bytes];
        self.layout.extract(groups, index, code);
        let (nibbles, scale) = code.split_at(self.bytes - 1);
        let mut dot = tables.base;
        for (pair, byte) in tables.exact.as_chunks::<{ 2 * CENTROIDS }>().0.iter().zip(nibbles) {
            dot += pair[usize::from(byte & 15)];
            dot += pair[CENTROIDS + usize::from(byte >> 4)];
        }
        let scale = usize::from(scale[0]);
        self.metric.finish(dot * self.scales[scale] + self.offsets[scale], tables.squared)
    }
}

/// How many groups it takes to look at `count` rows or more.
fn run_of(allowed: &[u16], count: u32) -> usize {
    if count == u32::MAX {
        return allowed.len();
    }
    let mut rows = 0;
    let enough = |bits: &u16| {
        rows += bits.count_ones();
        rows >= count
    };
    allowed.iter().position(enough).map_or(allowed.len(), |last| last + 1)
}

/// What sums over tables reach at most: their mean and some standard deviations, were each entry as likely as another. A sum over
/// many tables is nearly normal.
fn margin(tables: &[[Line; 2]]) -> u32 {
    let (mut mean, mut variance) = (0.0, 0.0);
    for table in tables.iter().flatten().flat_map(|line| line.0.as_chunks::<CENTROIDS>().0) {
        let sum: f32 = table.iter().map(|entry| f32::from(*entry)).sum();
        let squares: f32 = table.iter().map(|entry| f32::from(*entry).powi(2)).sum();
        mean += sum / 16.0;
        variance += squares / 16.0 - (sum / 16.0) * (sum / 16.0);
    }
    (mean + DEVIATIONS * variance.sqrt()).ceil() as u32
}
