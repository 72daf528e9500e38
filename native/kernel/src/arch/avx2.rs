//! 256-bit x86: one `vpshufb` looks up 32 rows of one sub-quantiser.
//!
//! A table of 16 bytes fills both halves of a register; a shuffle by 32 nibbles then reads 32 entries at once.
//! Entries are bytes, sums need 16 bits. Adding a register of bytes as 16-bit words puts
//! `even + 256 · odd` into each word; a second sum of the words shifted right by 8 holds the odd bytes alone, and at the
//! end `even = first - (second << 8)`, exact modulo 2¹⁶.
//!
//! | instruction | for | per 32 rows × 2 nibbles |
//! |---|---|---|
//! | `vpand`, `vpsrlw` | split nibbles | 3 |
//! | `vbroadcasti128` | load two tables | 2 |
//! | `vpshufb` | look up | 2 |
//! | `vpaddw`, `vpsrlw` | sum | 6 |
//!
//! **No overflow.** A 16-bit sum takes 255 a look-up, so 257 look-ups fit. After `FLUSH` = 128 planes, which are
//! 256 look-ups and at most 65,280, the sums move to 32 bits.

#![allow(clippy::inline_always, reason = "sums must stay in registers")]
#![allow(clippy::unused_self, reason = "the token is the proof that makes the call sound")]

use std::arch::x86_64::{
    __m256, __m256i, _mm_loadu_si128, _mm256_add_epi16, _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256,
    _mm256_broadcastsi128_si256, _mm256_castsi256_ps, _mm256_castsi256_si128, _mm256_cmpeq_epi32,
    _mm256_cvtepi16_epi32, _mm256_extracti128_si256, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_min_epi32, _mm256_movemask_ps, _mm256_mul_ps, _mm256_permute2x128_si256, _mm256_set1_epi8,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_shuffle_epi32, _mm256_slli_epi16, _mm256_srli_epi16, _mm256_storeu_si256, _mm256_sub_epi16,
};

use super::{CENTROIDS, GROUP, lanes};

/// Products of one pair of nibbles.
const PAIR: usize = CENTROIDS * CENTROIDS;

/// Rows that share a load of centroids.
const ROWS: usize = 4;

/// Pairs whose products stay in the first-level cache while all rows pass: 24 KiB.
const TILE: usize = 48;

/// Planes (bytes of code a row) summed in 16 bits before they move to 32.
const FLUSH: usize = 128;

/// Proof that this machine has AVX2: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// A token, if the processor and the operating system have AVX2.
    pub fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(crate) fn dots(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        // SAFETY: the token proves AVX2.
        unsafe { dots(query, rows, out) }
    }

    pub(crate) fn distances(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
        // SAFETY: the token proves AVX2.
        unsafe { distances(query, rows, out) }
    }

    pub(crate) fn rotate(self, rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
        // SAFETY: the token proves AVX2.
        unsafe { rotate(rows, dim, matrix, out) }
    }

    pub(crate) fn nearest(self, rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS], codes: &mut [u8]) {
        // SAFETY: the token proves AVX2.
        unsafe { nearest(rows, centroids, norms, codes) }
    }

    pub(crate) fn products(self, rows: &[i16], centroids: &[i16], out: &mut [i32]) {
        // SAFETY: the token proves AVX2.
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
        // SAFETY: the token proves AVX2.
        unsafe { choose(products, costs, codes, count, m, active, gains) }
    }

    pub(crate) fn accumulate(self, group: &[u8], tables: &[u8], sums: &mut [u32; GROUP]) {
        // SAFETY: the token proves AVX2.
        unsafe { accumulate(group, tables, sums) }
    }
}

/// Sixteen sums in two registers. Only the functions below make one, and only a token lets them run.
#[derive(Clone, Copy)]
#[repr(C)]
struct Wide(__m256, __m256);

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
        // SAFETY: two registers are sixteen floats, first register first.
        unsafe { std::mem::transmute(self) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn zero() -> Wide {
    Wide(_mm256_setzero_ps(), _mm256_setzero_ps())
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_product(Wide(low, high): Wide, x: f32, column: &[f32; CENTROIDS]) -> Wide {
    let x = _mm256_set1_ps(x);
    // SAFETY: sixteen readable floats, at any alignment.
    let first = unsafe { _mm256_loadu_ps(column.as_ptr()) };
    // SAFETY: as above; the second eight of them.
    let second = unsafe { _mm256_loadu_ps(column[8..].as_ptr()) };
    Wide(_mm256_add_ps(low, _mm256_mul_ps(x, first)), _mm256_add_ps(high, _mm256_mul_ps(x, second)))
}

#[target_feature(enable = "avx2")]
fn dots(query: &[f32], rows: &[f32], out: &mut [f32]) {
    lanes::dots(query, rows, out);
}

#[target_feature(enable = "avx2")]
fn distances(query: &[f32], rows: &[f32], out: &mut [f32]) {
    lanes::distances(query, rows, out);
}

#[target_feature(enable = "avx2")]
fn rotate(rows: &[f32], dim: usize, matrix: &[f32], out: &mut [f32]) {
    lanes::rotate::<Wide>(rows, dim, matrix, out);
}

#[target_feature(enable = "avx2")]
fn nearest(rows: &[f32], centroids: &[f32], norms: &[f32; CENTROIDS], codes: &mut [u8]) {
    lanes::nearest::<Wide>(rows, centroids, norms, codes);
}

#[target_feature(enable = "avx2")]
fn products(rows: &[i16], centroids: &[i16], out: &mut [i32]) {
    let length = centroids.len() / CENTROIDS;
    let together = rows.len() / (ROWS * length) * ROWS;
    let (rows, rest) = rows.split_at(together * length);
    let (out, last) = out.split_at_mut(together * CENTROIDS);
    for (rows, out) in rows.chunks_exact(ROWS * length).zip(out.chunks_exact_mut(ROWS * CENTROIDS)) {
        products_of::<ROWS>(rows, centroids, out);
    }
    for (row, out) in rest.chunks_exact(length).zip(last.chunks_exact_mut(CENTROIDS)) {
        products_of::<1>(row, centroids, out);
    }
}

/// Products of `N` rows, which share each load of a pair of components of all centroids.
#[inline]
#[target_feature(enable = "avx2")]
fn products_of<const N: usize>(rows: &[i16], centroids: &[i16], out: &mut [i32]) {
    let pairs = centroids.as_chunks::<{ 2 * CENTROIDS }>().0;
    let rows: [&[[i16; 2]]; N] =
        std::array::from_fn(|n| &rows[n * 2 * pairs.len()..][..2 * pairs.len()].as_chunks::<2>().0[..pairs.len()]);
    let mut sums = [(_mm256_setzero_si256(), _mm256_setzero_si256()); N];
    for (j, pair) in pairs.iter().enumerate() {
        let [low, high] = pair.as_chunks::<CENTROIDS>().0 else { unreachable!("two halves") };
        let (low, high) = (words(low), words(high));
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let [first, second] = row[j];
            let x = _mm256_set1_epi32(i32::from(first) & 0xffff | i32::from(second) << 16);
            sums.0 = _mm256_add_epi32(sums.0, _mm256_madd_epi16(x, low));
            sums.1 = _mm256_add_epi32(sums.1, _mm256_madd_epi16(x, high));
        }
    }
    for ((low, high), out) in sums.into_iter().zip(out.as_chunks_mut::<CENTROIDS>().0) {
        *out = numbers(low, high);
    }
}

#[allow(clippy::too_many_arguments, reason = "see Isa::choose")]
#[target_feature(enable = "avx2")]
fn choose(
    products: &[i16],
    costs: &[i32],
    codes: &mut [u8],
    count: usize,
    m: usize,
    active: &[u32],
    gains: &mut [i32],
) {
    let mut partial = vec![_mm256_setzero_si256(); active.len()];
    for (tile, products) in products.chunks(TILE * PAIR).enumerate() {
        for (row, sums) in active.iter().zip(&mut partial) {
            let nibbles = &codes[*row as usize * count + tile * TILE..][..products.len() / PAIR];
            for (pair, code) in products.as_chunks::<PAIR>().0.iter().zip(nibbles) {
                *sums = _mm256_add_epi16(*sums, words(&pair.as_chunks::<CENTROIDS>().0[usize::from(code & 15)]));
            }
        }
    }
    for ((row, gain), sums) in active.iter().zip(gains).zip(partial) {
        let row = *row as usize;
        let nibbles = &mut codes[row * count..][..count];
        let (low, high) = halves(&costs.as_chunks::<CENTROIDS>().0[row]);
        let low = _mm256_add_epi32(low, _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sums)));
        let high = _mm256_add_epi32(high, _mm256_cvtepi16_epi32(_mm256_extracti128_si256::<1>(sums)));
        let least = least(low, high);
        let sums = numbers(low, high);
        *gain = sums[usize::from(nibbles[m] & 15)] - sums[usize::from(least & 15)];
        nibbles[m] = least;
    }
}

/// The position of the least of 16 numbers; of equal ones the first.
#[inline]
#[target_feature(enable = "avx2")]
fn least(low: __m256i, high: __m256i) -> u8 {
    // After three exchanges every lane holds the least of all.
    let mut least = _mm256_min_epi32(low, high);
    least = _mm256_min_epi32(least, _mm256_permute2x128_si256::<1>(least, least));
    least = _mm256_min_epi32(least, _mm256_shuffle_epi32::<0b0100_1110>(least));
    least = _mm256_min_epi32(least, _mm256_shuffle_epi32::<0b1011_0001>(least));
    let first = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(low, least)));
    let second = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(high, least)));
    (first | second << 8).trailing_zeros() as u8
}

#[inline]
#[target_feature(enable = "avx2")]
fn words(words: &[i16; CENTROIDS]) -> __m256i {
    // SAFETY: 16 readable words, at any alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn numbers(low: __m256i, high: __m256i) -> [i32; CENTROIDS] {
    // SAFETY: two registers are sixteen numbers, first register first.
    unsafe { std::mem::transmute([low, high]) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn halves(numbers: &[i32; CENTROIDS]) -> (__m256i, __m256i) {
    // SAFETY: sixteen readable numbers, at any alignment.
    let low = unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) };
    // SAFETY: as above; the second eight of them.
    let high = unsafe { _mm256_loadu_si256(numbers[8..].as_ptr().cast()) };
    (low, high)
}

#[target_feature(enable = "avx2")]
fn accumulate(group: &[u8], tables: &[u8], sums: &mut [u32; GROUP]) {
    *sums = [0; GROUP];
    for (planes, tables) in group.chunks(FLUSH * GROUP).zip(tables.chunks(FLUSH * GROUP)) {
        let (mut words, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        let nibble = _mm256_set1_epi8(15);
        for (plane, pair) in planes.as_chunks::<GROUP>().0.iter().zip(tables.as_chunks::<{ 2 * CENTROIDS }>().0) {
            let codes = load(plane);
            let low = _mm256_and_si256(codes, nibble);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(codes), nibble);
            let (first, second) = tables_of(pair);
            let (first, second) = (_mm256_shuffle_epi8(first, low), _mm256_shuffle_epi8(second, high));
            words = _mm256_add_epi16(words, _mm256_add_epi16(first, second));
            odd =
                _mm256_add_epi16(odd, _mm256_add_epi16(_mm256_srli_epi16::<8>(first), _mm256_srli_epi16::<8>(second)));
        }
        let even = store(_mm256_sub_epi16(words, _mm256_slli_epi16::<8>(odd)));
        for (pair, (e, o)) in sums.as_chunks_mut::<2>().0.iter_mut().zip(even.iter().zip(store(odd))) {
            pair[0] += u32::from(*e);
            pair[1] += u32::from(o);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; GROUP]) -> __m256i {
    // SAFETY: 32 readable bytes, at any alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn tables_of(pair: &[u8; 2 * CENTROIDS]) -> (__m256i, __m256i) {
    let half = |bytes: &[u8]| {
        let bytes: &[u8; CENTROIDS] = bytes.try_into().expect("half of 32 bytes");
        // SAFETY: 16 readable bytes, at any alignment.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
    };
    (half(&pair[..CENTROIDS]), half(&pair[CENTROIDS..]))
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: __m256i) -> [u16; GROUP / 2] {
    let mut out = [0u16; GROUP / 2];
    // SAFETY: 32 writable bytes, at any alignment.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), words) }
    out
}
