//! The reference: plain Rust that any machine runs. Every other instruction set must equal it to the bit.

use super::{CENTROIDS, GROUP, Hit, LANES, Line, OCTET, Part, Polar, group_of, lanes, report};

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

/// Eight sums in an array.
#[derive(Clone, Copy)]
struct Eight([f32; OCTET]);

impl lanes::Octet for Eight {
    fn of(values: [f32; OCTET]) -> Self {
        Self(values)
    }

    fn on_line([first, step]: [f32; 2], levels: [u16; OCTET]) -> Self {
        Self(levels.map(|level| first + step * f32::from(level)))
    }

    fn add_terms(self, magnitudes: Self, bins: [&[f32; 2]; OCTET], phases: [&[f32; 2]; OCTET]) -> Self {
        Self(std::array::from_fn(|l| {
            let ([re, im], [cos, sin]) = (bins[l], phases[l]);
            self.0[l] + magnitudes.0[l] * (re * cos + im * sin)
        }))
    }

    fn to_array(self) -> [f32; OCTET] {
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

pub(crate) fn nearest(rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS], codes: &mut [u8]) {
    lanes::nearest::<Plain>(rows, centroids, norms, codes);
}

pub(crate) fn products(rows: &[i16], centroids: &[i16], out: &mut [i32]) {
    products_of(rows, centroids, out);
}

pub(crate) fn byte_products(rows: &[i16], centroids: &[i8], out: &mut [i32]) {
    products_of(rows, centroids, out);
}

fn products_of<C: Copy + Into<i32>>(rows: &[i16], centroids: &[C], out: &mut [i32]) {
    let tile = centroids.as_chunks::<{ 2 * CENTROIDS }>().0;
    for (row, out) in rows.chunks_exact(2 * tile.len()).zip(out.as_chunks_mut::<CENTROIDS>().0) {
        *out = [0; CENTROIDS];
        for (x, tile) in row.as_chunks::<2>().0.iter().zip(tile) {
            for (sum, c) in out.iter_mut().zip(tile.as_chunks::<2>().0) {
                *sum += i32::from(x[0]) * c[0].into() + i32::from(x[1]) * c[1].into();
            }
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "see Isa::choose")]
pub(crate) fn choose(
    products: &[i16],
    costs: &[i32],
    codes: &mut [u8],
    count: usize,
    m: usize,
    active: &[u32],
    gains: &mut [i32],
) {
    for (row, gain) in active.iter().zip(gains) {
        let row = *row as usize;
        let nibbles = &mut codes[row * count..][..count];
        let mut sums: [i32; CENTROIDS] = costs.as_chunks().0[row];
        for (pair, code) in products.as_chunks::<{ CENTROIDS * CENTROIDS }>().0.iter().zip(nibbles.iter()) {
            let products = &pair.as_chunks::<CENTROIDS>().0[usize::from(code & 15)];
            for (sum, product) in sums.iter_mut().zip(products) {
                *sum += i32::from(*product);
            }
        }
        let least = (0..CENTROIDS).fold(0, |least, k| if sums[k] < sums[least] { k } else { least });
        *gain = sums[usize::from(nibbles[m] & 15)] - sums[least];
        nibbles[m] = least as u8;
    }
}

pub(crate) fn scan(parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>) {
    for (group, allowed) in rows.iter().enumerate().filter(|(_, allowed)| **allowed != 0) {
        let mut sums = [0; GROUP];
        for part in parts {
            add_lines(part, group, &mut sums);
        }
        report(&sums, group, *allowed, floor, hits);
    }
}

fn add_lines(part: &Part<'_>, group: usize, sums: &mut [u16; GROUP]) {
    let lines = &part.codes[group * part.tables.len()..][..part.tables.len()];
    for (line, [low, high]) in lines.iter().zip(part.tables) {
        for lane in 0..LANES {
            let of = |line: &Line| -> [u8; GROUP] { line.0.as_chunks().0[lane] };
            let (codes, low, high) = (of(line), of(low), of(high));
            for (sum, code) in sums.iter_mut().zip(codes) {
                *sum += u16::from(low[usize::from(code & 15)]) + u16::from(high[usize::from(code >> 4)]);
            }
        }
    }
}

pub(crate) fn extend(part: &Part<'_>, hits: &mut [Hit]) {
    for hit in hits {
        let (group, r) = (group_of(*hit), hit.row as usize % GROUP);
        let lines = &part.codes[group * part.tables.len()..][..part.tables.len()];
        for (line, [low, high]) in lines.iter().zip(part.tables) {
            for lane in (0..LANES * GROUP).step_by(GROUP) {
                let code = usize::from(line.0[lane + r]);
                hit.sum += u32::from(low.0[lane + code % CENTROIDS]) + u32::from(high.0[lane + code / CENTROIDS]);
            }
        }
    }
}

pub(crate) fn polar_dots(steps: &[u8], polar: &Polar<'_>, out: &mut [f32; OCTET]) {
    lanes::polar_dots::<Eight>(steps, polar, out);
}
