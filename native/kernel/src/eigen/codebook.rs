//! What a fit finds, as data: written once, read by every process that encodes or searches.

use super::descent::Rounds;
use super::{CENTROIDS, fit};
use crate::blob::{Reader, Writer};
use crate::codec::MAX_DIM;
use crate::{Error, Metric};

pub(crate) const MAGIC: [u8; 4] = *b"TEIG";
const VERSION: u32 = 1;

/// Sweeps and tries beyond which no codebook of ours goes.
const MAX_ROUNDS: usize = 64;

/// Values of the scale byte.
pub(crate) const GRID: usize = 256;

/// A run of coordinates that one nibble codes. Empty runs pad a codec that has more nibbles than it can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

impl Span {
    /// These coordinates of rows `[n][rank]`, `[n][length]`.
    pub(super) fn of(self, rows: &[f32], rank: usize) -> Vec<f32> {
        rows.chunks_exact(rank).flat_map(|row| &row[self.start..][..self.length]).copied().collect()
    }
}

/// What a fit finds, and all that is stored. Everything else is derived from it.
#[derive(Clone, Debug)]
pub(crate) struct Codebook {
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) bytes: usize,
    /// How encoding chooses nibbles.
    pub(super) rounds: Rounds,
    /// `[dim]`
    pub(crate) mean: Vec<f32>,
    /// `[rank][dim]`, orthonormal but for rounding to half floats, strongest first.
    pub(crate) rotation: Vec<f32>,
    /// `[rank]`, positive: square roots of what a coordinate's squared error costs.
    pub(crate) weights: Vec<f32>,
    /// `[2·bytes - 2]`
    pub(crate) spans: Vec<Span>,
    /// Span after span, `[length][16]`, in weighted coordinates.
    pub(crate) centroids: Vec<f32>,
    /// `[256]`, ascending: the values of the scale byte.
    pub(crate) grid: Vec<f32>,
}

impl Codebook {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Writer::new(MAGIC, VERSION);
        let rank = self.weights.len();
        for number in [self.dim, self.metric as usize, self.bytes, self.rounds.sweeps, self.rounds.tries, rank] {
            out.u32(number as u32);
        }
        out.f32s(&self.mean);
        out.f16s(&self.rotation);
        out.f32s(&self.weights);
        for span in &self.spans {
            out.u32(span.start as u32);
            out.u32(span.length as u32);
        }
        let scale = self.scale();
        out.f32s(&[scale]);
        out.f16s(&self.centroids.iter().map(|c| c / scale).collect::<Vec<_>>());
        out.f32s(&self.grid);
        out.finish()
    }

    /// Rounds the rotation to what is stored of it.
    pub(super) fn round_rotation(&mut self) {
        for v in &mut self.rotation {
            *v = half::f16::from_f32(*v).to_f32();
        }
    }

    /// A power of two that brings the centroids into the range of half floats, so that scaling by it is exact.
    fn scale(&self) -> f32 {
        let largest = self.centroids.iter().fold(0.0f32, |l, c| l.max(c.abs()));
        if largest > 0.0 { largest.log2().ceil().clamp(-120.0, 120.0).exp2() } else { 1.0 }
    }

    /// Rounds the centroids to what is stored of them.
    pub(super) fn round_centroids(&mut self) {
        let scale = self.scale();
        for c in &mut self.centroids {
            *c = half::f16::from_f32(*c / scale).to_f32() * scale;
        }
    }

    pub(super) fn read(blob: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::open(blob, MAGIC, VERSION)?;
        let dim = reader.number(1..=MAX_DIM)?;
        let metric = Metric::try_from(reader.number(0..=2)? as u8).map_err(|_| Error::Codebook)?;
        let bytes = reader.number(fit::BYTES)?;
        let rounds = Rounds { sweeps: reader.number(0..=MAX_ROUNDS)?, tries: reader.number(0..=MAX_ROUNDS)? };
        let rank = reader.number(0..=dim)?;
        let mean = reader.f32s(dim)?;
        let rotation = reader.f16s(rank * dim)?;
        let weights = reader.f32s(rank)?;
        let spans = (0..2 * bytes - 2)
            .map(|_| {
                let start = reader.number(0..=rank)?;
                Ok(Span { start, length: reader.number(0..=rank - start)? })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let scale = reader.f32s(1)?[0];
        let halves = reader.f16s(spans.iter().map(|span| span.length * CENTROIDS).sum())?;
        let centroids: Vec<f32> = halves.iter().map(|c| c * scale).collect();
        let grid = reader.f32s(GRID)?;
        reader.close()?;
        let sound = centroids.iter().all(|c| c.is_finite())
            && weights.iter().all(|w| *w > 0.0)
            && grid[0] > 0.0
            && grid.is_sorted();
        let codebook = Self { dim, metric, bytes, rounds, mean, rotation, weights, spans, centroids, grid };
        if sound { Ok(codebook) } else { Err(Error::Codebook) }
    }
}
