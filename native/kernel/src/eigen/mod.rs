//! The eigen codec: `SpectralQuant` made into a search codec.
//!
//! Coordinates are taken in the sample's eigenbasis, `z = Vᵀ(x - μ)`, and weighted by what an error in them costs a
//! search. The strongest are cut into M = 2·bytes - 2 sub-quantisers of 16 centroids each; strong coordinates get
//! several in turn (residual stages), runs of weak ones share one. Codebooks for few bytes are then refined: every
//! centroid may reach over all coordinates, as in additive quantisation. So a row is M nibbles and one byte of scale, and its
//! score against a float32 query is M look-ups in tables of 16 and one multiplication.
//!
//! What a byte of scale is worth: for unit vectors the length of the decoded row is an error one can undo, since the
//! true length is known to be 1. Under `Dot` the byte holds decoded over true length; under `Euclidean` the true
//! squared length.

pub(crate) mod allocate;
pub(crate) mod fit;
mod k_means;
mod refine;
pub(crate) mod score;

use crate::arch::{CENTROIDS, Nibble};
use crate::blob::{Reader, Writer};
use crate::codec::MAX_DIM;
use crate::metric::squared_length;
use crate::{Error, Isa, Metric};

pub(crate) const MAGIC: [u8; 4] = *b"TEIG";
const VERSION: u32 = 1;

/// Rows encoded at a time: their coordinates stay in the second-level cache.
const BATCH: usize = 128;

/// Sweeps beyond which no codebook of ours goes.
const MAX_SWEEPS: usize = 16;

/// Values of the scale byte.
pub(crate) const GRID: usize = 256;

/// A run of coordinates that one nibble codes. Empty runs pad a codec that has more nibbles than it can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// What a fit finds, and all that is stored. Everything else is derived from it.
#[derive(Clone, Debug)]
pub(crate) struct Codebook {
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) bytes: usize,
    /// How often encoding goes over the nibbles again, each chosen anew against what the others leave.
    pub(crate) sweeps: usize,
    /// `[dim]`
    pub(crate) mean: Vec<f32>,
    /// `[rank][dim]`, orthonormal, strongest first.
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
        for number in [self.dim, self.metric as usize, self.bytes, self.sweeps, rank] {
            out.u32(number as u32);
        }
        out.f32s(&self.mean);
        out.f32s(&self.rotation);
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

    /// A power of two that brings the centroids into the range of half floats, so that scaling by it is exact.
    fn scale(&self) -> f32 {
        let largest = self.centroids.iter().fold(0.0f32, |l, c| l.max(c.abs()));
        if largest > 0.0 { largest.log2().ceil().clamp(-120.0, 120.0).exp2() } else { 1.0 }
    }

    /// Rounds the centroids to what is stored of them.
    fn round_centroids(&mut self) {
        let scale = self.scale();
        for c in &mut self.centroids {
            *c = half::f16::from_f32(*c / scale).to_f32() * scale;
        }
    }

    fn read(blob: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::open(blob, MAGIC, VERSION)?;
        let dim = reader.number(1..=MAX_DIM)?;
        let metric = Metric::try_from(reader.number(0..=2)? as u8).map_err(|_| Error::Codebook)?;
        let bytes = reader.number(fit::BYTES)?;
        let sweeps = reader.number(0..=MAX_SWEEPS)?;
        let rank = reader.number(0..=dim)?;
        let mean = reader.f32s(dim)?;
        let rotation = reader.f32s(rank * dim)?;
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
        let codebook = Self { dim, metric, bytes, sweeps, mean, rotation, weights, spans, centroids, grid };
        if sound { Ok(codebook) } else { Err(Error::Codebook) }
    }
}

/// An eigen codebook, ready to encode and to score.
#[derive(Debug)]
pub struct EigenCodec {
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) bytes: usize,
    book: Codebook,
    /// Coordinates, padded to whole tiles.
    columns: usize,
    /// `[columns / 16][dim][16]`: to weighted coordinates, for encoding.
    weighted: Vec<f32>,
    /// The same to plain coordinates, for queries.
    plain: Vec<f32>,
    /// `Vᵀμ`, `[columns]`.
    mean_coordinates: Vec<f32>,
    /// `‖μ‖²`
    mean_squared: f64,
    /// Where each nibble's centroids begin, and their squared lengths.
    nibbles: Vec<(usize, [f32; CENTROIDS])>,
    /// Centroids in plain coordinates, laid out as in the codebook.
    plain_centroids: Vec<f32>,
    /// What each scale byte does to an estimated dot product.
    scales: Vec<f32>,
    offsets: Vec<f32>,
}

impl EigenCodec {
    pub(crate) fn parse(blob: &[u8]) -> Result<Self, Error> {
        Codebook::read(blob).map(Self::new)
    }

    pub(crate) fn new(book: Codebook) -> Self {
        let (dim, rank) = (book.dim, book.weights.len());
        let columns = rank.next_multiple_of(CENTROIDS);
        let tiles = |weight: &dyn Fn(usize) -> f32| {
            let mut tiles = vec![0.0; columns * dim];
            for column in 0..rank {
                let (tile, lane) = (column / CENTROIDS, column % CENTROIDS);
                for i in 0..dim {
                    tiles[(tile * dim + i) * CENTROIDS + lane] = book.rotation[column * dim + i] * weight(column);
                }
            }
            tiles
        };
        let weighted = tiles(&|column| book.weights[column]);
        let plain = tiles(&|_| 1.0);
        let mut mean_coordinates = vec![0.0; columns];
        Isa::best().rotate(&book.mean, dim, &plain, &mut mean_coordinates);

        let (mut nibbles, mut plain_centroids) = (Vec::new(), Vec::with_capacity(book.centroids.len()));
        for span in &book.spans {
            let begin = plain_centroids.len();
            let centroids = &book.centroids[begin..][..span.length * CENTROIDS];
            let norms = squared_lengths(centroids);
            for (column, weight) in centroids.as_chunks::<CENTROIDS>().0.iter().zip(&book.weights[span.start..]) {
                plain_centroids.extend(column.map(|c| c / weight));
            }
            nibbles.push((begin, norms));
        }
        let (scales, offsets) = match book.metric {
            Metric::Cosine | Metric::Dot => (book.grid.iter().map(|g| 1.0 / g).collect(), vec![0.0; GRID]),
            Metric::Euclidean => (vec![1.0; GRID], book.grid.iter().map(|g| -0.5 * g).collect()),
        };
        let (metric, bytes, mean_squared) = (book.metric, book.bytes, squared_length(&book.mean));
        Self {
            dim,
            metric,
            bytes,
            book,
            columns,
            weighted,
            plain,
            mean_coordinates,
            mean_squared,
            nibbles,
            plain_centroids,
            scales,
            offsets,
        }
    }

    fn nibble(&self, m: usize) -> Nibble<'_> {
        let (begin, norms) = &self.nibbles[m];
        let span = self.book.spans[m];
        let centroids = &self.book.centroids[*begin..][..span.length * CENTROIDS];
        Nibble { start: span.start, centroids, norms }
    }

    /// Those nibbles that code anything.
    fn coding_nibbles(&self) -> impl Iterator<Item = usize> {
        (0..self.nibbles.len()).filter(|m| self.book.spans[*m].length > 0)
    }

    /// Weighted coordinates `[n][columns]` of rows.
    fn coordinates(&self, isa: Isa, rows: &[f32]) -> Vec<f32> {
        let mut centred = rows.to_vec();
        for row in centred.chunks_exact_mut(self.dim) {
            for (x, mean) in row.iter_mut().zip(&self.book.mean) {
                *x -= mean;
            }
        }
        let mut out = vec![0.0; rows.len() / self.dim * self.columns];
        isa.rotate(&centred, self.dim, &self.weighted, &mut out);
        out
    }

    pub(crate) fn encode(&self, isa: Isa, rows: &[f32]) -> Vec<u8> {
        let mut codes = vec![0; rows.len() / self.dim * self.bytes];
        for (rows, codes) in rows.chunks(BATCH * self.dim).zip(codes.chunks_mut(BATCH * self.bytes)) {
            let n = rows.len() / self.dim;
            let mut residuals = self.coordinates(isa, rows);
            let mut numbers = vec![0; n];
            for m in self.coding_nibbles() {
                isa.quantise(&mut residuals, self.columns, self.nibble(m), &mut numbers);
                for (code, number) in codes.chunks_exact_mut(self.bytes).zip(&numbers) {
                    code[m / 2] |= number << (4 * (m % 2));
                }
            }
            for _ in 0..self.book.sweeps {
                for m in self.coding_nibbles() {
                    for (code, number) in codes.chunks_exact(self.bytes).zip(&mut numbers) {
                        *number = (code[m / 2] >> (4 * (m % 2))) & 15;
                    }
                    isa.requantise(&mut residuals, self.columns, self.nibble(m), &mut numbers);
                    for (code, number) in codes.chunks_exact_mut(self.bytes).zip(&numbers) {
                        code[m / 2] = code[m / 2] & (0xf0 >> (4 * (m % 2))) | number << (4 * (m % 2));
                    }
                }
            }
            for (row, code) in rows.chunks_exact(self.dim).zip(codes.chunks_exact_mut(self.bytes)) {
                let value = self.scale_of(row, code);
                code[self.bytes - 1] = nearest(&self.book.grid, value);
            }
        }
        codes
    }

    /// What the scale byte should say of a row whose nibbles are known.
    pub(crate) fn scale_of(&self, row: &[f32], code: &[u8]) -> f32 {
        let squared = squared_length(row);
        if self.metric == Metric::Euclidean {
            return squared as f32;
        }
        let decoded: f64 = self
            .plain_coordinates(code)
            .iter()
            .zip(&self.mean_coordinates)
            .map(|(z, m)| f64::from(*z) * (f64::from(*z) + 2.0 * f64::from(*m)))
            .sum();
        let length = (self.mean_squared + decoded).max(0.0).sqrt();
        if squared > 0.0 { (length / squared.sqrt()) as f32 } else { 1.0 }
    }

    /// Decoded coordinates `[columns]` in the eigenbasis.
    fn plain_coordinates(&self, code: &[u8]) -> Vec<f32> {
        let mut z = vec![0.0; self.columns];
        for (m, (span, (begin, _))) in self.book.spans.iter().zip(&self.nibbles).enumerate() {
            let number = usize::from((code[m / 2] >> (4 * (m % 2))) & 15);
            let centroids = &self.plain_centroids[*begin..][..span.length * CENTROIDS];
            for (z, column) in z[span.start..].iter_mut().zip(centroids.as_chunks::<CENTROIDS>().0) {
                *z += column[number];
            }
        }
        z
    }

    pub(crate) fn decode(&self, codes: &[u8]) -> Vec<f32> {
        let mut rows = Vec::with_capacity(codes.len() / self.bytes * self.dim);
        for code in codes.chunks_exact(self.bytes) {
            let begin = rows.len();
            rows.extend_from_slice(&self.book.mean);
            let row = &mut rows[begin..];
            for (z, axis) in self.plain_coordinates(code).iter().zip(self.book.rotation.chunks_exact(self.dim)) {
                for (x, v) in row.iter_mut().zip(axis) {
                    *x += z * v;
                }
            }
        }
        rows
    }
}

/// Squared length of each of 16 centroids `[length][16]`.
fn squared_lengths(centroids: &[f32]) -> [f32; CENTROIDS] {
    let mut squares = [0.0; CENTROIDS];
    for column in centroids.as_chunks::<CENTROIDS>().0 {
        for (square, c) in squares.iter_mut().zip(column) {
            *square += c * c;
        }
    }
    squares
}

/// Index of the value of `grid` (ascending) that is nearest to `value`; the lower one of two equally near.
fn nearest(grid: &[f32], value: f32) -> u8 {
    let above = grid.partition_point(|g| *g < value).min(grid.len() - 1);
    let below = above.saturating_sub(1);
    if value - grid[below] <= grid[above] - value { below as u8 } else { above as u8 }
}

#[cfg(test)]
mod tests;
