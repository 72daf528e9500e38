//! 128-bit WebAssembly: one `i8x16.swizzle` looks up 16 rows of one sub-quantiser.
//!
//! A table of 16 bytes is a register, and so are the codes of a lane of a group. Four look-ups of a pair of lines are added as
//! bytes, which `Part` promises not to overflow. Bytes are summed as words, and the odd ones once more alone, as in `avx2`: one
//! instruction less than to widen them. Nibbles are shifted as words too, since x86 has no shift of bytes.
//!
//! A module either has these instructions or does not load, so a build for them needs no test at run time. The relaxed ones, which
//! may round differently from machine to machine, are not used.

#![allow(clippy::inline_always, reason = "sums must stay in registers")]

use std::arch::wasm32::{
    f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, f32x4_sub, i16x8_add, i16x8_load_extend_i8x8, i16x8_shl,
    i16x8_shuffle, i16x8_splat, i16x8_sub, i32x4_add, i32x4_dot_i16x8, i32x4_extend_high_i16x8, i32x4_extend_low_i16x8,
    i32x4_splat, u8x16_add, u8x16_splat, u8x16_swizzle, u16x8_ge, u16x8_max, u16x8_shr, u16x8_splat, v128, v128_and,
    v128_any_true, v128_load,
};

use super::{CENTROIDS, GROUP, Hit, LANES, Line, OCTET, Part, Polar, lanes, portable, report};

/// Products of one pair of nibbles.
const PAIR: usize = CENTROIDS * CENTROIDS;

/// Pairs whose products stay in the first-level cache while all rows pass: 24 KiB.
const TILE: usize = 48;

/// Sixteen sums in four registers.
#[derive(Clone, Copy)]
#[repr(C)]
struct Wide([v128; 4]);

impl lanes::Sums for Wide {
    #[inline(always)]
    fn zero() -> Self {
        Self([f32x4_splat(0.0); 4])
    }

    #[inline(always)]
    fn add_product(mut self, x: f32, column: &[f32; CENTROIDS]) -> Self {
        let x = f32x4_splat(x);
        for (sum, four) in self.0.iter_mut().zip(column.as_chunks::<4>().0) {
            *sum = f32x4_add(*sum, f32x4_mul(x, floats(four)));
        }
        self
    }

    #[inline(always)]
    fn to_array(self) -> [f32; CENTROIDS] {
        // SAFETY: four registers are sixteen floats, first register first.
        unsafe { std::mem::transmute(self) }
    }
}

pub(crate) use portable::extend;

pub(crate) fn dots(query: &[f32], rows: &[f32], out: &mut [f32]) {
    for (row, score) in rows.chunks_exact(query.len()).zip(out) {
        *score = sum_of(query, row, |x, y| f32x4_mul(x, y));
    }
}

pub(crate) fn distances(query: &[f32], rows: &[f32], out: &mut [f32]) {
    let squared = |x, y| {
        let apart = f32x4_sub(x, y);
        f32x4_mul(apart, apart)
    };
    for (row, score) in rows.chunks_exact(query.len()).zip(out) {
        *score = sum_of(query, row, squared);
    }
}

/// The sums of `lanes`: 32 of them in eight registers, the last floats filled up with zeros, and their tree.
#[inline(always)]
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(v128, v128) -> v128 + Copy) -> f32 {
    let mut sums = [f32x4_splat(0.0); 8];
    let add = |sums: &mut [v128; 8], x: &[f32; 32], y: &[f32; 32]| {
        for (sum, (x, y)) in sums.iter_mut().zip(x.as_chunks::<4>().0.iter().zip(y.as_chunks::<4>().0)) {
            *sum = f32x4_add(*sum, term(floats(x), floats(y)));
        }
    };
    let (whole_a, rest_a) = a.as_chunks::<32>();
    let (whole_b, rest_b) = b.as_chunks::<32>();
    for (x, y) in whole_a.iter().zip(whole_b) {
        add(&mut sums, x, y);
    }
    if !rest_a.is_empty() {
        let (mut x, mut y) = ([0.0; 32], [0.0; 32]);
        x[..rest_a.len()].copy_from_slice(rest_a);
        y[..rest_b.len()].copy_from_slice(rest_b);
        add(&mut sums, &x, &y);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    let fours = [f32x4_add(a, e), f32x4_add(b, f), f32x4_add(c, g), f32x4_add(d, h)];
    let four = f32x4_add(f32x4_add(fours[0], fours[2]), f32x4_add(fours[1], fours[3]));
    let (a, b) = (f32x4_extract_lane::<0>(four), f32x4_extract_lane::<1>(four));
    let (c, d) = (f32x4_extract_lane::<2>(four), f32x4_extract_lane::<3>(four));
    (a + c) + (b + d)
}

#[inline(always)]
fn floats(floats: &[f32; 4]) -> v128 {
    // SAFETY: four readable floats, at any alignment.
    unsafe { v128_load(floats.as_ptr().cast()) }
}

pub(crate) fn rotate(rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
    lanes::rotate::<Wide>(rows, dim, matrix, out);
}

pub(crate) fn nearest(rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS], codes: &mut [u8]) {
    lanes::nearest::<Wide>(rows, centroids, norms, codes);
}

pub(crate) fn polar_dots(steps: &[u8], polar: &Polar<'_>, out: &mut [f32; OCTET]) {
    portable::polar_dots(steps, polar, out);
}

pub(crate) fn products(rows: &[i16], centroids: &[i16], out: &mut [i32]) {
    products_of(rows, centroids, words, out);
}

pub(crate) fn byte_products(rows: &[i16], centroids: &[i8], out: &mut [i32]) {
    products_of(rows, centroids, widened, out);
}

#[inline(always)]
fn products_of<C>(rows: &[i16], centroids: &[C], words: impl Fn(&[C; 8]) -> v128, out: &mut [i32]) {
    let pairs = centroids.as_chunks::<{ 2 * CENTROIDS }>().0;
    for (row, out) in rows.chunks_exact(2 * pairs.len()).zip(out.as_chunks_mut::<CENTROIDS>().0) {
        let mut sums = [i32x4_splat(0); 4];
        for (x, pair) in row.as_chunks::<2>().0.iter().zip(pairs) {
            let x = i32x4_splat(i32::from(x[0]) & 0xffff | i32::from(x[1]) << 16);
            for (sum, four) in sums.iter_mut().zip(pair.as_chunks::<8>().0) {
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(x, words(four)));
            }
        }
        *out = numbers(sums);
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
    let mut partial = vec![[i16x8_splat(0); 2]; active.len()];
    for (tile, products) in products.chunks(TILE * PAIR).enumerate() {
        for (row, sums) in active.iter().zip(&mut partial) {
            let nibbles = &codes[*row as usize * count + tile * TILE..][..products.len() / PAIR];
            for (pair, code) in products.as_chunks::<PAIR>().0.iter().zip(nibbles) {
                let row = &pair.as_chunks::<CENTROIDS>().0[usize::from(code & 15)];
                for (sum, eight) in sums.iter_mut().zip(row.as_chunks::<8>().0) {
                    *sum = i16x8_add(*sum, words(eight));
                }
            }
        }
    }
    for ((row, gain), [low, high]) in active.iter().zip(gains).zip(partial) {
        let row = *row as usize;
        let nibbles = &mut codes[row * count..][..count];
        let mut sums = costs.as_chunks::<CENTROIDS>().0[row];
        let products = numbers([
            i32x4_extend_low_i16x8(low),
            i32x4_extend_high_i16x8(low),
            i32x4_extend_low_i16x8(high),
            i32x4_extend_high_i16x8(high),
        ]);
        for (sum, product) in sums.iter_mut().zip(products) {
            *sum += product;
        }
        let least = sums.iter().fold(i32::MAX, |least, sum| least.min(*sum));
        *gain = sums[usize::from(nibbles[m] & 15)] - least;
        nibbles[m] = sums.iter().position(|sum| *sum == least).expect("one of them is the least") as u8;
    }
}

#[inline(always)]
fn widened(bytes: &[i8; 8]) -> v128 {
    // SAFETY: eight readable bytes, at any alignment.
    unsafe { i16x8_load_extend_i8x8(bytes.as_ptr()) }
}

#[inline(always)]
fn words(words: &[i16; 8]) -> v128 {
    // SAFETY: eight readable words, at any alignment.
    unsafe { v128_load(words.as_ptr().cast()) }
}

#[inline(always)]
fn numbers(sums: [v128; 4]) -> [i32; CENTROIDS] {
    // SAFETY: four registers are sixteen numbers, first register first.
    unsafe { std::mem::transmute(sums) }
}

pub(crate) fn scan(parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>) {
    let mut waiting = None;
    for (group, _) in rows.iter().enumerate().filter(|(_, allowed)| **allowed != 0) {
        match waiting.take() {
            None => waiting = Some(group),
            Some(first) => scan_groups(parts, rows, [first, group], floor, hits),
        }
    }
    if let Some(group) = waiting {
        scan_groups(parts, rows, [group, group], floor, hits);
    }
}

/// Sums of the words of a group, and of their odd bytes alone.
type Pending = [v128; 2];

/// Sums and reports two groups, which share each load of tables; twice the same one is reported once. Modules are compiled to be small, so
/// what should stay in registers is written out rather than looped over.
fn scan_groups(parts: &[Part<'_>], rows: &[u16], [a, b]: [usize; 2], floor: u16, hits: &mut Vec<Hit>) {
    let (mut first, mut second) = ([u16x8_splat(0); 2], [u16x8_splat(0); 2]);
    for part in parts {
        let length = part.tables.len();
        let codes = [&part.codes[a * length..][..length], &part.codes[b * length..][..length]];
        let (pairs, last) = part.tables.as_chunks::<2>();
        let lines = codes.map(|codes| codes.as_chunks::<2>().0);
        for (tables, (a, b)) in pairs.iter().zip(lines[0].iter().zip(lines[1])) {
            for lane in 0..LANES {
                add_pair(tables, [a, b], lane, &mut first, &mut second);
            }
        }
        if let [tables] = last {
            let codes = codes.map(|codes| &codes[length - 1]);
            for lane in 0..LANES {
                add_last(tables, codes, lane, &mut first, &mut second);
            }
        }
    }
    report_group(first, a, rows[a], floor, hits);
    if b != a {
        report_group(second, b, rows[b], floor, hits);
    }
}

/// Adds a lane of a pair of lines of two groups.
#[inline(always)]
fn add_pair(
    [upper, lower]: &[[Line; 2]; 2],
    [a, b]: [&[Line; 2]; 2],
    lane: usize,
    first: &mut Pending,
    second: &mut Pending,
) {
    let (upper, lower) = (tables_of(upper, lane), tables_of(lower, lane));
    *first = widen(*first, u8x16_add(look_up(upper, &a[0], lane), look_up(lower, &a[1], lane)));
    *second = widen(*second, u8x16_add(look_up(upper, &b[0], lane), look_up(lower, &b[1], lane)));
}

/// Adds a lane of a line alone of two groups.
#[inline(always)]
fn add_last(tables: &[Line; 2], [a, b]: [&Line; 2], lane: usize, first: &mut Pending, second: &mut Pending) {
    let tables = tables_of(tables, lane);
    *first = widen(*first, look_up(tables, a, lane));
    *second = widen(*second, look_up(tables, b, lane));
}

/// Reports the rows of a group whose sums reach the floor.
fn report_group([words, odd]: Pending, group: usize, rows: u16, floor: u16, hits: &mut Vec<Hit>) {
    let even = i16x8_sub(words, i16x8_shl(odd, 8));
    if v128_any_true(u16x8_ge(u16x8_max(even, odd), u16x8_splat(floor))) {
        let in_order = [
            i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(even, odd),
            i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(even, odd),
        ];
        // SAFETY: two registers are sixteen words, first register first.
        let sums: [u16; GROUP] = unsafe { std::mem::transmute(in_order) };
        report(&sums, group, rows, floor, hits);
    }
}

/// Adds bytes to the sums of words and to those of their odd bytes.
#[inline(always)]
fn widen([words, odd]: Pending, bytes: v128) -> Pending {
    [i16x8_add(words, bytes), i16x8_add(odd, u16x8_shr(bytes, 8))]
}

/// Entries of the low and of the high nibbles of 16 codes, added.
#[inline(always)]
fn look_up([low, high]: [v128; 2], codes: &Line, lane: usize) -> v128 {
    let (codes, nibble) = (load(codes, lane), u8x16_splat(15));
    let low = u8x16_swizzle(low, v128_and(codes, nibble));
    u8x16_add(low, u8x16_swizzle(high, v128_and(u16x8_shr(codes, 4), nibble)))
}

#[inline(always)]
fn tables_of([low, high]: &[Line; 2], lane: usize) -> [v128; 2] {
    [load(low, lane), load(high, lane)]
}

#[inline(always)]
fn load(line: &Line, lane: usize) -> v128 {
    let bytes: &[u8; GROUP] = &line.0.as_chunks().0[lane];
    // SAFETY: 16 readable bytes, at any alignment.
    unsafe { v128_load(bytes.as_ptr().cast()) }
}
