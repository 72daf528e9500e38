//! `SpectralQuant`'s quantiser: a row is rotated into the eigenbasis, and each coordinate, in units of the square root
//! of its eigenvalue, becomes the number of a Lloyd–Max level. Coordinates with as many bits share a codebook.
//!
//! A code is the numbers one after the other, each lowest bit first, in whole bytes. It depends on rotation,
//! eigenvalues, bits, levels and the row alone, to the bit on every machine.

use crate::lloyd_max::{self, REACH, Weighted};
use crate::rotation::Rotation;
use crate::{Error, Isa};

/// Most bits of one coordinate.
const MAX_BITS: u8 = 8;

/// Rows at a time.
const BATCH: usize = 128;

/// How many coordinates, of all widths together, a fit looks at; of a larger sample it takes rows evenly.
const FIT: usize = 1 << 22;

/// A quantiser at work.
#[derive(Debug)]
pub struct SpectralQuantizer {
    rotation: Rotation,
    /// Standard deviation of each coordinate.
    spreads: Vec<f64>,
    bits: Vec<u8>,
    bytes: usize,
    /// By number of bits; empty where no coordinate has so many.
    codebooks: Vec<Vec<f32>>,
    /// For each coordinate, what its level numbers stand for, ascending.
    points: Vec<Vec<f32>>,
    /// Between those.
    boundaries: Vec<Vec<f32>>,
}

impl SpectralQuantizer {
    /// `rotation` `[dim][dim]` with eigenvectors as columns, an eigenvalue and 0 to 8 bits for each; `levels`: the
    /// codebooks that [`levels`](Self::levels) gave, by default the Gaussian ones.
    pub fn new(rotation: &[f32], eigenvalues: &[f64], bits: &[u8], levels: Option<&[f32]>) -> Result<Self, Error> {
        let dim = bits.len();
        let rotation = Rotation::new(rotation, dim)?;
        if eigenvalues.len() != dim {
            return Err(Error::Length);
        }
        let total: usize = bits.iter().map(|bits| usize::from(*bits)).sum();
        if total == 0 || bits.iter().any(|bits| *bits > MAX_BITS) || !eigenvalues.iter().all(|value| *value >= 0.0) {
            return Err(Error::Parameter);
        }
        let mut codebooks = vec![Vec::new(); usize::from(MAX_BITS) + 1];
        let mut rest = levels;
        for width in (0..=MAX_BITS).filter(|width| bits.contains(width)) {
            codebooks[usize::from(width)] = match &mut rest {
                Some(rest) => rest.split_off(..1 << width).ok_or(Error::Length)?.to_vec(),
                None => lloyd_max::gaussian_levels(width),
            };
        }
        if rest.is_some_and(|rest| !rest.is_empty()) {
            return Err(Error::Length);
        }
        let sound = |levels: &Vec<f32>| levels.is_sorted() && levels.iter().all(|l| f64::from(l.abs()) <= REACH);
        if !codebooks.iter().all(sound) {
            return Err(Error::Parameter);
        }
        let spreads: Vec<f64> = eigenvalues.iter().map(|value| value.sqrt()).collect();
        let (mut points, mut boundaries) = (Vec::with_capacity(dim), Vec::with_capacity(dim));
        for (spread, bits) in spreads.iter().zip(bits) {
            let levels = &codebooks[usize::from(*bits)];
            let middle = |pair: &[f32]| (spread * f64::midpoint(f64::from(pair[0]), f64::from(pair[1]))) as f32;
            points.push(levels.iter().map(|level| (spread * f64::from(*level)) as f32).collect());
            boundaries.push(levels.windows(2).map(middle).collect());
        }
        let bytes = total.div_ceil(8);
        Ok(Self { rotation, spreads, bits: bits.to_vec(), bytes, codebooks, points, boundaries })
    }

    /// Bytes of code a row.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The codebooks one after the other, from the fewest bits to the most, each `2^bits` levels ascending.
    pub fn levels(&self) -> Vec<f32> {
        self.codebooks.concat()
    }

    /// Levels as [`levels`](Self::levels), fitted to a sample of rows: each codebook has the least squared error that
    /// Lloyd's rounds find over all coordinates that share it, so the wide ones decide.
    pub fn fit(&self, sample: &[f32]) -> Result<Vec<f32>, Error> {
        self.check_rows(sample)?;
        let dim = self.bits.len();
        let every = sample.len().div_ceil(FIT).max(1);
        let widest = self.spreads.iter().fold(0.0, |widest: f64, spread| widest.max(*spread));
        let mut values = vec![Vec::new(); self.codebooks.len()];
        let mut coordinates = vec![0.0; dim];
        for row in sample.chunks_exact(dim).step_by(every) {
            self.rotation.forward(Isa::best(), row, &mut coordinates);
            for ((y, spread), bits) in coordinates.iter().zip(&self.spreads).zip(&self.bits) {
                // One without spread has one point, whatever its levels, and one without bits has no choice.
                if *spread > 0.0 && *bits > 0 {
                    let weight = (spread / widest).powi(2);
                    values[usize::from(*bits)].push(Weighted { value: f64::from(*y) / spread, weight });
                }
            }
        }
        let fitted = self.codebooks.iter().zip(values).map(|(levels, values)| lloyd_max::fitted_levels(values, levels));
        Ok(fitted.collect::<Vec<_>>().concat())
    }

    /// Codes `[n][bytes]` of rows `[n][dim]`.
    pub fn encode(&self, rows: &[f32]) -> Result<Vec<u8>, Error> {
        self.encode_on(Isa::best(), rows)
    }

    fn encode_on(&self, isa: Isa, rows: &[f32]) -> Result<Vec<u8>, Error> {
        self.check_rows(rows)?;
        let dim = self.bits.len();
        let mut codes = vec![0u8; rows.len() / dim * self.bytes];
        let mut coordinates = vec![0.0; BATCH * dim];
        for (rows, codes) in rows.chunks(BATCH * dim).zip(codes.chunks_mut(BATCH * self.bytes)) {
            let coordinates = &mut coordinates[..rows.len()];
            self.rotation.forward(isa, rows, coordinates);
            for (coordinates, code) in coordinates.chunks_exact(dim).zip(codes.chunks_exact_mut(self.bytes)) {
                self.pack(coordinates, code);
            }
        }
        Ok(codes)
    }

    /// The rows `[n][dim]` that codes `[n][bytes]` stand for.
    pub fn decode(&self, codes: &[u8]) -> Result<Vec<f32>, Error> {
        self.decode_on(Isa::best(), codes)
    }

    fn decode_on(&self, isa: Isa, codes: &[u8]) -> Result<Vec<f32>, Error> {
        if !codes.len().is_multiple_of(self.bytes) {
            return Err(Error::Length);
        }
        let dim = self.bits.len();
        let mut rows = vec![0.0; codes.len() / self.bytes * dim];
        let mut coordinates = vec![0.0; BATCH * dim];
        for (rows, codes) in rows.chunks_mut(BATCH * dim).zip(codes.chunks(BATCH * self.bytes)) {
            let coordinates = &mut coordinates[..rows.len()];
            for (coordinates, code) in coordinates.chunks_exact_mut(dim).zip(codes.chunks_exact(self.bytes)) {
                self.unpack(code, coordinates);
            }
            self.rotation.backward(isa, coordinates, rows);
        }
        Ok(rows)
    }

    fn pack(&self, coordinates: &[f32], code: &mut [u8]) {
        let mut at = 0;
        for ((y, boundaries), bits) in coordinates.iter().zip(&self.boundaries).zip(&self.bits) {
            let number = boundaries.partition_point(|boundary| boundary < y) << (at % 8);
            // A number of at most 8 bits lies in at most two bytes.
            for (byte, part) in code[at / 8..].iter_mut().zip([number as u8, (number >> 8) as u8]) {
                *byte |= part;
            }
            at += usize::from(*bits);
        }
    }

    fn unpack(&self, code: &[u8], coordinates: &mut [f32]) {
        let mut at = 0;
        for ((y, points), bits) in coordinates.iter_mut().zip(&self.points).zip(&self.bits) {
            let byte = |i: usize| usize::from(code.get(i).copied().unwrap_or(0));
            let number = (byte(at / 8) | byte(at / 8 + 1) << 8) >> (at % 8);
            *y = points[number & ((1 << bits) - 1)];
            at += usize::from(*bits);
        }
    }

    fn check_rows(&self, rows: &[f32]) -> Result<(), Error> {
        if rows.len().is_multiple_of(self.bits.len()) { Ok(()) } else { Err(Error::Length) }
    }
}

#[cfg(all(test, feature = "fit"))]
mod tests {
    use super::*;
    use crate::eigenbasis::{Eigenbasis, eigenbasis};
    use proptest::prelude::*;

    /// Rows, and a quantiser of theirs with bits as given.
    fn problem() -> impl Strategy<Value = (Vec<f32>, Eigenbasis, SpectralQuantizer)> {
        (1usize..40, 1usize..200)
            .prop_flat_map(|(dim, n)| {
                (proptest::collection::vec(-9f32..9.0, n * dim), proptest::collection::vec(0..=MAX_BITS, dim))
            })
            .prop_filter("some bits", |(_, bits)| bits.iter().any(|bits| *bits > 0))
            .prop_map(|(rows, bits)| {
                let basis = eigenbasis(&rows, bits.len()).unwrap();
                let quantizer = SpectralQuantizer::new(&basis.rotation, &basis.eigenvalues, &bits, None).unwrap();
                (rows, basis, quantizer)
            })
    }

    proptest! {
        #[test]
        fn every_instruction_set_gives_the_same_codes_and_rows((rows, _, quantizer) in problem()) {
            let codes = quantizer.encode(&rows).unwrap();
            let decoded = quantizer.decode(&codes).unwrap();
            prop_assert_eq!(codes.len(), rows.len() / quantizer.bits.len() * quantizer.bytes());
            for isa in Isa::available() {
                prop_assert_eq!(&quantizer.encode_on(isa, &rows).unwrap(), &codes);
                prop_assert_eq!(&quantizer.decode_on(isa, &codes).unwrap(), &decoded);
            }
        }

        #[test]
        fn a_code_names_the_nearest_level_of_each_coordinate((rows, _, quantizer) in problem()) {
            let dim = quantizer.bits.len();
            let (mut y, mut z) = (vec![0.0; dim], vec![0.0; dim]);
            quantizer.rotation.forward(Isa::best(), &rows[..dim], &mut y);
            quantizer.unpack(&quantizer.encode(&rows[..dim]).unwrap(), &mut z);
            for (j, points) in quantizer.points.iter().enumerate() {
                let least = points.iter().map(|point| (point - y[j]).abs()).fold(f32::INFINITY, f32::min);
                prop_assert!((z[j] - y[j]).abs() <= least * 1.000_01 + 1e-6);
            }
        }

        #[test]
        fn any_bytes_decode_to_finite_rows((_, _, quantizer) in problem(), byte in any::<u8>()) {
            let rows = quantizer.decode(&vec![byte; 3 * quantizer.bytes()]).unwrap();
            prop_assert!(rows.iter().all(|x| x.is_finite()));
        }

        #[test]
        fn fitted_levels_code_their_sample_no_worse_and_can_be_given_back((rows, basis, quantizer) in problem()) {
            let levels = quantizer.fit(&rows).unwrap();
            let fitted =
                SpectralQuantizer::new(&basis.rotation, &basis.eigenvalues, &quantizer.bits, Some(&levels)).unwrap();
            prop_assert_eq!(&fitted.levels(), &levels);
            let error = |quantizer: &SpectralQuantizer| -> f64 {
                let decoded = quantizer.decode(&quantizer.encode(&rows).unwrap()).unwrap();
                rows.iter().zip(&decoded).map(|(x, y)| f64::from(x - y).powi(2)).sum()
            };
            prop_assert!(error(&fitted) <= error(&quantizer) * 1.000_1 + 1e-6 * rows.len() as f64);
        }
    }

    #[test]
    fn bad_parts_are_refused() {
        let identity = [1.0, 0.0, 0.0, 1.0];
        let new =
            |eigenvalues: &[f64], bits: &[u8], levels| SpectralQuantizer::new(&identity, eigenvalues, bits, levels);
        assert!(new(&[2.0, 1.0], &[1, 0], Some(&[0.0, -1.0, 1.0])).is_ok());
        for (eigenvalues, bits) in
            [([2.0, 1.0], [0, 0]), ([2.0, 1.0], [9, 0]), ([2.0, f64::NAN], [1, 1]), ([2.0, -1.0], [1, 1])]
        {
            assert_eq!(new(&eigenvalues, &bits, None).unwrap_err(), Error::Parameter);
        }
        assert_eq!(new(&[2.0], &[1, 1], None).unwrap_err(), Error::Length);
        assert_eq!(new(&[2.0, 1.0], &[1], None).unwrap_err(), Error::Length);
        assert_eq!(new(&[2.0, 1.0], &[1, 1], Some(&[0.0])).unwrap_err(), Error::Length);
        assert_eq!(new(&[2.0, 1.0], &[1, 1], Some(&[0.0; 3])).unwrap_err(), Error::Length);
        assert_eq!(new(&[2.0, 1.0], &[1, 1], Some(&[1.0, 0.0])).unwrap_err(), Error::Parameter);
        assert_eq!(new(&[2.0, 1.0], &[1, 1], Some(&[0.0, f32::NAN])).unwrap_err(), Error::Parameter);
        let quantizer = new(&[2.0, 1.0], &[8, 1], None).unwrap();
        assert_eq!(quantizer.encode(&[1.0; 3]).unwrap_err(), Error::Length);
        assert_eq!(quantizer.fit(&[1.0; 3]).unwrap_err(), Error::Length);
        assert_eq!(quantizer.decode(&[1; 3]).unwrap_err(), Error::Length);
        assert_eq!(quantizer.encode(&[]).unwrap(), [0u8; 0]);
    }
}
