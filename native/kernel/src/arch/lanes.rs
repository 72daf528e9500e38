//! The float loops, once, in a frozen order of summation. Each instruction set compiles them anew by inlining.

#![allow(clippy::inline_always, reason = "an instruction set compiles a loop anew only where it is inlined")]
#![allow(clippy::needless_range_loop, reason = "loops over lanes read as lanes")]

use super::{CENTROIDS, OCTET, Polar};

/// Partial sums per dot product: four 256-bit registers, so that additions need not wait for one another.
const LANES: usize = 32;

/// Rows that share one pass over a tile of the rotation or over centroids; for a single row, tiles that share one.
const ROWS: usize = 4;

/// Adds the upper half of the lanes to the lower one. Every index is a constant, or compilers would leave lanes in memory.
#[inline(always)]
fn halved<const N: usize, const HALF: usize>(lanes: [f32; N]) -> [f32; HALF] {
    std::array::from_fn(|l| lanes[l] + lanes[l + HALF])
}

#[inline(always)]
fn add_terms(lanes: &mut [f32; LANES], x: &[f32; LANES], y: &[f32; LANES], term: impl Fn(f32, f32) -> f32) {
    for l in 0..LANES {
        lanes[l] += term(x[l], y[l]);
    }
}

/// Terms of two zeros must be 0: the last lanes are filled up with them, which changes no sum, as a lane is never -0.
#[inline(always)]
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32 + Copy) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (whole_a, rest_a) = a.as_chunks::<LANES>();
    let (whole_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in whole_a.iter().zip(whole_b) {
        add_terms(&mut lanes, x, y, term);
    }
    if !rest_a.is_empty() {
        let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
        x[..rest_a.len()].copy_from_slice(rest_a);
        y[..rest_b.len()].copy_from_slice(rest_b);
        add_terms(&mut lanes, &x, &y, term);
    }
    halved::<2, 1>(halved::<4, 2>(halved::<8, 4>(halved::<16, 8>(halved::<LANES, 16>(lanes)))))[0]
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

/// Sixteen sums side by side. A trait, because compilers leave arrays of arrays in memory, where registers would do.
pub(super) trait Sums: Copy {
    fn zero() -> Self;
    /// Adds `x · column`, each product rounded before it is added.
    fn add_product(self, x: f32, column: &[f32; CENTROIDS]) -> Self;
    fn to_array(self) -> [f32; CENTROIDS];
}

/// `N` rows by `T` tiles of the matrix at a time, so that additions need not wait for one another.
#[inline(always)]
fn rotate_tiles<S: Sums, const N: usize, const T: usize>(
    rows: &[f32],
    dim: usize,
    tiles: &[f32],
    out: &mut [f32],
    columns: usize,
) {
    let rows: [&[f32]; N] = std::array::from_fn(|n| &rows[n * dim..][..dim]);
    let tiles: [&[[f32; CENTROIDS]]; T] =
        std::array::from_fn(|t| &tiles[t * dim * CENTROIDS..][..dim * CENTROIDS].as_chunks::<CENTROIDS>().0[..dim]);
    let mut sums = [[S::zero(); T]; N];
    for i in 0..dim {
        for (n, row) in rows.iter().enumerate() {
            for (t, tile) in tiles.iter().enumerate() {
                sums[n][t] = sums[n][t].add_product(row[i], &tile[i]);
            }
        }
    }
    for (n, sums) in sums.iter().enumerate() {
        for (sum, out) in sums.iter().zip(out[n * columns..].as_chunks_mut::<CENTROIDS>().0) {
            *out = sum.to_array();
        }
    }
}

#[inline(always)]
pub(super) fn rotate<S: Sums>(rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
    let (columns, size) = (matrix.len() / dim, dim * CENTROIDS);
    let (mut r, n) = (0, rows.len() / dim);
    while r + ROWS <= n {
        for (t, tile) in matrix.chunks_exact(size).enumerate() {
            rotate_tiles::<S, ROWS, 1>(&rows[r * dim..], dim, tile, &mut out[r * columns + t * CENTROIDS..], columns);
        }
        r += ROWS;
    }
    while r < n {
        let (row, out) = (&rows[r * dim..], &mut out[r * columns..]);
        let (fours, rest) = matrix.split_at(matrix.len() / (ROWS * size) * ROWS * size);
        for (t, tiles) in fours.chunks_exact(ROWS * size).enumerate() {
            rotate_tiles::<S, 1, ROWS>(row, dim, tiles, &mut out[t * ROWS * CENTROIDS..], columns);
        }
        for (t, tile) in rest.chunks_exact(size).enumerate() {
            rotate_tiles::<S, 1, 1>(row, dim, tile, &mut out[fours.len() / dim + t * CENTROIDS..], columns);
        }
        r += 1;
    }
}

/// The nearest centroids of `N` rows, which share each load of a centroid's components.
#[inline(always)]
fn nearest_of<S: Sums, const N: usize>(rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS]) -> [u8; N] {
    let centroids = centroids.as_chunks::<CENTROIDS>().0;
    let rows: [&[f32]; N] = std::array::from_fn(|n| &rows[n * centroids.len()..][..centroids.len()]);
    let mut products = [S::zero(); N];
    for (j, column) in centroids.iter().enumerate() {
        for (product, row) in products.iter_mut().zip(&rows) {
            *product = product.add_product(row[j], column);
        }
    }
    products.map(|products| {
        // |x - c|² less the |x|² that all share.
        let mut nearest = (f32::INFINITY, 0);
        for (l, product) in products.to_array().iter().enumerate() {
            let distance = norms[l] - 2.0 * product;
            if distance < nearest.0 {
                nearest = (distance, l);
            }
        }
        nearest.1 as u8
    })
}

#[inline(always)]
pub(super) fn nearest<S: Sums>(rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS], codes: &mut [u8]) {
    let length = centroids.len() / CENTROIDS;
    for (rows, codes) in rows.chunks(ROWS * length).zip(codes.chunks_mut(ROWS)) {
        if codes.len() == ROWS {
            codes.copy_from_slice(&nearest_of::<S, ROWS>(rows, centroids, norms));
        } else {
            for (row, code) in rows.chunks_exact(length).zip(codes.iter_mut()) {
                *code = nearest_of::<S, 1>(row, centroids, norms)[0];
            }
        }
    }
}

/// Eight floats side by side, one a row.
pub(super) trait Octet: Copy {
    fn of(values: [f32; OCTET]) -> Self;
    /// `first + step · level`, the product rounded before it is added.
    fn on_line(line: [f32; 2], levels: [u16; OCTET]) -> Self;
    /// Adds `magnitude · (re · cos + im · sin)`, every product and sum rounded.
    fn add_terms(self, magnitudes: Self, bins: [&[f32; 2]; OCTET], phases: [&[f32; 2]; OCTET]) -> Self;
    fn to_array(self) -> [f32; OCTET];
}

/// The eight fields of one kind at the start of `bytes`.
#[inline(always)]
fn fields(bytes: &[u8], width: usize) -> [u16; OCTET] {
    if width == 1 {
        let bytes: &[u8; OCTET] = bytes.first_chunk().expect("eight bytes");
        std::array::from_fn(|l| u16::from(bytes[l]))
    } else {
        let bytes: &[u8; 2 * OCTET] = bytes.first_chunk().expect("eight words");
        std::array::from_fn(|l| u16::from_le_bytes([bytes[2 * l], bytes[2 * l + 1]]))
    }
}

/// Entries of a table whose length is a power of two, so that no index needs to be checked.
#[inline(always)]
fn entries<T>(table: &[T], indices: [u16; OCTET]) -> [&T; OCTET] {
    std::array::from_fn(|l| &table[usize::from(indices[l]) & (table.len() - 1)])
}

#[inline(always)]
fn polar_steps<S: Octet>(steps: &[u8], polar: Polar<'_>, magnitudes: impl Fn([u16; OCTET]) -> S) -> S {
    let [index, magnitude, phase] = polar.widths;
    let mut sums = S::of([0.0; OCTET]);
    for step in steps.chunks_exact(OCTET * (index + magnitude + phase)) {
        let (indices, rest) = step.split_at(OCTET * index);
        let (levels, phases) = rest.split_at(OCTET * magnitude);
        let (bins, phases) = (fields(indices, index), fields(phases, phase));
        let (bins, phases) = (entries(polar.bins, bins), entries(polar.phases, phases));
        sums = sums.add_terms(magnitudes(fields(levels, magnitude)), bins, phases);
    }
    sums
}

#[inline(always)]
fn polar_sums<S: Octet>(steps: &[u8], polar: Polar<'_>) -> S {
    match polar.line {
        Some(line) => polar_steps(steps, polar, |levels| S::on_line(line, levels)),
        None => polar_steps(steps, polar, |levels| S::of(entries(polar.magnitudes, levels).map(|level| *level))),
    }
}

#[inline(always)]
pub(super) fn polar_dots<S: Octet>(steps: &[u8], polar: &Polar<'_>, out: &mut [f32; OCTET]) {
    let Polar { widths, bins, magnitudes, line, phases } = *polar;
    let tables: (Option<&[f32; 256]>, Option<&[[f32; 2]; 256]>) = (magnitudes.first_chunk(), phases.first_chunk());
    // The same loop, compiled for what most codecs have: bytes index tables of 256 without a mask.
    let sums: S = match (widths, tables, bins.first_chunk::<256>()) {
        ([1, 1, 1], (Some(magnitudes), Some(phases)), Some(bins)) => {
            polar_sums(steps, Polar { widths: [1, 1, 1], bins, magnitudes, line, phases })
        }
        ([2, 1, 1], (Some(magnitudes), Some(phases)), _) => {
            polar_sums(steps, Polar { widths: [2, 1, 1], bins, magnitudes, line, phases })
        }
        _ => polar_sums(steps, *polar),
    };
    *out = sums.to_array();
}
