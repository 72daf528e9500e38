//! The reference: plain Rust that any machine runs. Every other instruction set must equal it to the bit.

use super::{CENTROIDS, GROUP, Nibble, lanes};

pub(crate) fn dots(query: &[f32], rows: &[f32], out: &mut [f32]) {
    lanes::dots(query, rows, out);
}

pub(crate) fn distances(query: &[f32], rows: &[f32], out: &mut [f32]) {
    lanes::distances(query, rows, out);
}

pub(crate) fn rotate(rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
    lanes::rotate(rows, dim, matrix, out);
}

pub(crate) fn quantise(residuals: &mut [f32], columns: usize, nibble: Nibble<'_>, codes: &mut [u8]) {
    lanes::quantise(residuals, columns, nibble, codes);
}

pub(crate) fn requantise(residuals: &mut [f32], columns: usize, nibble: Nibble<'_>, codes: &mut [u8]) {
    lanes::requantise(residuals, columns, nibble, codes);
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
