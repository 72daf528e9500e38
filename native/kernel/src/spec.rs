//! What to fit a codebook on, and which.

use crate::codec::MAX_DIM;
use crate::{Control, Error, Metric, eigen, fourier};

/// Which codec to fit, and how large its codes shall be.
#[derive(Clone, Copy, Debug)]
pub enum CodecSpec {
    /// `SpectralQuant` made into a search codec: `bytes` (2 to 512) a row; `seed` starts the k-means.
    Eigen {
        /// Bytes of code a row.
        bytes: usize,
        /// Start of the k-means.
        seed: u64,
        /// How much to spend on the codebook.
        effort: Effort,
    },
    /// `SpectraLTM`: the strongest bins of the real Fourier transform.
    Fourier(FourierSpec),
}

/// What a Fourier code keeps of a row.
#[derive(Clone, Copy, Debug)]
pub struct FourierSpec {
    /// Bins kept a row, at most dim / 2 + 1.
    pub top_k: usize,
    /// Bits of a magnitude, 1 to 16.
    pub mag_bits: u32,
    /// Bits of a phase, 1 to 16.
    pub phase_bits: u32,
    /// Bits of the norm, up to 16; with 0 it is not coded but summed from the magnitudes.
    pub norm_bits: u32,
}

/// How much to spend on a codebook, in time and in its own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Block codebooks: each nibble sees its own run of coordinates. Fast to fit and to encode with, and small.
    Fast,
    /// Additively refined codebooks: fewer errors a byte, for more time and a larger codebook.
    Best,
    /// What measures best for a store of this many rows, the codebook's own bytes counted.
    Rows(usize),
}

/// What a codebook is fitted on.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// `[n][dim]`, n at least 1; unit vectors under `Metric::Cosine`.
    pub rows: &'a [f32],
    /// `[m][dim]`, m may be 0: queries as they will be asked, for a codec that can use them.
    pub queries: &'a [f32],
}

impl<'a> Sample<'a> {
    /// Rows alone.
    pub fn of(rows: &'a [f32]) -> Self {
        Self { rows, queries: &[] }
    }
}

impl CodecSpec {
    /// Fourier codes as a store has them: a byte each for magnitude and phase, none for the norm.
    pub fn fourier(top_k: usize) -> Self {
        Self::Fourier(FourierSpec { top_k, mag_bits: 8, phase_bits: 8, norm_bits: 0 })
    }

    /// Fits a codebook. The same sample and seed give the same bytes on the same machine.
    pub fn fit(self, metric: Metric, dim: usize, sample: Sample<'_>, control: &Control) -> Result<Vec<u8>, Error> {
        let whole = |values: &[f32]| values.len().is_multiple_of(dim);
        if dim == 0 || dim > MAX_DIM || sample.rows.is_empty() || !whole(sample.rows) || !whole(sample.queries) {
            return Err(Error::Length);
        }
        match self {
            Self::Eigen { bytes, seed, effort } => eigen::fit::fit(metric, dim, sample, bytes, seed, effort, control),
            Self::Fourier(spec) => fourier::fit::fit(metric, dim, sample.rows, spec),
        }
    }
}
