//! What a query is multiplied by: a codebook's numbers, which are few steps each, as bytes.
//!
//! A query reads the whole rotation and every centroid once, and mostly from memory, as a scan of many rows leaves nothing else
//! in the caches. So what it takes is their size. Codebooks store them as multiples of a step, and most of those fit a byte;
//! of a number that does not, what the low byte leaves lies apart. Nothing is rounded but the query, to 16 bits, and sums of
//! integers have no order: tables are equal on every machine.

use super::codebook::Span;
use super::descent::{length_of, whole_numbers};
use crate::Isa;
use crate::arch::CENTROIDS;

/// What one in a high byte stands for.
const HIGH: i32 = 256;

/// Numbers of a pair of components of sixteen vectors.
const PAIR: usize = 2 * CENTROIDS;

/// Vectors that are multiples of a step, sixteen side by side.
#[derive(Debug)]
pub(super) struct Steps {
    /// Number of the first sixteen.
    pub(super) first: usize,
    /// Which components of a query they are multiplied by.
    pub(super) span: Span,
    step: f32,
    /// `[count][pairs][16][2]`: the low bytes, lengths padded to be even.
    low: Vec<i8>,
    /// `[places.len()][16][2]`: what low bytes do not hold, of those pairs of components of which they do not hold all.
    high: Vec<i8>,
    /// Which pairs these are, sixteen vectors after the other.
    places: Vec<u32>,
    /// `[count]`: how many there are up to these sixteen.
    ends: Vec<u32>,
}

impl Steps {
    /// `vectors` are `[count][length][16]`, and multiples of `step`.
    pub(super) fn new(first: usize, span: Span, vectors: &[f32], step: f32) -> Self {
        let pairs = span.length.div_ceil(2);
        let (mut low, mut high, mut places, mut ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for vectors in vectors.chunks_exact(span.length * CENTROIDS) {
            let columns = vectors.as_chunks::<CENTROIDS>().0;
            for place in 0..pairs {
                let (mut bytes, mut rest) = ([0; PAIR], [0; PAIR]);
                for (half, column) in columns[2 * place..].iter().take(2).enumerate() {
                    for (k, value) in column.iter().enumerate() {
                        let number = (value / step).round() as i32;
                        bytes[2 * k + half] = number as i8;
                        rest[2 * k + half] = ((number - i32::from(number as i8)) / HIGH) as i8;
                    }
                }
                low.extend_from_slice(&bytes);
                if rest != [0; PAIR] {
                    high.extend_from_slice(&rest);
                    places.push(place as u32);
                }
            }
            ends.push(places.len() as u32);
        }
        Self { first, span, step, low, high, places, ends }
    }

    /// Bytes that `products` reads.
    pub(super) fn bytes(&self) -> usize {
        self.low.len() + self.high.len()
    }

    /// Dot products `[count][n][16]` with rows `[n][length]`.
    pub(super) fn products(&self, isa: Isa, rows: &[f32]) -> Vec<f32> {
        let length = self.span.length;
        let pairs = length.div_ceil(2);
        let n = rows.len() / length;
        let (mut whole, mut units) = (Vec::with_capacity(n * 2 * pairs), Vec::with_capacity(n));
        for row in rows.chunks_exact(length) {
            let (numbers, unit) = whole_numbers(row, length, length_of(row));
            whole.extend_from_slice(&numbers);
            units.push(unit * self.step);
        }
        let (mut low, mut high) = (vec![0; n * CENTROIDS], vec![0; n * CENTROIDS]);
        let mut products = Vec::with_capacity(n * self.ends.len() * CENTROIDS);
        let (mut some, mut begin) = (Vec::new(), 0);
        for (bytes, end) in self.low.chunks_exact(pairs * PAIR).zip(&self.ends) {
            let end = *end as usize;
            isa.byte_products(&whole, bytes, &mut low);
            let (places, bytes) = (&self.places[begin..end], &self.high[begin * PAIR..end * PAIR]);
            if places.is_empty() {
                high.fill(0);
            } else if places.len() == pairs {
                isa.byte_products(&whole, bytes, &mut high);
            } else {
                some.clear();
                for row in whole.chunks_exact(2 * pairs) {
                    for place in places {
                        some.extend_from_slice(&row[2 * *place as usize..][..2]);
                    }
                }
                isa.byte_products(&some, bytes, &mut high);
            }
            begin = end;
            for (i, (low, high)) in low.iter().zip(&high).enumerate() {
                products.push((*low as f32 + HIGH as f32 * *high as f32) * units[i / CENTROIDS]);
            }
        }
        products
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_those_of_the_numbers_stored(
            length in 1usize..20,
            count in 1usize..4,
            largest in prop_oneof![Just(1i16), Just(127), Just(128), Just(129), Just(16_383)],
            seed in any::<u64>(),
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let step = 0.25;
            let vectors: Vec<f32> =
                (0..count * length * CENTROIDS).map(|_| f32::from(random.i16(-largest..=largest)) * step).collect();
            let rows: Vec<f32> = (0..3 * length).map(|_| random.f32() - 0.5).collect();
            let steps = Steps::new(0, Span { start: 0, length }, &vectors, step);
            prop_assert!(steps.places.is_empty() || largest > 127);
            let found = steps.products(Isa::best(), &rows);
            let found = found.as_chunks::<CENTROIDS>().0;
            prop_assert_eq!(found.len(), 3 * count);
            for (m, products) in found.chunks_exact(3).enumerate() {
                for (row, products) in rows.chunks_exact(length).zip(products) {
                    for (k, product) in products.iter().enumerate() {
                        let component = |j: usize| f64::from(vectors[(m * length + j) * CENTROIDS + k]);
                        let exact: f64 = row.iter().enumerate().map(|(j, x)| f64::from(*x) * component(j)).sum();
                        let size = f64::from(length_of(row)) * (0..length).map(|j| component(j).powi(2)).sum::<f64>().sqrt();
                        prop_assert!((f64::from(*product) - exact).abs() <= 1e-4 * size, "{product} for {exact}");
                    }
                }
            }
        }
    }
}
