//! 256-bit x86: one `vpshufb` looks up two lanes of 16 rows.
//!
//! Each half of a register has a table of its own, so a line is two registers, and its tables are two more for each nibble.
//! Two groups pass together and share the loads of tables. Four look-ups are added as bytes; a register of such sums, added
//! as 16-bit words, puts `even + 256 · odd` into each word; a second sum of the words shifted right by 8 holds the odd
//! bytes alone, and at the end `even = first - (second << 8)`, exact modulo 2¹⁶.
//!
//! | instruction | for | per 16 rows × 8 nibbles (two lines' halves) |
//! |---|---|---|
//! | `vmovdqa` | load codes; half of the four tables | 2 + 2 |
//! | `vpand`, `vpsrlw` | split nibbles | 6 |
//! | `vpshufb` | look up | 4 |
//! | `vpaddb` | add four look-ups | 3 |
//! | `vpaddw`, `vpsrlw` | widen and sum | 3 |
//!
//! **No overflow.** Bytes: a pair of lines has tables whose largest entries sum to 255 at most for each lane
//! ([`Part::tables`]). Words: `Isa::scan` admits 64 pairs of 4 lanes, which are 65,280 at most. The sums of words do
//! overflow; they are only ever used modulo 2¹⁶, where the difference is exact since the even sum is below 2¹⁶.

#![allow(clippy::inline_always, reason = "sums must stay in registers")]
#![allow(clippy::unused_self, reason = "the token is the proof that makes the call sound")]

use std::arch::x86_64::{
    __cpuid, __m256, __m256i, _MM_HINT_T0, _mm_load_sd, _mm_loadh_pd, _mm_loadu_si128, _mm_prefetch, _mm256_add_epi8,
    _mm256_add_epi16, _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256, _mm256_castpd_ps, _mm256_castsi256_ps,
    _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_cmpeq_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepi16_epi32,
    _mm256_cvtepi32_ps, _mm256_cvtepu16_epi32, _mm256_extracti128_si256, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_min_epi32, _mm256_movemask_epi8, _mm256_movemask_ps, _mm256_mul_ps, _mm256_packs_epi16,
    _mm256_permute2x128_si256, _mm256_set_m128d, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_shuffle_epi32,
    _mm256_shuffle_ps, _mm256_slli_epi16, _mm256_srli_epi16, _mm256_sub_epi16, _mm256_subs_epu16,
    _mm256_unpackhi_epi16, _mm256_unpacklo_epi16,
};
use std::sync::OnceLock;

use super::{CENTROIDS, GROUP, Hit, Line, OCTET, Part, Polar, group_of, lanes, report};

/// Products of one pair of nibbles.
const PAIR: usize = CENTROIDS * CENTROIDS;

/// Rows that share a load of centroids.
const ROWS: usize = 4;

/// Pairs whose products stay in the first-level cache while all rows pass: 24 KiB.
const TILE: usize = 48;

/// How many groups ahead a scan asks for lines that the processor does not expect: memory takes that long to answer.
pub(super) const AHEAD: usize = 4;

/// Proof that this machine has AVX2: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Avx2 {
    /// How many groups from the next one on the processor expects by itself where a scan leaves none out. Intel's are faster, by a
    /// twentieth to a sixth, when they are asked for even so; AMD's are slower.
    pub(super) expected: usize,
}

impl Avx2 {
    /// A token, if the processor and the operating system have AVX2.
    pub fn detect() -> Option<Self> {
        // The instruction takes longer than a short scan where a hypervisor answers it.
        static EXPECTED: OnceLock<usize> = OnceLock::new();
        let find = || {
            let maker = __cpuid(0);
            let intel = [maker.ebx, maker.edx, maker.ecx].map(u32::to_le_bytes).as_flattened() == b"GenuineIntel";
            if intel { 0 } else { AHEAD }
        };
        is_x86_feature_detected!("avx2").then(|| Self { expected: *EXPECTED.get_or_init(find) })
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

    pub(crate) fn byte_products(self, rows: &[i16], centroids: &[i8], out: &mut [i32]) {
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

    pub(crate) fn scan(self, parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>) {
        // SAFETY: the token proves AVX2.
        unsafe { scan(parts, rows, floor, hits, self.expected) }
    }

    pub(crate) fn extend(self, part: &Part<'_>, hits: &mut [Hit]) {
        // SAFETY: the token proves AVX2.
        unsafe { extend(part, hits) }
    }

    pub(crate) fn polar_dots(self, steps: &[u8], polar: &Polar<'_>, out: &mut [f32; OCTET]) {
        // SAFETY: the token proves AVX2.
        unsafe { polar_dots(steps, polar, out) }
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

/// A component of a centroid.
trait Component: Copy {
    /// Sixteen of them as words. Only the functions below call it, and only a token lets them run.
    fn words(components: &[Self; CENTROIDS]) -> __m256i;
}

impl Component for i16 {
    #[inline(always)]
    fn words(components: &[Self; CENTROIDS]) -> __m256i {
        // SAFETY: see `Component`.
        unsafe { words(components) }
    }
}

impl Component for i8 {
    #[inline(always)]
    fn words(components: &[Self; CENTROIDS]) -> __m256i {
        // SAFETY: see `Component`.
        unsafe { widened(components) }
    }
}

/// Products of `N` rows, which share each load of a pair of components of all centroids.
#[inline]
#[target_feature(enable = "avx2")]
fn products_of<const N: usize, C: Component>(rows: &[i16], centroids: &[C], out: &mut [i32]) {
    let pairs = centroids.as_chunks::<{ 2 * CENTROIDS }>().0;
    let rows: [&[[i16; 2]]; N] =
        std::array::from_fn(|n| &rows[n * 2 * pairs.len()..][..2 * pairs.len()].as_chunks::<2>().0[..pairs.len()]);
    let mut sums = [(_mm256_setzero_si256(), _mm256_setzero_si256()); N];
    for (j, pair) in pairs.iter().enumerate() {
        let [low, high] = pair.as_chunks::<CENTROIDS>().0 else { unreachable!("two halves") };
        let (low, high) = (C::words(low), C::words(high));
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
fn widened(bytes: &[i8; CENTROIDS]) -> __m256i {
    // SAFETY: 16 readable bytes, at any alignment.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
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
fn scan(parts: &[Part<'_>], rows: &[u16], floor: u16, hits: &mut Vec<Hit>, expected: usize) {
    let floors = _mm256_set1_epi16(floor.cast_signed());
    for first in (0..rows.len()).step_by(Wanted::MANY) {
        let wanted = Wanted::of(rows, first);
        for i in (0..wanted.count).step_by(2) {
            let (groups, bits) = wanted.at(i, first);
            prefetch(parts, groups, wanted.at(i + AHEAD, first).0, expected);
            let mut sums = zeros();
            for part in parts {
                sums = add_part(sums, part, groups);
            }
            let (even, odd) = split(sums);
            // What is missing to the floor, not below zero; narrowing with saturation keeps zeros and makes no new ones.
            let missing = _mm256_packs_epi16(_mm256_subs_epu16(floors, even), _mm256_subs_epu16(floors, odd));
            if _mm256_movemask_epi8(_mm256_cmpeq_epi8(missing, _mm256_setzero_si256())) != 0 {
                let [first, second] = in_order(even, odd);
                report(&first, groups[0], bits[0], floor, hits);
                report(&second, groups[1], bits[1], floor, hits);
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn extend(part: &Part<'_>, hits: &mut [Hit]) {
    let mut start = 0;
    while start < hits.len() {
        let (groups, ends) = next_runs(hits, start);
        prefetch(&[*part], groups, next_runs(hits, ends[1]).0, AHEAD);
        let (even, odd) = split(add_part(zeros(), part, groups));
        for (sums, end) in in_order(even, odd).iter().zip(ends) {
            for hit in &mut hits[start..end] {
                hit.sum += u32::from(sums[hit.row as usize % GROUP]);
            }
            start = end;
        }
    }
}

/// Groups that have rows to look at, up to `MANY` of them in a row. Loops of instructions walk over these rather than use
/// closures, which would not be inlined into functions of the standard library that are compiled without those instructions.
pub(super) struct Wanted {
    pub(super) count: usize,
    groups: [u16; Self::MANY],
    bits: [u16; Self::MANY],
}

impl Wanted {
    pub(super) const MANY: usize = 256;

    /// Of groups `first..`, at most `MANY`, those that have a row. There is no branch in the loop: where a filter leaves few rows,
    /// it would be foretold badly.
    pub(super) fn of(rows: &[u16], first: usize) -> Self {
        let mut wanted = Self { count: 0, groups: [0; Self::MANY], bits: [0; Self::MANY] };
        for (group, bits) in rows[first..].iter().take(Self::MANY).enumerate() {
            wanted.groups[wanted.count % Self::MANY] = group as u16;
            wanted.bits[wanted.count % Self::MANY] = *bits;
            wanted.count += usize::from(*bits != 0);
        }
        wanted
    }

    /// `N` of them from the i-th on, counted from `first`. After the last one it comes again, without rows.
    pub(super) fn at<const N: usize>(&self, i: usize, first: usize) -> ([usize; N], [u16; N]) {
        let (mut groups, mut bits) = ([0; N], [0; N]);
        for n in 0..N {
            groups[n] = first + usize::from(self.groups[(i + n).min(self.count - 1) % Self::MANY]);
            bits[n] = if i + n < self.count { self.bits[(i + n) % Self::MANY] } else { 0 };
        }
        (groups, bits)
    }
}

/// The groups of the hits from `start` on, and where each one's hits end. After the last group it comes again, without hits.
pub(super) fn next_runs<const N: usize>(hits: &[Hit], start: usize) -> ([usize; N], [usize; N]) {
    let (mut groups, mut ends) = ([0; N], [0; N]);
    let mut end = start;
    for i in 0..N {
        groups[i] = if end < hits.len() { group_of(hits[end]) } else { groups[i.saturating_sub(1)] };
        while end < hits.len() && group_of(hits[end]) == groups[i] {
            end += 1;
        }
        ends[i] = end;
    }
    (groups, ends)
}

/// The lines of some groups of a part.
pub(super) fn lines_of<'a, const N: usize>(part: &Part<'a>, groups: [usize; N]) -> [&'a [Line]; N] {
    let lines = part.tables.len();
    groups.map(|group| &part.codes[group * lines..][..lines])
}

/// Asks for the lines of two groups that will be wanted after these two, unless they are among the groups that the processor
/// expects by itself.
#[inline]
pub(super) fn prefetch(parts: &[Part<'_>], groups: [usize; 2], ahead: [usize; 2], expected: usize) {
    if ahead[1] > groups[1] + expected {
        for part in parts {
            for lines in lines_of(part, ahead) {
                for line in lines {
                    // SAFETY: every x86-64 processor has the instruction, and it reads nothing.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.0.as_ptr().cast()) }
                }
            }
        }
    }
}

/// Sums under way of two groups: of each the sums of words, and those of their odd bytes alone.
type Pending = [(__m256i, __m256i); 2];

#[inline]
#[target_feature(enable = "avx2")]
fn zeros() -> Pending {
    [(_mm256_setzero_si256(), _mm256_setzero_si256()); 2]
}

/// Adds a part's entries: lanes 0 and 2 of the lines into the lower half of each register, 1 and 3 into the upper.
#[inline]
#[target_feature(enable = "avx2")]
fn add_part(mut sums: Pending, part: &Part<'_>, groups: [usize; 2]) -> Pending {
    let lines = part.tables.len();
    let (pairs, last) = part.tables.as_chunks::<2>();
    let codes = lines_of(part, groups);
    for (i, tables) in pairs.iter().enumerate() {
        for half in 0..2 {
            let tables = [halves_of(&tables[0], half), halves_of(&tables[1], half)];
            for (sums, codes) in sums.iter_mut().zip(codes) {
                let codes = &codes.as_chunks::<2>().0[i];
                let first = look_up(tables[0], load(&codes[0], half));
                let second = look_up(tables[1], load(&codes[1], half));
                *sums = widen(*sums, _mm256_add_epi8(first, second));
            }
        }
    }
    if let [tables] = last {
        for half in 0..2 {
            let tables = halves_of(tables, half);
            for (sums, codes) in sums.iter_mut().zip(codes) {
                *sums = widen(*sums, look_up(tables, load(&codes[lines - 1], half)));
            }
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "avx2")]
fn widen((words, odd): (__m256i, __m256i), bytes: __m256i) -> (__m256i, __m256i) {
    (_mm256_add_epi16(words, bytes), _mm256_add_epi16(odd, _mm256_srli_epi16::<8>(bytes)))
}

/// Entries of the low and of the high nibbles of 32 codes, added.
#[inline]
#[target_feature(enable = "avx2")]
fn look_up([low, high]: [__m256i; 2], codes: __m256i) -> __m256i {
    let nibble = _mm256_set1_epi8(15);
    let low = _mm256_shuffle_epi8(low, _mm256_and_si256(codes, nibble));
    let high = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16::<4>(codes), nibble));
    _mm256_add_epi8(low, high)
}

/// Sums of the even and of the odd rows of both groups, one group a half.
#[inline]
#[target_feature(enable = "avx2")]
fn split([(words_a, odd_a), (words_b, odd_b)]: Pending) -> (__m256i, __m256i) {
    let words = add_halves(words_a, words_b);
    let odd = add_halves(odd_a, odd_b);
    (_mm256_sub_epi16(words, _mm256_slli_epi16::<8>(odd)), odd)
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_halves(a: __m256i, b: __m256i) -> __m256i {
    _mm256_add_epi16(_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b))
}

/// Sums of the rows of both groups.
#[inline]
#[target_feature(enable = "avx2")]
fn in_order(even: __m256i, odd: __m256i) -> [[u16; GROUP]; 2] {
    let (first, second) = (_mm256_unpacklo_epi16(even, odd), _mm256_unpackhi_epi16(even, odd));
    let a = _mm256_permute2x128_si256::<0x20>(first, second);
    let b = _mm256_permute2x128_si256::<0x31>(first, second);
    // SAFETY: two registers are 32 words, first register first.
    unsafe { std::mem::transmute([a, b]) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn halves_of(tables: &[Line; 2], half: usize) -> [__m256i; 2] {
    [load(&tables[0], half), load(&tables[1], half)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(line: &Line, half: usize) -> __m256i {
    let half: &[u8; 32] = &line.0.as_chunks().0[half];
    // SAFETY: 32 readable bytes, at any alignment.
    unsafe { _mm256_loadu_si256(half.as_ptr().cast()) }
}

/// Eight sums in a register. Only the functions below make one, and only a token lets them run.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Eight(__m256);

impl lanes::Octet for Eight {
    #[inline(always)]
    fn of(values: [f32; OCTET]) -> Self {
        // SAFETY: eight floats are a register, first float first.
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

#[target_feature(enable = "avx2")]
fn polar_dots(steps: &[u8], polar: &Polar<'_>, out: &mut [f32; OCTET]) {
    lanes::polar_dots::<Eight>(steps, polar, out);
}

#[inline]
#[target_feature(enable = "avx2")]
fn on_line([first, step]: [f32; 2], levels: [u16; OCTET]) -> Eight {
    // SAFETY: 16 readable bytes, at any alignment.
    let levels = unsafe { _mm_loadu_si128(levels.as_ptr().cast()) };
    let levels = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(levels));
    Eight(_mm256_add_ps(_mm256_set1_ps(first), _mm256_mul_ps(_mm256_set1_ps(step), levels)))
}

/// Loads two floats at a time, because gathers are slower on most processors that have them.
#[inline]
#[target_feature(enable = "avx2")]
fn add_terms(sums: Eight, magnitudes: Eight, bins: [&[f32; 2]; OCTET], phases: [&[f32; 2]; OCTET]) -> Eight {
    let products = |rows: [usize; 4]| {
        let (bins, phases) = (pairs(rows.map(|l| bins[l])), pairs(rows.map(|l| phases[l])));
        _mm256_mul_ps(bins, phases)
    };
    // re · cos and im · sin of each row beside each other. Shuffles work in halves, so this order puts the lanes in theirs.
    let (first, second) = (products([0, 1, 4, 5]), products([2, 3, 6, 7]));
    let (real, imaginary) =
        (_mm256_shuffle_ps::<0b10_00_10_00>(first, second), _mm256_shuffle_ps::<0b11_01_11_01>(first, second));
    Eight(_mm256_add_ps(sums.0, _mm256_mul_ps(magnitudes.0, _mm256_add_ps(real, imaginary))))
}

#[inline]
#[target_feature(enable = "avx2")]
fn pairs([a, b, c, d]: [&[f32; 2]; 4]) -> __m256 {
    let two = |low: &[f32; 2], high: &[f32; 2]| {
        // SAFETY: eight readable bytes, at any alignment.
        let low = unsafe { _mm_load_sd(low.as_ptr().cast()) };
        // SAFETY: as above.
        unsafe { _mm_loadh_pd(low, high.as_ptr().cast()) }
    };
    _mm256_castpd_ps(_mm256_set_m128d(two(c, d), two(a, b)))
}
