//! 512-bit x86 with VBMI, VNNI and GFNI (Ice Lake, Zen 4 and later): one register is a whole line, so one `vpshufb` looks up four
//! lanes of 16 rows, each in a table of its own. Everything but the cold scan and a query's tables runs as AVX2.
//!
//! Four look-ups are added as bytes; `vpermb` brings the four lanes of a row together, and `vpdpbusd` adds them to the row's
//! 32-bit sum. Two groups pass together and share the loads of tables.
//!
//! | instruction | for | per 16 rows × 16 nibbles (two lines) |
//! |---|---|---|
//! | `vmovdqa64` | load codes; half of the four tables | 2 + 2 |
//! | `vpandq`, `vgf2p8affineqb` | split nibbles | 4 |
//! | `vpshufb` | look up | 4 |
//! | `vpaddb` | add four look-ups | 3 |
//! | `vpermb`, `vpdpbusd` | sum over lanes | 2 |
//!
//! **No overflow.** Bytes: a pair of lines has tables whose largest entries sum to 255 at most for each lane
//! ([`Part::tables`]). The sums of 32 bits are far from full: a row's is 65,280 at most.

#![allow(clippy::unused_self, reason = "the token is the proof that makes the call sound")]

use std::arch::x86_64::{
    __m512i, _mm256_loadu_si256, _mm512_add_epi8, _mm512_add_epi32, _mm512_and_si512, _mm512_cmpge_epu32_mask,
    _mm512_cvtepi8_epi16, _mm512_dpbusd_epi32, _mm512_dpwssd_epi32, _mm512_gf2p8affine_epi64_epi8, _mm512_loadu_si512,
    _mm512_permutexvar_epi8, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_shuffle_epi8,
};
use std::ops::Deref;

use super::avx2::{AHEAD, Avx2, Wanted, lines_of, next_runs, prefetch};
use super::{CENTROIDS, GROUP, Hit, LANES, Line, Part};

/// Groups that share the loads of tables. Four take turns in so many lines that the processor foresees few of them: from memory
/// they took 1.7 times as long.
const TOGETHER: usize = 2;

/// Sums of products that take turns, so that an addition need not wait for the one before.
const CHAINS: usize = 4;

/// Where byte 4 r + l of a row-by-row line comes from.
const BY_ROW: Line = {
    let mut line = Line::ZERO;
    let mut i = 0;
    while i < LANES * GROUP {
        line.0[i] = (i % LANES * GROUP + i / LANES) as u8;
        i += 1;
    }
    line
};

/// The bit matrix of a shift by four to the right.
const HIGH_NIBBLE: i64 = 0x1020_4080_0000_0000_u64.cast_signed();

/// Proof that this machine has these instructions: only [`Avx512::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(Avx2);

impl Deref for Avx512 {
    type Target = Avx2;

    fn deref(&self) -> &Avx2 {
        &self.0
    }
}

impl Avx512 {
    /// A token, if the processor and the operating system have AVX-512 with VBMI, VNNI and GFNI.
    pub fn detect() -> Option<Self> {
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("gfni");
        if wide { Avx2::detect().map(Self) } else { None }
    }

    pub(crate) fn byte_products(self, rows: &[i16], centroids: &[i8], out: &mut [i32]) {
        // SAFETY: the token proves the instructions.
        unsafe { byte_products(rows, centroids, out) }
    }

    pub(crate) fn scan(self, parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>) {
        // SAFETY: the token proves the instructions.
        unsafe { scan(parts, rows, floor, hits, self.0.expected) }
    }

    pub(crate) fn extend(self, part: &Part<'_>, hits: &mut [Hit]) {
        // SAFETY: the token proves the instructions.
        unsafe { extend(part, hits) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni,gfni")]
fn byte_products(rows: &[i16], centroids: &[i8], out: &mut [i32]) {
    let pairs = centroids.as_chunks::<{ 2 * CENTROIDS }>().0;
    let (fours, rest) = pairs.as_chunks::<CHAINS>();
    for (row, out) in rows.chunks_exact(2 * pairs.len()).zip(out.as_chunks_mut::<CENTROIDS>().0) {
        let (row_fours, row_rest) = row.as_chunks::<{ 2 * CHAINS }>();
        let mut sums = [_mm512_setzero_si512(); CHAINS];
        for (x, pairs) in row_fours.iter().zip(fours) {
            for ((sum, x), pair) in sums.iter_mut().zip(x.as_chunks::<2>().0).zip(pairs) {
                *sum = _mm512_dpwssd_epi32(*sum, both(*x), widened(pair));
            }
        }
        for ((sum, x), pair) in sums.iter_mut().zip(row_rest.as_chunks::<2>().0).zip(rest) {
            *sum = _mm512_dpwssd_epi32(*sum, both(*x), widened(pair));
        }
        let [a, b, c, d] = sums;
        let sum = numbers(_mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d)));
        *out = sum.map(u32::cast_signed);
    }
}

/// A pair of components, sixteen times.
#[inline]
#[target_feature(enable = "avx512f")]
fn both([first, second]: [i16; 2]) -> __m512i {
    _mm512_set1_epi32(i32::from(first) & 0xffff | i32::from(second) << 16)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn widened(bytes: &[i8; 2 * CENTROIDS]) -> __m512i {
    // SAFETY: 32 readable bytes, at any alignment.
    _mm512_cvtepi8_epi16(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni,gfni")]
fn scan(parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>, expected: usize) {
    let floors = _mm512_set1_epi32(i32::from(floor));
    for first in (0..rows.len()).step_by(Wanted::MANY) {
        let wanted = Wanted::of(rows, first);
        for i in (0..wanted.count).step_by(TOGETHER) {
            let (groups, bits) = wanted.at(i, first);
            prefetch(parts, groups, wanted.at(i + AHEAD, first).0, expected);
            let mut sums = [_mm512_setzero_si512(); TOGETHER];
            for part in parts {
                sums = add_part(sums, part, groups);
            }
            for ((sums, group), bits) in sums.into_iter().zip(groups).zip(bits) {
                let mut reached = _mm512_cmpge_epu32_mask(sums, floors) & bits;
                if reached != 0 {
                    let sums = numbers(sums);
                    while reached != 0 {
                        let r = reached.trailing_zeros() as usize % GROUP;
                        hits.push(Hit { row: (group * GROUP + r) as u32, sum: sums[r] });
                        reached &= reached - 1;
                    }
                }
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni,gfni")]
fn extend(part: &Part<'_>, hits: &mut [Hit]) {
    let mut start = 0;
    while start < hits.len() {
        let (groups, ends) = next_runs(hits, start);
        prefetch(&[*part], groups, next_runs(hits, ends[TOGETHER - 1]).0, AHEAD);
        let sums = add_part([_mm512_setzero_si512(); TOGETHER], part, groups);
        for (sums, end) in sums.into_iter().zip(ends) {
            let sums = numbers(sums);
            for hit in &mut hits[start..end] {
                hit.sum += sums[hit.row as usize % GROUP];
            }
            start = end;
        }
    }
}

/// Adds a part's entries to the rows' sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni,gfni")]
fn add_part(mut sums: [__m512i; TOGETHER], part: &Part<'_>, groups: [usize; TOGETHER]) -> [__m512i; TOGETHER] {
    let lines = part.tables.len();
    let (pairs, last) = part.tables.as_chunks::<2>();
    let codes = lines_of(part, groups);
    for (i, tables) in pairs.iter().enumerate() {
        let [first, second] = tables;
        let tables = [[load(&first[0]), load(&first[1])], [load(&second[0]), load(&second[1])]];
        for (sums, codes) in sums.iter_mut().zip(codes) {
            let codes = &codes.as_chunks::<2>().0[i];
            let first = look_up(tables[0], load(&codes[0]));
            let second = look_up(tables[1], load(&codes[1]));
            *sums = add_lanes(*sums, _mm512_add_epi8(first, second));
        }
    }
    if let [[low, high]] = last {
        let tables = [load(low), load(high)];
        for (sums, codes) in sums.iter_mut().zip(codes) {
            *sums = add_lanes(*sums, look_up(tables, load(&codes[lines - 1])));
        }
    }
    sums
}

/// Entries of the low and of the high nibbles of a line, added.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni,gfni")]
fn look_up([low, high]: [__m512i; 2], codes: __m512i) -> __m512i {
    let low = _mm512_shuffle_epi8(low, _mm512_and_si512(codes, _mm512_set1_epi8(15)));
    let nibbles = _mm512_gf2p8affine_epi64_epi8::<0>(codes, _mm512_set1_epi64(HIGH_NIBBLE));
    _mm512_add_epi8(low, _mm512_shuffle_epi8(high, nibbles))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vnni,gfni")]
fn add_lanes(sums: __m512i, bytes: __m512i) -> __m512i {
    let bytes = _mm512_permutexvar_epi8(load(&BY_ROW), bytes);
    _mm512_dpbusd_epi32(sums, bytes, _mm512_set1_epi8(1))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(line: &Line) -> __m512i {
    // SAFETY: 64 readable bytes.
    unsafe { _mm512_loadu_si512(line.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn numbers(sums: __m512i) -> [u32; GROUP] {
    // SAFETY: a register is 16 numbers.
    unsafe { std::mem::transmute(sums) }
}
