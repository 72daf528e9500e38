//! 128-bit arm64: one `tbl` looks up 16 rows of one sub-quantiser.
//!
//! A table of 16 bytes is a register, and so are the codes of a lane of a group. Four look-ups of a pair of lines are added
//! as bytes, which `Part` promises not to overflow, and then widened into the sums of eight rows a register.
//!
//! Floats are multiplied and added by separate instructions: `fmla` would round once where all others round twice.
//! Integers may be multiplied and added at once, since they are exact.

#![allow(clippy::inline_always, reason = "sums must stay in registers")]
#![allow(clippy::unused_self, reason = "the token is the proof that makes the call sound")]

use std::arch::aarch64::{
    float32x4_t, int8x8x2_t, int16x8_t, int16x8x2_t, int32x4_t, uint8x16_t, uint16x8_t, vaddq_f32, vaddq_s16, vaddq_u8,
    vaddw_high_s16, vaddw_high_u8, vaddw_s16, vaddw_u8, vandq_u8, vcombine_f32, vcvtq_f32_u32, vdupq_n_f32,
    vdupq_n_s16, vdupq_n_s32, vdupq_n_u8, vdupq_n_u16, vget_low_s16, vget_low_u8, vget_low_u16, vld1_f32, vld1q_f32,
    vld1q_s16, vld1q_s32, vld1q_u8, vld1q_u16, vld2_s8, vld2q_s16, vmaxq_u16, vmaxvq_u16, vminq_s32, vminvq_s32,
    vmlal_high_n_s16, vmlal_n_s16, vmovl_high_u16, vmovl_s8, vmovl_u16, vmulq_f32, vpaddq_f32, vqtbl1q_u8, vshrq_n_u8,
};

use super::{CENTROIDS, GROUP, Hit, LANES, Line, OCTET, Part, Polar, lanes, portable, report};

/// Products of one pair of nibbles.
const PAIR: usize = CENTROIDS * CENTROIDS;

/// Rows that share a load of centroids.
const ROWS: usize = 4;

/// Groups that share a load of tables.
const GROUPS: usize = 4;

/// Pairs whose products stay in the first-level cache while all rows pass: 24 KiB.
const TILE: usize = 48;

/// Proof that this machine has NEON: only [`Neon::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

impl Neon {
    /// A token, if the processor and the operating system have NEON, as all that run 64-bit programs do.
    pub fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    pub(crate) fn dots(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        // SAFETY: the token proves NEON.
        unsafe { dots(query, rows, out) }
    }

    pub(crate) fn distances(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        // SAFETY: the token proves NEON.
        unsafe { distances(query, rows, out) }
    }

    pub(crate) fn rotate(self, rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
        // SAFETY: the token proves NEON.
        unsafe { rotate(rows, dim, matrix, out) }
    }

    pub(crate) fn nearest(self, rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS], codes: &mut [u8]) {
        // SAFETY: the token proves NEON.
        unsafe { nearest(rows, centroids, norms, codes) }
    }

    pub(crate) fn products(self, rows: &[i16], centroids: &[i16], out: &mut [i32]) {
        // SAFETY: the token proves NEON.
        unsafe { products(rows, centroids, out) }
    }

    pub(crate) fn byte_products(self, rows: &[i16], centroids: &[i8], out: &mut [i32]) {
        // SAFETY: the token proves NEON.
        unsafe { products(rows, centroids, out) }
    }

    #[allow(clippy::too_many_arguments, reason = "see Isa::choose")]
    pub(crate) fn choose(
        self,
        products: &[i16],
        costs: &[i32],
        codes: &mut [u8],
        count: usize,
        m: usize,
        active: &[u32],
        gains: &mut [i32],
    ) {
        // SAFETY: the token proves NEON.
        unsafe { choose(products, costs, codes, count, m, active, gains) }
    }

    pub(crate) fn scan(self, parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>) {
        // SAFETY: the token proves NEON.
        unsafe { scan(parts, rows, floor, hits) }
    }

    /// Row by row: a row's bytes lie in different registers, so wide look-ups would fetch 15 rows in vain.
    pub(crate) fn extend(self, part: &Part<'_>, hits: &mut [Hit]) {
        portable::extend(part, hits);
    }

    pub(crate) fn polar_dots(self, steps: &[u8], polar: &Polar<'_>, out: &mut [f32; OCTET]) {
        // SAFETY: the token proves NEON.
        unsafe { polar_dots(steps, polar, out) }
    }
}

/// Sixteen sums in four registers. Only the functions below make one, and only a token lets them run.
#[derive(Clone, Copy)]
#[repr(C)]
struct Wide([float32x4_t; 4]);

impl lanes::Sums for Wide {
    #[inline(always)]
    fn zero() -> Self {
        // SAFETY: see `Wide`.
        unsafe { zero() }
    }

    #[inline(always)]
    fn add_product(self, x: f32, column: &[f32; CENTROIDS]) -> Self {
        // SAFETY: see `Wide`.
        unsafe { add_product(self, x, column) }
    }

    #[inline(always)]
    fn to_array(self) -> [f32; CENTROIDS] {
        // SAFETY: four registers are sixteen floats, first register first.
        unsafe { std::mem::transmute(self) }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn zero() -> Wide {
    Wide([vdupq_n_f32(0.0); 4])
}

#[inline]
#[target_feature(enable = "neon")]
fn add_product(Wide(mut sums): Wide, x: f32, column: &[f32; CENTROIDS]) -> Wide {
    let x = vdupq_n_f32(x);
    for (sum, four) in sums.iter_mut().zip(column.as_chunks::<4>().0) {
        // SAFETY: four readable floats, at any alignment.
        let four = unsafe { vld1q_f32(four.as_ptr()) };
        *sum = vaddq_f32(*sum, vmulq_f32(x, four));
    }
    Wide(sums)
}

#[target_feature(enable = "neon")]
fn dots(query: &[f32], rows: &[f32], out: &mut [f32]) {
    lanes::dots(query, rows, out);
}

#[target_feature(enable = "neon")]
fn distances(query: &[f32], rows: &[f32], out: &mut [f32]) {
    lanes::distances(query, rows, out);
}

#[target_feature(enable = "neon")]
fn rotate(rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
    lanes::rotate::<Wide>(rows, dim, matrix, out);
}

#[target_feature(enable = "neon")]
fn nearest(rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS], codes: &mut [u8]) {
    lanes::nearest::<Wide>(rows, centroids, norms, codes);
}

#[target_feature(enable = "neon")]
fn products<C: Component>(rows: &[i16], centroids: &[C], out: &mut [i32]) {
    let length = centroids.len() / CENTROIDS;
    let together = rows.len() / (ROWS * length) * ROWS;
    let (rows, rest) = rows.split_at(together * length);
    let (out, last) = out.split_at_mut(together * CENTROIDS);
    for (rows, out) in rows.chunks_exact(ROWS * length).zip(out.chunks_exact_mut(ROWS * CENTROIDS)) {
        products_of::<ROWS, C>(rows, centroids, out);
    }
    for (row, out) in rest.chunks_exact(length).zip(last.chunks_exact_mut(CENTROIDS)) {
        products_of::<1, C>(row, centroids, out);
    }
}

/// Products of `N` rows, which share each load of a pair of components of all centroids.
#[inline]
#[target_feature(enable = "neon")]
fn products_of<const N: usize, C: Component>(rows: &[i16], centroids: &[C], out: &mut [i32]) {
    let pairs = centroids.as_chunks::<{ 2 * CENTROIDS }>().0;
    let rows: [&[[i16; 2]]; N] =
        std::array::from_fn(|n| &rows[n * 2 * pairs.len()..][..2 * pairs.len()].as_chunks::<2>().0[..pairs.len()]);
    let mut sums = [[vdupq_n_s32(0); 4]; N];
    for (j, pair) in pairs.iter().enumerate() {
        let [low, high] = pair.as_chunks::<CENTROIDS>().0 else { unreachable!("two halves") };
        let (low, high) = (C::pairs(low), C::pairs(high));
        for (sums, row) in sums.iter_mut().zip(&rows) {
            for (centroids, x) in [(low.0, high.0), (low.1, high.1)].into_iter().zip(row[j]) {
                sums[0] = vmlal_n_s16(sums[0], vget_low_s16(centroids.0), x);
                sums[1] = vmlal_high_n_s16(sums[1], centroids.0, x);
                sums[2] = vmlal_n_s16(sums[2], vget_low_s16(centroids.1), x);
                sums[3] = vmlal_high_n_s16(sums[3], centroids.1, x);
            }
        }
    }
    for (sums, out) in sums.into_iter().zip(out.as_chunks_mut::<CENTROIDS>().0) {
        *out = numbers(sums);
    }
}

/// A component of a centroid.
trait Component: Copy {
    /// The first and the second components of eight centroids, as words. Only `products_of` calls it, and only a token lets that run.
    fn pairs(pairs: &[Self; CENTROIDS]) -> int16x8x2_t;
}

impl Component for i16 {
    #[inline(always)]
    fn pairs(pairs: &[Self; CENTROIDS]) -> int16x8x2_t {
        // SAFETY: see `Component`.
        unsafe { pairs_of(pairs) }
    }
}

impl Component for i8 {
    #[inline(always)]
    fn pairs(pairs: &[Self; CENTROIDS]) -> int16x8x2_t {
        // SAFETY: see `Component`.
        unsafe { widened_pairs_of(pairs) }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn pairs_of(pairs: &[i16; CENTROIDS]) -> int16x8x2_t {
    // SAFETY: 16 readable words, at any alignment.
    unsafe { vld2q_s16(pairs.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn widened_pairs_of(pairs: &[i8; CENTROIDS]) -> int16x8x2_t {
    // SAFETY: 16 readable bytes, at any alignment.
    let int8x8x2_t(first, second) = unsafe { vld2_s8(pairs.as_ptr()) };
    int16x8x2_t(vmovl_s8(first), vmovl_s8(second))
}

#[allow(clippy::too_many_arguments, reason = "see Isa::choose")]
#[target_feature(enable = "neon")]
fn choose(
    products: &[i16],
    costs: &[i32],
    codes: &mut [u8],
    count: usize,
    m: usize,
    active: &[u32],
    gains: &mut [i32],
) {
    let mut partial = vec![[vdupq_n_s16(0); 2]; active.len()];
    for (tile, products) in products.chunks(TILE * PAIR).enumerate() {
        for (row, [low, high]) in active.iter().zip(&mut partial) {
            let nibbles = &codes[*row as usize * count + tile * TILE..][..products.len() / PAIR];
            for (pair, code) in products.as_chunks::<PAIR>().0.iter().zip(nibbles) {
                let [first, second] = words(&pair.as_chunks::<CENTROIDS>().0[usize::from(code & 15)]);
                *low = vaddq_s16(*low, first);
                *high = vaddq_s16(*high, second);
            }
        }
    }
    for ((row, gain), [low, high]) in active.iter().zip(gains).zip(partial) {
        let row = *row as usize;
        let nibbles = &mut codes[row * count..][..count];
        let [a, b, c, d] = quarters(&costs.as_chunks::<CENTROIDS>().0[row]);
        let sums = [
            vaddw_s16(a, vget_low_s16(low)),
            vaddw_high_s16(b, low),
            vaddw_s16(c, vget_low_s16(high)),
            vaddw_high_s16(d, high),
        ];
        let least = vminvq_s32(vminq_s32(vminq_s32(sums[0], sums[1]), vminq_s32(sums[2], sums[3])));
        let sums = numbers(sums);
        *gain = sums[usize::from(nibbles[m] & 15)] - least;
        nibbles[m] = sums.iter().position(|sum| *sum == least).expect("one of them is the least") as u8;
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn words(words: &[i16; CENTROIDS]) -> [int16x8_t; 2] {
    // SAFETY: eight readable words, at any alignment.
    let low = unsafe { vld1q_s16(words.as_ptr()) };
    // SAFETY: as above; the second eight of them.
    let high = unsafe { vld1q_s16(words[8..].as_ptr()) };
    [low, high]
}

#[inline]
#[target_feature(enable = "neon")]
fn quarters(numbers: &[i32; CENTROIDS]) -> [int32x4_t; 4] {
    // SAFETY: four readable numbers, at any alignment.
    let load = |at: usize| unsafe { vld1q_s32(numbers[at..at + 4].as_ptr()) };
    [load(0), load(4), load(8), load(12)]
}

#[inline]
#[target_feature(enable = "neon")]
fn numbers(sums: [int32x4_t; 4]) -> [i32; CENTROIDS] {
    // SAFETY: four registers are sixteen numbers, first register first.
    unsafe { std::mem::transmute(sums) }
}

#[target_feature(enable = "neon")]
fn scan(parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>) {
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
#[inline]
#[target_feature(enable = "neon")]
fn scan_groups<const N: usize>(parts: &[Part<'_>], rows: &[u16], groups: [usize; N], floor: u16, hits: &mut Vec<Hit>) {
    let mut sums = [[vdupq_n_u16(0); 2]; N];
    for part in parts {
        let length = part.tables.len();
        let codes: [&[Line]; N] = groups.map(|group| &part.codes[group * length..][..length]);
        let even = length / 2 * 2;
        for i in (0..even).step_by(2) {
            for lane in 0..LANES {
                let (first, second) = (tables_of(&part.tables[i], lane), tables_of(&part.tables[i + 1], lane));
                for (sums, codes) in sums.iter_mut().zip(&codes) {
                    let (a, b) = (look_up(first, &codes[i], lane), look_up(second, &codes[i + 1], lane));
                    *sums = widen(*sums, vaddq_u8(a, b));
                }
            }
        }
        if even < length {
            for lane in 0..LANES {
                let tables = tables_of(&part.tables[even], lane);
                for (sums, codes) in sums.iter_mut().zip(&codes) {
                    *sums = widen(*sums, look_up(tables, &codes[even], lane));
                }
            }
        }
    }
    for (group, sums) in groups.into_iter().zip(sums) {
        if vmaxvq_u16(vmaxq_u16(sums[0], sums[1])) >= floor {
            // SAFETY: two registers are sixteen words, first register first.
            let sums: [u16; GROUP] = unsafe { std::mem::transmute(sums) };
            report(&sums, group, rows[group], floor, hits);
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn widen([low, high]: [uint16x8_t; 2], bytes: uint8x16_t) -> [uint16x8_t; 2] {
    [vaddw_u8(low, vget_low_u8(bytes)), vaddw_high_u8(high, bytes)]
}

/// Entries of the low and of the high nibbles of 16 codes, added.
#[inline]
#[target_feature(enable = "neon")]
fn look_up([low, high]: [uint8x16_t; 2], codes: &Line, lane: usize) -> uint8x16_t {
    let codes = load(codes, lane);
    vaddq_u8(vqtbl1q_u8(low, vandq_u8(codes, vdupq_n_u8(15))), vqtbl1q_u8(high, vshrq_n_u8::<4>(codes)))
}

#[inline]
#[target_feature(enable = "neon")]
fn tables_of([low, high]: &[Line; 2], lane: usize) -> [uint8x16_t; 2] {
    [load(low, lane), load(high, lane)]
}

#[inline]
#[target_feature(enable = "neon")]
fn load(line: &Line, lane: usize) -> uint8x16_t {
    let bytes: &[u8; GROUP] = &line.0.as_chunks().0[lane];
    // SAFETY: 16 readable bytes, at any alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// Eight sums in two registers. Only the functions below make one, and only a token lets them run.
#[derive(Clone, Copy)]
#[repr(C)]
struct Eight(float32x4_t, float32x4_t);

impl lanes::Octet for Eight {
    #[inline(always)]
    fn of(values: [f32; OCTET]) -> Self {
        // SAFETY: eight floats are two registers, first register first.
        unsafe { std::mem::transmute(values) }
    }

    #[inline(always)]
    fn on_line(line: [f32; 2], levels: [u16; OCTET]) -> Self {
        // SAFETY: see `Eight`.
        unsafe { on_line(line, levels) }
    }

    #[inline(always)]
    fn add_terms(self, magnitudes: Self, bins: [&[f32; 2]; OCTET], phases: [&[f32; 2]; OCTET]) -> Self {
        // SAFETY: see `Eight`.
        unsafe { add_terms(self, magnitudes, bins, phases) }
    }

    #[inline(always)]
    fn to_array(self) -> [f32; OCTET] {
        // SAFETY: as in `of`.
        unsafe { std::mem::transmute(self) }
    }
}

#[target_feature(enable = "neon")]
fn polar_dots(steps: &[u8], polar: &Polar<'_>, out: &mut [f32; OCTET]) {
    lanes::polar_dots::<Eight>(steps, polar, out);
}

#[inline]
#[target_feature(enable = "neon")]
fn on_line([first, step]: [f32; 2], levels: [u16; OCTET]) -> Eight {
    // SAFETY: eight readable words, at any alignment.
    let levels = unsafe { vld1q_u16(levels.as_ptr()) };
    let (low, high) = (vcvtq_f32_u32(vmovl_u16(vget_low_u16(levels))), vcvtq_f32_u32(vmovl_high_u16(levels)));
    let (first, step) = (vdupq_n_f32(first), vdupq_n_f32(step));
    Eight(vaddq_f32(first, vmulq_f32(step, low)), vaddq_f32(first, vmulq_f32(step, high)))
}

#[inline]
#[target_feature(enable = "neon")]
fn add_terms(sums: Eight, magnitudes: Eight, bins: [&[f32; 2]; OCTET], phases: [&[f32; 2]; OCTET]) -> Eight {
    // re · cos and im · sin of two rows, from row `l` on.
    let products = |l: usize| vmulq_f32(two(bins[l], bins[l + 1]), two(phases[l], phases[l + 1]));
    let low = vmulq_f32(magnitudes.0, vpaddq_f32(products(0), products(2)));
    let high = vmulq_f32(magnitudes.1, vpaddq_f32(products(4), products(6)));
    Eight(vaddq_f32(sums.0, low), vaddq_f32(sums.1, high))
}

#[inline]
#[target_feature(enable = "neon")]
fn two(low: &[f32; 2], high: &[f32; 2]) -> float32x4_t {
    // SAFETY: two readable floats, at any alignment.
    let low = unsafe { vld1_f32(low.as_ptr()) };
    // SAFETY: as above.
    let high = unsafe { vld1_f32(high.as_ptr()) };
    vcombine_f32(low, high)
}
