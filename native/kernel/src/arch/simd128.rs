//! 128-bit WebAssembly: one `i8x16.swizzle` looks up 16 rows of one sub-quantiser.
//!
//! A table of 16 bytes is a register, and so are the codes of a lane of a group. Four look-ups of a pair of lines are added as
//! bytes, which `Part` promises not to overflow, and then widened into the sums of eight rows a register.
//!
//! A module either has these instructions or does not load, so a build for them needs no test at run time. The relaxed ones, which
//! may round differently from machine to machine, are not used.

#![allow(clippy::inline_always, reason = "sums must stay in registers")]

use std::arch::wasm32::{
    f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, f32x4_sub, i16x8_add, i16x8_splat, i32x4_add,
    i32x4_dot_i16x8, i32x4_extend_high_i16x8, i32x4_extend_low_i16x8, i32x4_splat, u8x16_add, u8x16_shr, u8x16_splat,
    u8x16_swizzle, u16x8_extend_high_u8x16, u16x8_extend_low_u8x16, u16x8_ge, u16x8_max, u16x8_splat, v128, v128_and,
    v128_any_true, v128_load,
};

use super::{CENTROIDS, GROUP, Hit, LANES, Line, OCTET, Part, Polar, lanes, portable, report};

/// Products of one pair of nibbles.
const PAIR: usize = CENTROIDS * CENTROIDS;

/// Groups that share a load of tables.
const GROUPS: usize = 2;

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
    let (mut waiting, mut count) = ([0; GROUPS], 0);
    for (group, _) in rows.iter().enumerate().filter(|(_, allowed)| **allowed != 0) {
        waiting[count] = group;
        count += 1;
        if count == GROUPS {
            scan_groups(parts, rows, waiting, floor, hits);
            count = 0;
        }
    }
    for group in &waiting[..count] {
        scan_groups(parts, rows, [*group], floor, hits);
    }
}

/// Sums and reports `N` groups, which share each load of tables.
fn scan_groups<const N: usize>(parts: &[Part<'_>], rows: &[u16], groups: [usize; N], floor: u16, hits: &mut Vec<Hit>) {
    let mut sums = [[u16x8_splat(0); 2]; N];
    for part in parts {
        let length = part.tables.len();
        let codes: [&[Line]; N] = groups.map(|group| &part.codes[group * length..][..length]);
        let (pairs, last) = part.tables.as_chunks::<2>();
        for (i, [first, second]) in pairs.iter().enumerate() {
            for lane in 0..LANES {
                let (first, second) = (tables_of(first, lane), tables_of(second, lane));
                for (sums, codes) in sums.iter_mut().zip(&codes) {
                    let (a, b) = (look_up(first, &codes[2 * i], lane), look_up(second, &codes[2 * i + 1], lane));
                    *sums = widen(*sums, u8x16_add(a, b));
                }
            }
        }
        for tables in last {
            for lane in 0..LANES {
                for (sums, codes) in sums.iter_mut().zip(&codes) {
                    *sums = widen(*sums, look_up(tables_of(tables, lane), &codes[length - 1], lane));
                }
            }
        }
    }
    for (group, sums) in groups.into_iter().zip(sums) {
        if v128_any_true(u16x8_ge(u16x8_max(sums[0], sums[1]), u16x8_splat(floor))) {
            // SAFETY: two registers are sixteen words, first register first.
            let sums: [u16; GROUP] = unsafe { std::mem::transmute(sums) };
            report(&sums, group, rows[group], floor, hits);
        }
    }
}

#[inline(always)]
fn widen([low, high]: [v128; 2], bytes: v128) -> [v128; 2] {
    [i16x8_add(low, u16x8_extend_low_u8x16(bytes)), i16x8_add(high, u16x8_extend_high_u8x16(bytes))]
}

/// Entries of the low and of the high nibbles of 16 codes, added.
#[inline(always)]
fn look_up([low, high]: [v128; 2], codes: &Line, lane: usize) -> v128 {
    let codes = load(codes, lane);
    u8x16_add(u8x16_swizzle(low, v128_and(codes, u8x16_splat(15))), u8x16_swizzle(high, u8x16_shr(codes, 4)))
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
