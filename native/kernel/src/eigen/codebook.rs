//! What a fit finds, as data: written once, read by every process that encodes or searches.

use super::CENTROIDS;
use super::descent::Rounds;
use crate::blob::{Reader, WIDEST, Writer};
use crate::codec::MAX_DIM;
use crate::{Error, Metric};

pub(crate) const MAGIC: [u8; 4] = *b"TEIG";
const VERSION: u32 = 2;

/// Sweeps and tries beyond which no codebook of ours goes.
const MAX_ROUNDS: usize = 64;

/// The largest number that is packed.
const LARGEST: f32 = ((1 << (WIDEST - 1)) - 1) as f32;
/// Bytes a row that the codec can be fitted for.
pub(crate) const BYTES: std::ops::RangeInclusive<usize> = 2..=512;

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
    /// `[rank][dim]`, orthonormal but for rounding, strongest first.
    pub(crate) rotation: Vec<f32>,
    /// What the rotation's components are multiples of.
    pub(super) rotation_step: f32,
    /// `[rank]`, positive: square roots of what a coordinate's squared error costs.
    pub(crate) weights: Vec<f32>,
    /// `[2·bytes - 2]`
    pub(crate) spans: Vec<Span>,
    /// Span after span, `[length][16]`, in weighted coordinates.
    pub(crate) centroids: Vec<f32>,
    /// What the centroids' components are multiples of.
    pub(super) centroid_step: f32,
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
        out.f32s(&[self.rotation_step]);
        out.packed(&steps_of(&self.rotation, self.rotation_step));
        out.f32s(&self.weights);
        for span in &self.spans {
            out.u32(span.start as u32);
            out.u32(span.length as u32);
        }
        out.f32s(&[self.centroid_step]);
        out.packed(&steps_of(&self.centroids, self.centroid_step));
        out.f32s(&self.grid);
        out.finish()
    }

    /// Rounds the rotation to multiples of `step`, as it will be stored.
    pub(super) fn round_rotation(&mut self, step: f32) {
        self.rotation_step = round(&mut self.rotation, step);
    }

    /// Rounds the centroids to multiples of `step`, as they will be stored.
    pub(super) fn round_centroids(&mut self, step: f32) {
        self.centroid_step = round(&mut self.centroids, step);
    }

    pub(super) fn read(blob: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::open(blob, MAGIC, VERSION)?;
        let dim = reader.number(1..=MAX_DIM)?;
        let metric = Metric::try_from(reader.number(0..=2)? as u8).map_err(|_| Error::Codebook)?;
        let bytes = reader.number(BYTES)?;
        let rounds = Rounds { sweeps: reader.number(0..=MAX_ROUNDS)?, tries: reader.number(0..=MAX_ROUNDS)? };
        let rank = reader.number(0..=dim)?;
        let mean = reader.f32s(dim)?;
        let rotation_step = reader.f32s(1)?[0];
        let rotation = multiples_of(rotation_step, &reader.packed(rank * dim)?);
        let weights = reader.f32s(rank)?;
        let spans = (0..2 * bytes - 2)
            .map(|_| {
                let start = reader.number(0..=rank)?;
                Ok(Span { start, length: reader.number(0..=rank - start)? })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let centroid_step = reader.f32s(1)?[0];
        let count = spans.iter().map(|span| span.length * CENTROIDS).sum();
        let centroids = multiples_of(centroid_step, &reader.packed(count)?);
        let grid = reader.f32s(GRID)?;
        reader.close()?;
        let sound = centroids.iter().chain(&rotation).all(|c| c.is_finite())
            && weights.iter().all(|w| *w > 0.0)
            && grid[0] > 0.0
            && grid.is_sorted();
        let codebook = Self {
            dim,
            metric,
            bytes,
            rounds,
            mean,
            rotation,
            rotation_step,
            weights,
            spans,
            centroids,
            centroid_step,
            grid,
        };
        if sound { Ok(codebook) } else { Err(Error::Codebook) }
    }
}

/// Rounds values to multiples of `step`, or of a larger one where packed numbers would not reach the largest of them.
fn round(values: &mut [f32], step: f32) -> f32 {
    let largest = values.iter().fold(0.0f32, |l, v| l.max(v.abs()));
    let step = step.max(largest / LARGEST).max(f32::MIN_POSITIVE);
    for value in values {
        *value = (*value / step).round() * step;
    }
    step
}

/// How many steps each value is.
fn steps_of(values: &[f32], step: f32) -> Vec<i16> {
    values.iter().map(|value| (value / step).round() as i16).collect()
}

fn multiples_of(step: f32, steps: &[i16]) -> Vec<f32> {
    steps.iter().map(|steps| f32::from(*steps) * step).collect()
}
