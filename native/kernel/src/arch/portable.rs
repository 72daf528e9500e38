//! The reference: plain Rust that any machine runs. Every other instruction set must equal it to the bit.

use super::{CENTROIDS, GROUP, Nibble, lanes};

/// Sixteen sums in an array.
#[derive(Clone, Copy)]
struct Plain([f32; CENTROIDS]);

impl lanes::Sums for Plain {
    fn zero() -> Self {
        Self([0.0; CENTROIDS])
    }

    fn add_product(mut self, x: f32, column: &[f32; CENTROIDS]) -> Self {
        for (sum, c) in self.0.iter_mut().zip(column) {
            *sum += x * c;
        }
        self
    }

    fn to_array(self) -> [f32; CENTROIDS] {
        self.0
    }
}

pub(crate) fn dots(query: &[f32], rows: &[f32], out: &mut [f32]) {
    lanes::dots(query, rows, out);
}

pub(crate) fn distances(query: &[f32], rows: &[f32], out: &mut [f32]) {
    lanes::distances(query, rows, out);
}

pub(crate) fn rotate(rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
    lanes::rotate::<Plain>(rows, dim, matrix, out);
}

pub(crate) fn quantise(residuals: &mut [f32], columns: usize, nibble: Nibble<'_>, codes: &mut [u8]) {
    lanes::quantise::<Plain>(residuals, columns, nibble, codes);
}

pub(crate) fn requantise(residuals: &mut [f32], columns: usize, nibble: Nibble<'_>, codes: &mut [u8]) {
    lanes::requantise::<Plain>(residuals, columns, nibble, codes);
}

pub(crate) fn accumulate(group: &[u8], tables: &[u8], sums: &mut [u32; GROUP]) {
    *sums = [0; GROUP];
    for (plane, pair) in group.as_chunks::<GROUP>().0.iter().zip(tables.as_chunks::<{ 2 * CENTROIDS }>().0) {
        for (sum, code) in sums.iter_mut().zip(plane) {
            let low = pair[usize::from(code & 15)];
            let high = pair[CENTROIDS + usize::from(code >> 4)];
            *sum += u32::from(low) + u32::from(high);
        }
    }
}
