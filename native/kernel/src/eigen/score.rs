//! Scoring: a query becomes a table of 16 per nibble, and a row's score is a sum over its nibbles.
//!
//! Scanning sums tables rounded to bytes, which is what wide instructions can look up; the rows that may be among the
//! best are then scored again from the float tables, one nibble after the other. Both are equal on every machine: the
//! first is integer work, the second a float sum in a fixed order.

use super::EigenCodec;
use super::codebook::Span;
use crate::Isa;
use crate::arch::{CENTROIDS, GROUP};
use crate::codec::Rows;
use crate::top_k::TopK;

/// A query's tables, one of 16 per nibble.
pub(crate) struct Tables {
    /// `[2·bytes - 2][16]`
    exact: Vec<f32>,
    /// The same as bytes: `exact ≈ bytes · step`, less each table's least entry.
    bytes: Vec<u8>,
    step: f32,
    /// Sum of the tables' least entries, and `base`.
    bias: f32,
    /// `⟨q, μ⟩`
    base: f32,
    /// `⟨q, q⟩`
    squared: f32,
}

/// Row-major codes `[n][bytes]` as groups of 32 rows, `[⌈n / 32⌉][bytes][32]`, filled up with zeros.
pub(crate) fn interleave(codes: &[u8], bytes: usize) -> Vec<u8> {
    let groups = (codes.len() / bytes).div_ceil(GROUP);
    let mut out = vec![0; groups * bytes * GROUP];
    for (group, rows) in out.chunks_exact_mut(bytes * GROUP).zip(codes.chunks(bytes * GROUP)) {
        for (r, code) in rows.chunks_exact(bytes).enumerate() {
            for (plane, byte) in code.iter().enumerate() {
                group[plane * GROUP + r] = *byte;
            }
        }
    }
    out
}

/// The code of row `index` of interleaved codes.
pub(crate) fn extract(interleaved: &[u8], bytes: usize, index: usize) -> Vec<u8> {
    let group = &interleaved[index / GROUP * bytes * GROUP..][..bytes * GROUP];
    group.iter().skip(index % GROUP).step_by(GROUP).copied().collect()
}

impl EigenCodec {
    pub(crate) fn tables(&self, query: &[f32]) -> Tables {
        let isa = Isa::best();
        let mut coordinates = vec![0.0; self.columns];
        isa.rotate(query, self.dim, &self.plain, &mut coordinates);
        let (mut base, mut squared) = ([0.0], [0.0]);
        isa.dots(query, &self.book.mean, &mut base);
        isa.dots(query, query, &mut squared);

        let mut exact = vec![0.0f32; self.begins.len() * CENTROIDS];
        // A nibble's centroids are a tile, so tables are the query's coordinates times tiles; nibbles of the same span,
        // as refined codebooks have them, make one matrix.
        let mut m = 0;
        for run in self.book.spans.chunk_by(|a, b| a == b) {
            let Span { start, length } = run[0];
            if length > 0 {
                let centroids = &self.plain_centroids[self.begins[m]..][..run.len() * length * CENTROIDS];
                let tables = &mut exact[m * CENTROIDS..][..run.len() * CENTROIDS];
                isa.rotate(&coordinates[start..][..length], length, centroids, tables);
            }
            m += run.len();
        }
        let extremes: Vec<(f32, f32)> = exact
            .as_chunks::<CENTROIDS>()
            .0
            .iter()
            .map(|table| table.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), t| (l.min(*t), h.max(*t))))
            .collect();
        let step = extremes.iter().fold(0.0f32, |widest, (low, high)| widest.max(high - low)) / 255.0;
        let mut bias = base[0];
        let mut bytes = vec![0; exact.len()];
        for ((table, entries), (low, _)) in
            exact.as_chunks::<CENTROIDS>().0.iter().zip(bytes.as_chunks_mut::<CENTROIDS>().0).zip(&extremes)
        {
            bias += low;
            for (byte, entry) in entries.iter_mut().zip(table) {
                *byte = if step > 0.0 { ((entry - low) / step + 0.5) as u8 } else { 0 };
            }
        }
        Tables { exact, bytes, step, bias, base: base[0], squared: squared[0] }
    }

    pub(crate) fn scan(&self, isa: Isa, tables: &Tables, rows: &Rows<'_>, top: &mut TopK) {
        let planes = (self.bytes - 1) * GROUP;
        let mut sums = [0; GROUP];
        for (g, group) in rows.codes.chunks_exact(self.bytes * GROUP).enumerate() {
            let (codes, scales) = group.split_at(planes);
            isa.accumulate(codes, &tables.bytes, &mut sums);
            let first = g * GROUP;
            for (r, (sum, scale)) in sums.iter().zip(scales).take(rows.numbers.len() - first).enumerate() {
                let dot = *sum as f32 * tables.step + tables.bias;
                let score = dot * self.scales[usize::from(*scale)] + self.offsets[usize::from(*scale)];
                rows.offer(first + r, score, top);
            }
        }
    }

    pub(crate) fn score(&self, tables: &Tables, interleaved: &[u8], index: usize) -> f32 {
        let code = extract(interleaved, self.bytes, index);
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
