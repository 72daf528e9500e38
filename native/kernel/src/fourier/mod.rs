//! The Fourier codec: `SpectraLTM`'s sparse spectral codes.
//!
//! A row's real Fourier transform has dim/2 + 1 bins; the K of largest magnitude are kept, each as its number, a
//! magnitude and a phase, both rounded to grids. A code is K numbers | K magnitudes | K phases | norm, each field one byte
//! wide or, above 256 bins or 8 bits, two.
//!
//! The norm is the length of the row cut to its kept bins, and magnitudes are then relative to it: rows of very different
//! lengths share one grid. Without norm bits, as the store has it, magnitudes are absolute and the norm is summed from
//! them: a store's rows are of one length, and 24 bytes hold one bin more than 24 bytes and a norm.
//!
//! Score: Σ over kept bins of w·Re(q̂·conj(x̂)) / dim with w = 2, but 1 for the first bin and, when dim is even, the
//! last, by Parseval's theorem the dot product with the decoded row; under `Cosine` over the norm.

mod analysis;
#[cfg(feature = "fit")]
pub(crate) mod fit;
pub(crate) mod score;
#[cfg(all(test, feature = "fit"))]
mod tests;
mod transform;

use num_complex::Complex;

use crate::blob::Reader;
use crate::codec::MAX_DIM;
use crate::{Error, Metric};
use analysis::Analysis;
use transform::{Scratch, Transform};

pub(crate) const MAGIC: [u8; 4] = *b"TFOU";
const VERSION: u32 = 1;

/// A Fourier codebook, ready to encode and to score.
#[derive(Debug)]
pub struct FourierCodec {
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) bytes: usize,
    layout: Layout,
    /// Ascending, evenly spaced.
    magnitudes: Vec<f32>,
    /// First and step of the grid of magnitudes, if it is a line to the bit.
    line: Option<[f32; 2]>,
    /// Cosine and sine of each phase. Stored, never computed anew: no two math libraries agree on them.
    phases: Vec<[f32; 2]>,
    /// Ascending, the first 0; empty where the norm is not coded.
    norms: Vec<f32>,
    /// Parseval's weight of each bin.
    weights: Vec<f32>,
    transform: Transform,
}

/// Bins of a code, and how many bytes wide each field is.
#[derive(Clone, Copy, Debug)]
struct Layout {
    top_k: usize,
    index: usize,
    magnitude: usize,
    phase: usize,
    norm: usize,
}

/// One kept bin of a code: its number, and its levels on the grids.
struct Bin {
    index: usize,
    magnitude: usize,
    phase: usize,
}

fn bins_of(dim: usize) -> usize {
    dim / 2 + 1
}

/// Parseval's weight of a bin, over dim.
fn weight(dim: usize, bin: usize) -> f32 {
    let alone = bin == 0 || 2 * bin == dim;
    (if alone { 1.0 } else { 2.0 }) / dim as f32
}

/// The field at `i` of fields of `width` bytes, 1 or 2.
#[inline]
fn field(bytes: &[u8], width: usize, i: usize) -> usize {
    if width == 1 { usize::from(bytes[i]) } else { usize::from(bytes[2 * i]) | usize::from(bytes[2 * i + 1]) << 8 }
}

fn put(code: &mut Vec<u8>, width: usize, value: usize) {
    code.extend(&value.to_le_bytes()[..width]);
}

impl Layout {
    fn new(dim: usize, top_k: usize, mag_bits: usize, phase_bits: usize, norm_bits: usize) -> Self {
        let index = if bins_of(dim) <= 256 { 1 } else { 2 };
        Self {
            top_k,
            index,
            magnitude: mag_bits.div_ceil(8),
            phase: phase_bits.div_ceil(8),
            norm: norm_bits.div_ceil(8),
        }
    }

    fn bytes(&self) -> usize {
        self.top_k * (self.index + self.magnitude + self.phase) + self.norm
    }

    /// The kept bins of a code.
    fn bins<'a>(&self, code: &'a [u8]) -> impl Iterator<Item = Bin> + use<'a> {
        let Self { top_k, index, magnitude, phase, .. } = *self;
        let (indices, rest) = code.split_at(top_k * index);
        let (magnitudes, rest) = rest.split_at(top_k * magnitude);
        let phases = &rest[..top_k * phase];
        (0..top_k).map(move |i| Bin {
            index: field(indices, index, i),
            magnitude: field(magnitudes, magnitude, i),
            phase: field(phases, phase, i),
        })
    }

    /// Level of the norm; there must be one.
    fn norm(&self, code: &[u8]) -> usize {
        field(&code[code.len() - self.norm..], self.norm, 0)
    }
}

impl FourierCodec {
    pub(crate) fn parse(blob: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::open(blob, MAGIC, VERSION)?;
        let dim = reader.number(1..=MAX_DIM)?;
        let metric = Metric::try_from(reader.number(0..=2)? as u8).map_err(|_| Error::Codebook)?;
        let top_k = reader.number(1..=bins_of(dim))?;
        let (mag_bits, phase_bits) = (reader.number(1..=16)?, reader.number(1..=16)?);
        let norm_bits = reader.number(0..=16)?;
        let magnitudes = reader.f32s(1 << mag_bits)?;
        let phases = reader.f32s(2 << phase_bits)?.as_chunks::<2>().0.to_vec();
        let norms = reader.f32s(if norm_bits == 0 { 0 } else { 1 << norm_bits })?;
        reader.close()?;
        let ascending = magnitudes.is_sorted() && norms.is_sorted();
        if !ascending || magnitudes[0] < 0.0 || norms.first().is_some_and(|least| *least != 0.0) {
            return Err(Error::Codebook);
        }
        let layout = Layout::new(dim, top_k, mag_bits, phase_bits, norm_bits);
        let weights = (0..bins_of(dim)).map(|bin| weight(dim, bin)).collect();
        let transform = Transform::new(dim);
        let line = score::line(&magnitudes);
        Ok(Self { dim, metric, bytes: layout.bytes(), layout, magnitudes, line, phases, norms, weights, transform })
    }

    /// Whether codes hold rows' lengths, and not only their directions or magnitudes.
    pub(crate) fn codes_norms(&self) -> bool {
        !self.norms.is_empty()
    }

    pub(crate) fn encode(&self, rows: &[f32]) -> Result<Vec<u8>, Error> {
        let mut analysis = Analysis::new(&self.transform, self.layout.top_k);
        let mut codes = Vec::with_capacity(rows.len() / self.dim * self.bytes);
        for row in rows.chunks_exact(self.dim) {
            let norm = if self.codes_norms() {
                Some(analysis.cut_to_unit(row)?)
            } else {
                analysis.cut(row.iter().copied());
                None
            };
            let kept = || analysis.kept.iter().map(|bin| (*bin, analysis.spectrum[*bin]));
            kept().for_each(|(bin, _)| put(&mut codes, self.layout.index, bin));
            kept().for_each(|(_, value)| put(&mut codes, self.layout.magnitude, self.magnitude_of(value)));
            kept().for_each(|(_, value)| put(&mut codes, self.layout.phase, self.phase_of(value)));
            if let Some(norm) = norm {
                put(&mut codes, self.layout.norm, self.norm_of(norm));
            }
        }
        Ok(codes)
    }

    fn magnitude_of(&self, value: Complex<f32>) -> usize {
        let last = self.magnitudes.len() - 1;
        let (low, high) = (self.magnitudes[0], self.magnitudes[last]);
        if high <= low {
            return 0;
        }
        // A float below 0 becomes 0, so magnitudes beyond the grid take its ends.
        (((value.norm_sqr().sqrt() - low) / (high - low) * last as f32 + 0.5) as usize).min(last)
    }

    fn phase_of(&self, value: Complex<f32>) -> usize {
        let levels = self.phases.len() as i32;
        let turns = libm::atan2f(value.im, value.re) / std::f32::consts::TAU;
        ((turns * levels as f32).round() as i32).rem_euclid(levels) as usize
    }

    /// The level nearest to a norm; the first one is for 0 alone.
    fn norm_of(&self, norm: f32) -> usize {
        if norm == 0.0 {
            return 0;
        }
        let above = self.norms.partition_point(|level| *level < norm).clamp(1, self.norms.len() - 1);
        let nearer_below = above > 1 && norm - self.norms[above - 1] <= self.norms[above] - norm;
        if nearer_below { above - 1 } else { above }
    }

    fn value(&self, bin: &Bin) -> Complex<f32> {
        let [cos, sin] = self.phases[bin.phase];
        Complex::new(cos, sin) * self.magnitudes[bin.magnitude]
    }

    /// What the magnitudes of a code are relative to.
    fn norm(&self, code: &[u8]) -> f32 {
        if self.codes_norms() { self.norms[self.layout.norm(code)] } else { 1.0 }
    }

    /// Whether all that `codes` `[n][bytes]` name exists, each bin once and in ascending order.
    pub(crate) fn valid(&self, codes: &[u8]) -> bool {
        codes.chunks_exact(self.bytes).all(|code| {
            let mut next = 0;
            let known = self.layout.bins(code).all(|bin| {
                let ascends = bin.index >= next && bin.index < bins_of(self.dim);
                next = bin.index + 1;
                ascends && bin.magnitude < self.magnitudes.len() && bin.phase < self.phases.len()
            });
            known && (!self.codes_norms() || self.layout.norm(code) < self.norms.len())
        })
    }

    pub(crate) fn decode(&self, codes: &[u8]) -> Result<Vec<f32>, Error> {
        if !self.valid(codes) {
            return Err(Error::Parameter);
        }
        let (mut spectrum, mut scratch) = (vec![Complex::default(); bins_of(self.dim)], Scratch::default());
        let mut rows = vec![0.0; codes.len() / self.bytes * self.dim];
        for (code, row) in codes.chunks_exact(self.bytes).zip(rows.chunks_exact_mut(self.dim)) {
            spectrum.fill(Complex::default());
            for bin in self.layout.bins(code) {
                let value = self.value(&bin) / self.dim as f32;
                // The first bin and the middle one of an even transform are real.
                let real = bin.index == 0 || 2 * bin.index == self.dim;
                spectrum[bin.index] = if real { Complex::new(value.re, 0.0) } else { value };
            }
            self.transform.inverse(&spectrum, row, &mut scratch);
            let norm = self.norm(code);
            for x in row {
                *x *= norm;
            }
        }
        Ok(rows)
    }
}
