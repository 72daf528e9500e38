//! The float loops, once, in a frozen order of summation. Each instruction set compiles them anew by inlining.

#![allow(clippy::inline_always, reason = "an instruction set compiles a loop anew only where it is inlined")]
#![allow(clippy::needless_range_loop, reason = "loops over lanes read as lanes")]

use super::{CENTROIDS, Nibble};

/// Partial sums per dot product: four 256-bit registers, so that additions need not wait for one another.
const LANES: usize = 32;

/// Rows that share one pass over a tile of the rotation; for a single row, tiles that share one.
const ROWS: usize = 4;

#[inline(always)]
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (whole_a, rest_a) = a.as_chunks::<LANES>();
    let (whole_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in whole_a.iter().zip(whole_b) {
        for l in 0..LANES {
            lanes[l] += term(x[l], y[l]);
        }
    }
    for (l, (x, y)) in rest_a.iter().zip(rest_b).enumerate() {
        lanes[l] += term(*x, *y);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            lanes[l] += lanes[l + width];
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
pub(super) fn dots(query: &[f32], rows: &[f32], out: &mut [f32]) {
    for (row, score) in rows.chunks_exact(query.len()).zip(out) {
        *score = sum_of(query, row, |x, y| x * y);
    }
}

#[inline(always)]
pub(super) fn distances(query: &[f32], rows: &[f32], out: &mut [f32]) {
    for (row, score) in rows.chunks_exact(query.len()).zip(out) {
        *score = sum_of(query, row, |x, y| (x - y) * (x - y));
    }
}

/// `N` rows by `T` tiles of the matrix at a time, so that additions need not wait for one another.
#[inline(always)]
fn rotate_tiles<const N: usize, const T: usize>(
    rows: &[f32],
    dim: usize,
    tiles: &[f32],
    out: &mut [f32],
    columns: usize,
) {
    let mut sums = [[[0.0f32; CENTROIDS]; T]; N];
    for i in 0..dim {
        for t in 0..T {
            let column: &[f32; CENTROIDS] = tiles[(t * dim + i) * CENTROIDS..].first_chunk().expect("a whole column");
            for n in 0..N {
                let x = rows[n * dim + i];
                for l in 0..CENTROIDS {
                    sums[n][t][l] += x * column[l];
                }
            }
        }
    }
    for n in 0..N {
        out[n * columns..][..T * CENTROIDS].copy_from_slice(sums[n].as_flattened());
    }
}

#[inline(always)]
pub(super) fn rotate(rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
    let (columns, size) = (matrix.len() / dim, dim * CENTROIDS);
    let (mut r, n) = (0, rows.len() / dim);
    while r + ROWS <= n {
        for (t, tile) in matrix.chunks_exact(size).enumerate() {
            rotate_tiles::<ROWS, 1>(&rows[r * dim..], dim, tile, &mut out[r * columns + t * CENTROIDS..], columns);
        }
        r += ROWS;
    }
    while r < n {
        let (row, out) = (&rows[r * dim..], &mut out[r * columns..]);
        let (fours, rest) = matrix.split_at(matrix.len() / (ROWS * size) * ROWS * size);
        for (t, tiles) in fours.chunks_exact(ROWS * size).enumerate() {
            rotate_tiles::<1, ROWS>(row, dim, tiles, &mut out[t * ROWS * CENTROIDS..], columns);
        }
        for (t, tile) in rest.chunks_exact(size).enumerate() {
            rotate_tiles::<1, 1>(row, dim, tile, &mut out[fours.len() / dim + t * CENTROIDS..], columns);
        }
        r += 1;
    }
}

#[inline(always)]
pub(super) fn quantise(residuals: &mut [f32], columns: usize, nibble: Nibble<'_>, codes: &mut [u8]) {
    let (centroids, length) = (nibble.centroids.as_chunks::<CENTROIDS>().0, nibble.centroids.len() / CENTROIDS);
    for (row, code) in residuals.chunks_exact_mut(columns).zip(codes) {
        let run = &mut row[nibble.start..nibble.start + length];
        let mut products = [0.0f32; CENTROIDS];
        for (x, column) in run.iter().zip(centroids) {
            for l in 0..CENTROIDS {
                products[l] += x * column[l];
            }
        }
        // |x - c|² less the |x|² that all share.
        let mut nearest = (f32::INFINITY, 0);
        for l in 0..CENTROIDS {
            let distance = nibble.norms[l] - 2.0 * products[l];
            if distance < nearest.0 {
                nearest = (distance, l);
            }
        }
        for (x, column) in run.iter_mut().zip(centroids) {
            *x -= column[nearest.1];
        }
        *code = nearest.1 as u8;
    }
}

#[inline(always)]
pub(super) fn requantise(residuals: &mut [f32], columns: usize, nibble: Nibble<'_>, codes: &mut [u8]) {
    let centroids = nibble.centroids.as_chunks::<CENTROIDS>().0;
    for (row, code) in residuals.chunks_exact_mut(columns).zip(codes.iter()) {
        for (x, column) in row[nibble.start..].iter_mut().zip(centroids) {
            *x += column[usize::from(*code)];
        }
    }
    quantise(residuals, columns, nibble, codes);
}
