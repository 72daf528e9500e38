//! Choosing nibbles: coordinate descent over products of centroids.
//!
//! Nibbles that reach over the same coordinates form a run, and their centroids add up. With x the row's coordinates and c_m
//! the centroid that nibble m chose, |x - Σ c_m|² depends on one nibble's choice through
//! |c_m|²/2 - ⟨x, c_m⟩ + Σ ⟨c_m, c_n⟩ over the other nibbles n, so once the first two terms are known (one matrix product a
//! row) each choice is a sum over a table of centroid products, and no residual is ever formed.
//!
//! Rows, centroids and products of centroids are whole numbers of 16 bits, scaled so that no sum can overflow, and costs have
//! 32: sums of integers have no order, so codes are the same on every machine. What rounding costs is far below what a
//! centroid is off.

use super::CENTROIDS;
use super::codebook::Span;
use crate::Isa;
use crate::metric::squared_length;

/// Products of one pair of nibbles: a row of 16 for each choice of the other.
const PAIR: usize = CENTROIDS * CENTROIDS;

/// Costs are at most this for a row of the centroids' own length, which leaves room for rows 2¹⁴ times as long.
const LARGEST_COST: f32 = 65_536.0;

/// Costs are cut off here, so that neither adding products nor the difference of two such sums can overflow.
const LIMIT: f32 = ((1 << 30) - (1 << 16)) as f32;

/// Nibbles that are changed in a try. More are seldom for the better.
const CHANGED: usize = 2;

/// How far choosing goes once every nibble has been chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rounds {
    /// Rounds in which each nibble is chosen again against all others, unless none moves any more.
    pub(super) sweeps: usize,
    /// Times that some nibbles are changed, all chosen once more, and the better of before and after kept: a way out of
    /// local minima (iterated local search).
    pub(super) tries: usize,
}

impl Rounds {
    /// For nibbles of block codebooks: only stages of one coordinate have anything to agree on.
    pub(super) const BLOCK: Self = Self { sweeps: 2, tries: 0 };

    /// For runs of up to `count` refined nibbles. A try takes time with the square of their number, so few nibbles can
    /// afford more of them.
    pub(super) fn refined(count: usize) -> Self {
        Self { sweeps: 3, tries: (54_000 / (count * count).max(1)).clamp(6, 16) }
    }
}

/// Centroids of nibbles that reach over the same coordinates, as whole numbers.
#[derive(Debug)]
pub(super) struct Whole {
    /// Number of the first nibble.
    pub(super) first: usize,
    pub(super) span: Span,
    /// `[count][length / 2][16][2]`, lengths padded to be even.
    pub(super) centroids: Vec<i16>,
    /// `[count]`: what one of them stands for.
    units: Vec<f32>,
}

impl Whole {
    /// `centroids` are `[count][length][16]`.
    pub(super) fn new(first: usize, span: Span, centroids: &[f32]) -> Self {
        let size = span.length * CENTROIDS;
        let (mut pairs, mut units) = (Vec::new(), Vec::with_capacity(centroids.len() / size));
        for nibble in centroids.chunks_exact(size) {
            let nibble = by_centroid(nibble, span.length);
            let longest = nibble.chunks_exact(span.length).map(length_of).fold(0.0, f32::max);
            let (whole, unit) = whole_numbers(&nibble, span.length, longest);
            let components = whole.chunks_exact(span.length.next_multiple_of(2));
            let centroids: Vec<&[[i16; 2]]> = components.map(|centroid| centroid.as_chunks::<2>().0).collect();
            pairs.extend((0..span.length.div_ceil(2)).flat_map(|j| centroids.iter().flat_map(move |c| c[j])));
            units.push(unit);
        }
        Self { first, span, centroids: pairs, units }
    }

    /// Hands over, nibble by nibble, the dot products of rows `[n][length]` with its centroids, `[n][16]`, and what one is worth
    /// for each of the rows.
    pub(super) fn products(&self, isa: Isa, rows: &[f32], mut each: impl FnMut(usize, &[[i32; CENTROIDS]], &[f32])) {
        let length = self.span.length;
        let n = rows.len() / length;
        let (mut whole, mut units) = (Vec::new(), Vec::with_capacity(n));
        for row in rows.chunks_exact(length) {
            let (numbers, unit) = whole_numbers(row, length, length_of(row));
            whole.extend(numbers);
            units.push(unit);
        }
        let mut products = vec![0; n * CENTROIDS];
        let nibbles = self.centroids.chunks_exact(length.next_multiple_of(2) * CENTROIDS);
        for (m, (nibble, own)) in nibbles.zip(&self.units).enumerate() {
            isa.products(&whole, nibble, &mut products);
            let worth: Vec<f32> = units.iter().map(|unit| unit * own).collect();
            each(m, products.as_chunks::<CENTROIDS>().0, &worth);
        }
    }
}

/// Nibbles that reach over the same coordinates, and all that choosing them takes.
#[derive(Debug)]
pub(super) struct Run {
    /// Their centroids in weighted coordinates.
    pub(super) whole: Whole,
    /// `[count][count][16][16]`: for a nibble, for another, for each choice of the other: 16 products. Zero for itself.
    products: Vec<i16>,
    /// `[count]`: what the costs of a nibble are multiplied by.
    scales: Vec<f32>,
    /// `[count][16]`: half squared lengths of the centroids.
    halves: Vec<f32>,
}

impl Run {
    /// `centroids` are `[count][length][16]`.
    pub(super) fn new(isa: Isa, first: usize, span: Span, centroids: &[f32]) -> Self {
        let size = span.length * CENTROIDS;
        let count = centroids.len() / size;
        let rows: Vec<f32> = centroids.chunks_exact(size).flat_map(|nibble| by_centroid(nibble, span.length)).collect();
        let (mut products, mut scales) = (vec![0i16; count * count * PAIR], Vec::with_capacity(count));
        let mut halves = Vec::with_capacity(count * CENTROIDS);
        let mut exact = vec![0.0f32; count * PAIR];
        for (m, (nibble, products)) in
            centroids.chunks_exact(size).zip(products.chunks_exact_mut(count * PAIR)).enumerate()
        {
            // [count · 16][16]: every centroid of every nibble with the sixteen of this one.
            isa.rotate(&rows, span.length, nibble, &mut exact);
            let own: [f32; CENTROIDS] = std::array::from_fn(|k| 0.5 * exact[m * PAIR + k * CENTROIDS + k]);
            exact[m * PAIR..][..PAIR].fill(0.0);
            let largest = |values: &[f32]| values.iter().fold(0.0f32, |l, v| l.max(v.abs()));
            let bound: f32 = exact.chunks_exact(PAIR).map(largest).sum();
            // Half a unit a product is kept free for rounding.
            let room = f32::from(i16::MAX) - count as f32;
            let scale = (room / bound).min(LARGEST_COST / largest(&own)).min(f32::MAX);
            for (product, exact) in products.iter_mut().zip(&exact) {
                *product = (exact * scale).round() as i16;
            }
            scales.push(scale);
            halves.extend(own);
        }
        Self { whole: Whole::new(first, span, centroids), products, scales, halves }
    }

    pub(super) fn count(&self) -> usize {
        self.scales.len()
    }

    /// Chooses nibbles `[n][count]` for rows whose weighted coordinates are `rows` `[n][length]`: from the `given`, or each in
    /// turn against those before it, and then better.
    pub(super) fn choose(&self, isa: Isa, rows: &[f32], given: Option<&[u8]>, rounds: Rounds) -> Vec<u8> {
        let (n, count) = (rows.len() / self.whole.span.length, self.count());
        let costs = self.costs(isa, rows);
        let mut codes = given.map_or_else(|| vec![0; n * count], <[u8]>::to_vec);
        let mut gains = vec![0; n];
        if given.is_none() {
            let all: Vec<u32> = (0..n as u32).collect();
            for m in 0..count {
                let (products, own) = (&self.products_of(m)[..m * PAIR], &costs[m * n * CENTROIDS..][..n * CENTROIDS]);
                isa.choose(products, own, &mut codes, count, m, &all, &mut gains);
            }
        }
        if count == 1 {
            return codes;
        }
        let mut saved = vec![0.0; n];
        self.descend(isa, &costs, &mut codes, rounds.sweeps, &mut saved);
        // The same for every row, so that codes depend on nothing else; and of 64 bits on machines of 32, too.
        let mut random = fastrand::Rng::with_seed(count as u64);
        for _ in 0..rounds.tries {
            let before = codes.clone();
            saved.fill(0.0);
            for _ in 0..CHANGED {
                self.change(
                    &costs,
                    &mut codes,
                    random.u64(..count as u64) as usize,
                    random.u8(1..CENTROIDS as u8),
                    &mut saved,
                );
            }
            self.descend(isa, &costs, &mut codes, 1, &mut saved);
            for ((code, before), saved) in codes.chunks_exact_mut(count).zip(before.chunks_exact(count)).zip(&saved) {
                if *saved <= 0.0 {
                    code.copy_from_slice(before);
                }
            }
        }
        codes
    }

    fn products_of(&self, m: usize) -> &[i16] {
        &self.products[m * self.count() * PAIR..][..self.count() * PAIR]
    }

    /// Rounds of coordinate descent, until no nibble of a row moves. Adds to `saved` what each row's error fell by.
    fn descend(&self, isa: Isa, costs: &[i32], codes: &mut [u8], sweeps: usize, saved: &mut [f32]) {
        let (n, count) = (saved.len(), self.count());
        let mut active: Vec<u32> = (0..n as u32).collect();
        let (mut gains, mut moved) = (vec![0; n], vec![false; n]);
        for _ in 0..sweeps {
            moved.fill(false);
            for m in 0..count {
                let own = &costs[m * n * CENTROIDS..][..n * CENTROIDS];
                isa.choose(self.products_of(m), own, codes, count, m, &active, &mut gains);
                let unit = 1.0 / self.scales[m];
                for (row, gain) in active.iter().zip(&gains) {
                    saved[*row as usize] += *gain as f32 * unit;
                    moved[*row as usize] |= *gain > 0;
                }
            }
            // A row that a whole round has left alone will be left alone by the next.
            active.retain(|row| moved[*row as usize]);
        }
    }

    /// Moves nibble `m` of every row on by `step` choices.
    fn change(&self, costs: &[i32], codes: &mut [u8], m: usize, step: u8, saved: &mut [f32]) {
        let (n, count) = (saved.len(), self.count());
        let costs = costs[m * n * CENTROIDS..][..n * CENTROIDS].as_chunks::<CENTROIDS>().0;
        let products = self.products_of(m).as_chunks::<CENTROIDS>().0;
        for ((code, costs), saved) in codes.chunks_exact_mut(count).zip(costs).zip(saved) {
            let (old, new) = (usize::from(code[m] & 15), usize::from((code[m] + step) & 15));
            let sums = |k: usize| -> i32 {
                let others =
                    code.iter().enumerate().map(|(o, c)| i32::from(products[o * CENTROIDS + usize::from(c & 15)][k]));
                costs[k] + others.sum::<i32>()
            };
            *saved += (sums(old) - sums(new)) as f32 / self.scales[m];
            code[m] = new as u8;
        }
    }

    /// `[count][n][16]`: what each choice of each nibble costs a row by itself.
    fn costs(&self, isa: Isa, rows: &[f32]) -> Vec<i32> {
        let n = rows.len() / self.whole.span.length;
        let mut costs = Vec::with_capacity(self.count() * n * CENTROIDS);
        self.whole.products(isa, rows, |m, products, units| {
            let halves = &self.halves.as_chunks::<CENTROIDS>().0[m];
            for (products, unit) in products.iter().zip(units) {
                let cost = |k: usize| (halves[k] - products[k] as f32 * unit) * self.scales[m];
                costs.extend((0..CENTROIDS).map(|k| cost(k).clamp(-LIMIT, LIMIT) as i32));
            }
        });
        costs
    }
}

/// Length of a vector, which in float32 the squares of short ones would not add up to.
pub(super) fn length_of(row: &[f32]) -> f32 {
    squared_length(row).sqrt() as f32
}

/// Vectors `[n][length]`, none longer than `longest`, as whole numbers `[n][length, made even]`, and what one of them stands
/// for. The product of two such vectors is below 2³⁰.
pub(super) fn whole_numbers(vectors: &[f32], length: usize, longest: f32) -> (Vec<i16>, f32) {
    let even = length.next_multiple_of(2);
    // Rounding may make a vector longer, by half a unit a component.
    let most = 32_767.0 - 0.5 * (even as f32).sqrt();
    let unit = longest / most;
    // Of what is shorter than float32 can scale nothing is left, as of a zero.
    let factor = if unit.is_normal() { 1.0 / unit } else { 0.0 };
    let mut whole = vec![0; vectors.len() / length * even];
    for (whole, vector) in whole.chunks_exact_mut(even).zip(vectors.chunks_exact(length)) {
        for (whole, x) in whole.iter_mut().zip(vector) {
            *whole = (x * factor).round() as i16;
        }
    }
    (whole, unit)
}

/// Centroids `[length][16]` as `[16][length]`.
pub(super) fn by_centroid(nibble: &[f32], length: usize) -> Vec<f32> {
    let mut rows = vec![0.0; nibble.len()];
    for (j, column) in nibble.as_chunks::<CENTROIDS>().0.iter().enumerate() {
        for (k, c) in column.iter().enumerate() {
            rows[k * length + j] = *c;
        }
    }
    rows
}

/// Centroids `[16][length]` as `[length][16]`.
pub(super) fn by_column(nibble: &[f32], length: usize) -> Vec<f32> {
    let mut columns = vec![0.0; nibble.len()];
    for (k, row) in nibble.chunks_exact(length).enumerate() {
        for (j, c) in row.iter().enumerate() {
            columns[j * CENTROIDS + k] = *c;
        }
    }
    columns
}
