//! Similarities, lengths and half floats: what both tiers and the reranking of originals share.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::{Error, Isa};

/// How similar two vectors are; higher is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Metric {
    /// Dot product of unit vectors, which the caller has made such.
    Cosine = 0,
    /// Dot product.
    Dot = 1,
    /// Minus the Euclidean distance.
    Euclidean = 2,
}

impl TryFrom<u8> for Metric {
    type Error = Error;

    fn try_from(number: u8) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Cosine),
            1 => Ok(Self::Dot),
            2 => Ok(Self::Euclidean),
            _ => Err(Error::Parameter),
        }
    }
}

impl Metric {
    /// Similarity of `query` to each row of `rows` (`[out.len()][query.len()]`).
    pub(crate) fn score(self, isa: Isa, query: &[f32], rows: &[f32], out: &mut [f32]) {
        match self {
            Self::Cosine | Self::Dot => isa.dots(query, rows, out),
            Self::Euclidean => {
                isa.distances(query, rows, out);
                for score in out {
                    *score = -score.sqrt();
                }
            }
        }
    }

    /// Similarity from an estimate of the dot product. Under `Euclidean`, `dot` is `⟨q, x⟩ - ‖x‖²/2`.
    pub(crate) fn finish(self, dot: f32, query_squared: f32) -> f32 {
        match self {
            Self::Cosine | Self::Dot => dot,
            Self::Euclidean => -(query_squared - 2.0 * dot).max(0.0).sqrt(),
        }
    }
}

/// Similarity of `query` `[dim]` to each row of `rows` `[n][dim]`, exactly as the hot tier scores them.
pub fn similarities(metric: Metric, query: &[f32], rows: &[f32]) -> Result<Vec<f32>, Error> {
    if query.is_empty() || !rows.len().is_multiple_of(query.len()) {
        return Err(Error::Length);
    }
    let mut out = vec![0.0; rows.len() / query.len()];
    metric.score(Isa::best(), query, rows, &mut out);
    Ok(out)
}

/// Similarity of `query` to rows that are kept as half floats `[n][2 · dim]` of the vector over its length, and their `lengths`: to the bit
/// that of the floats behind them, without room for them all.
pub fn similarities_to_halves(
    metric: Metric,
    query: &[f32],
    halves: &[u8],
    lengths: &[f32],
) -> Result<Vec<f32>, Error> {
    let dim = query.len();
    if dim == 0 || halves.len() != 2 * dim * lengths.len() {
        return Err(Error::Length);
    }
    let isa = Isa::best();
    let mut scores = vec![0.0; lengths.len()];
    for ((halves, length), score) in halves.chunks_exact(2 * dim).zip(lengths).zip(&mut scores) {
        let mut row = from_float16(halves)?;
        if metric == Metric::Cosine {
            to_unit(&mut row, dim)?;
        } else {
            for x in &mut row {
                *x *= length;
            }
        }
        metric.score(isa, query, &row, std::slice::from_mut(score));
    }
    Ok(scores)
}

/// Euclidean length of each row of `rows` `[n][dim]`. Not finite exactly where a row holds NaN or infinity.
pub fn norms(rows: &[f32], dim: usize) -> Result<Vec<f64>, Error> {
    if dim == 0 || !rows.len().is_multiple_of(dim) {
        return Err(Error::Length);
    }
    Ok(rows.chunks_exact(dim).map(|row| squared_length(row).sqrt()).collect())
}

/// Squared Euclidean length, summed in double precision from the first component to the last.
pub(crate) fn squared_length(row: &[f32]) -> f64 {
    row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum()
}

/// Scales each row of `rows` `[n][dim]` to length 1, in place, and returns the lengths they had. Zero rows stay zero.
pub fn to_unit(rows: &mut [f32], dim: usize) -> Result<Vec<f64>, Error> {
    let lengths = norms(rows, dim)?;
    for (row, length) in rows.chunks_exact_mut(dim).zip(&lengths) {
        if *length > 0.0 {
            for x in row {
                *x = (f64::from(*x) / length) as f32;
            }
        }
    }
    Ok(lengths)
}

/// IEEE half floats, little-endian, rounded to nearest even.
pub fn to_float16(values: &[f32]) -> Vec<u8> {
    let mut halves = vec![f16::ZERO; values.len()];
    halves.convert_from_f32_slice(values);
    halves.iter().flat_map(|h| h.to_le_bytes()).collect()
}

/// The floats behind little-endian half floats.
pub fn from_float16(bytes: &[u8]) -> Result<Vec<f32>, Error> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Error::Length);
    }
    let halves: Vec<f16> = pairs.iter().map(|pair| f16::from_le_bytes(*pair)).collect();
    let mut values = vec![0.0; halves.len()];
    halves.convert_to_f32_slice(&mut values);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_round_trip_what_they_can_hold() {
        let values = [0.0, -0.0, 1.0, -2.5, 65504.0, 6.103_515_6e-5, 5.960_464_5e-8];
        assert_eq!(from_float16(&to_float16(&values)).unwrap(), values);
        assert_eq!(from_float16(&[1]), Err(Error::Length));
    }

    #[test]
    fn half_floats_are_as_similar_as_the_floats_behind_them() {
        let dim = 24;
        let rows: Vec<f32> = (0..5 * dim).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
        let (query, lengths) = (&rows[..dim], [1.0, 2.5, 0.25, 3.0, 1e-3]);
        let halves = to_float16(&rows);
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            let mut floats = from_float16(&halves).unwrap();
            if metric == Metric::Cosine {
                to_unit(&mut floats, dim).unwrap();
            } else {
                for (row, length) in floats.chunks_exact_mut(dim).zip(lengths) {
                    for x in row {
                        *x *= length;
                    }
                }
            }
            let expected = similarities(metric, query, &floats).unwrap();
            assert_eq!(similarities_to_halves(metric, query, &halves, &lengths).unwrap(), expected);
        }
        assert_eq!(similarities_to_halves(Metric::Dot, query, &halves[1..], &lengths), Err(Error::Length));
    }

    #[test]
    fn a_row_with_nan_or_infinity_has_no_finite_length() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!norms(&[1.0, bad], 2).unwrap()[0].is_finite());
        }
        assert!(norms(&[f32::MAX, f32::MAX], 2).unwrap()[0].is_finite());
    }

    #[test]
    fn the_euclidean_estimate_of_exact_parts_is_the_euclidean_score() {
        let (q, x) = ([1.0, 2.0, -1.0], [0.5, 0.0, 3.0]);
        let exact = similarities(Metric::Euclidean, &q, &x).unwrap()[0];
        let dot = similarities(Metric::Dot, &q, &x).unwrap()[0];
        let estimate = Metric::Euclidean.finish(dot - 9.25 / 2.0, 6.0);
        assert!((exact - estimate).abs() < 1e-6, "{exact} {estimate}");
    }
}
