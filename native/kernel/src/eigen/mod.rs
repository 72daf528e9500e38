//! The eigen codec: `SpectralQuant` made into a search codec.
//!
//! Coordinates are taken in the sample's eigenbasis, `z = Vᵀ(x - μ)`, and weighted by what an error in them costs a
//! search. The strongest are cut into M = 2·bytes - 2 sub-quantisers of 16 centroids each; strong coordinates get
//! several in turn (residual stages), runs of weak ones share one. Codebooks for few bytes are then refined: every
//! centroid may reach over all coordinates, as in additive quantisation. So a row is M nibbles and one byte of scale, and its
//! score against a float32 query is M look-ups in tables of 16 and one multiplication.
//!
//! What a byte of scale is worth: the length of the decoded row is an error one can undo, since the true length is known.
//! The byte holds decoded over true length to the power of ¾, which measured better than 1 and ½: undoing all of it makes
//! more of the error than of the row. Under `Euclidean` it holds the true squared length.

#[cfg(feature = "fit")]
pub(crate) mod allocate;
mod codebook;
mod descent;
#[cfg(feature = "fit")]
pub(crate) mod fit;
#[cfg(feature = "fit")]
mod k_means;
mod layout;
#[cfg(feature = "fit")]
mod refine;
pub(crate) mod score;
mod steps;

use std::sync::OnceLock;

use crate::arch::{CENTROIDS, tiles};
use crate::metric::squared_length;
use crate::{Error, Isa, Metric};
pub(crate) use codebook::MAGIC;
use codebook::{Codebook, GRID, Span};
use descent::Run;
pub(crate) use layout::Groups;
use layout::Layout;
use steps::Steps;

/// Rows encoded at a time: they share each load of centroids and of their products from memory.
const BATCH: usize = 1024;

/// The share of a code's bytes that a progressive scan reads of every row. Refined codebooks spread what they know over all bytes:
/// with less than two thirds, too many rows need their other bytes too.
const NEAR_SHARE: (usize, usize) = (2, 3);

/// An eigen codebook, ready to encode and to score.
#[derive(Debug)]
pub struct EigenCodec {
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) bytes: usize,
    book: Codebook,
    /// Coordinates, padded to whole tiles.
    columns: usize,
    /// Made when a row is first encoded: most processes only search, and this is the larger part.
    encoder: OnceLock<Encoder>,
    /// `Vᵀμ`, `[columns]`.
    mean_coordinates: Vec<f32>,
    /// `‖μ‖²`
    mean_squared: f64,
    /// Where each nibble's centroids begin.
    begins: Vec<usize>,
    /// Made when a row is first scored.
    scorer: OnceLock<Scorer>,
    /// Where codes lie in RAM.
    layout: Layout,
    /// What each scale byte does to an estimated dot product.
    scales: Vec<f32>,
    offsets: Vec<f32>,
}

/// What searching takes and encoding does not.
#[derive(Debug)]
struct Scorer {
    /// Sixteen axes after the other.
    axes: Steps,
    /// Centroids in weighted coordinates, run by run.
    centroids: Vec<Steps>,
}

/// What encoding takes and searching does not.
#[derive(Debug)]
struct Encoder {
    /// `[columns / 16][dim][16]`: to coordinates.
    axes: Vec<f32>,
    /// Nibbles in runs that reach over the same coordinates.
    runs: Vec<Run>,
}

impl EigenCodec {
    pub(crate) fn parse(blob: &[u8]) -> Result<Self, Error> {
        Codebook::read(blob).map(Self::new)
    }

    pub(crate) fn new(book: Codebook) -> Self {
        let (dim, rank) = (book.dim, book.weights.len());
        let columns = rank.next_multiple_of(CENTROIDS);
        let mut mean_coordinates = vec![0.0; columns];
        Isa::best().dots(&book.mean, &book.rotation, &mut mean_coordinates[..rank]);

        let (mut begins, mut begin) = (Vec::with_capacity(book.spans.len()), 0);
        for span in &book.spans {
            begins.push(begin);
            begin += span.length * CENTROIDS;
        }
        let (scales, offsets) = match book.metric {
            Metric::Cosine | Metric::Dot => (book.grid.iter().map(|g| 1.0 / g).collect(), vec![0.0; GRID]),
            Metric::Euclidean => (vec![1.0; GRID], book.grid.iter().map(|g| -0.5 * g).collect()),
        };
        let near = (book.bytes - 1) * NEAR_SHARE.0 / NEAR_SHARE.1;
        let layout = Layout::new(&energies(&book), near);
        let (metric, bytes, mean_squared) = (book.metric, book.bytes, squared_length(&book.mean));
        Self {
            dim,
            metric,
            bytes,
            book,
            columns,
            encoder: OnceLock::new(),
            mean_coordinates,
            mean_squared,
            begins,
            scorer: OnceLock::new(),
            layout,
            scales,
            offsets,
        }
    }

    fn encoder(&self, isa: Isa) -> &Encoder {
        self.encoder.get_or_init(|| {
            let run = |first, span, centroids: &[f32]| Run::new(isa, first, span, centroids);
            Encoder { axes: self.axes(), runs: runs_of(&self.book, &self.begins, run) }
        })
    }

    fn scorer(&self) -> &Scorer {
        self.scorer.get_or_init(|| {
            let book = &self.book;
            let steps = |first, span, centroids: &[f32]| Steps::new(first, span, centroids, book.centroid_step);
            let whole = Span { start: 0, length: self.dim };
            Scorer {
                axes: Steps::new(0, whole, &self.axes(), book.rotation_step),
                centroids: runs_of(book, &self.begins, steps),
            }
        })
    }

    /// The rotation, `[columns / 16][dim][16]`.
    fn axes(&self) -> Vec<f32> {
        tiles(self.dim, self.book.weights.len(), |i, column| self.book.rotation[column * self.dim + i])
    }

    /// Weighted coordinates `[n][rank]` of rows.
    fn coordinates(&self, isa: Isa, rows: &[f32]) -> Vec<f32> {
        let mut centred = rows.to_vec();
        for row in centred.chunks_exact_mut(self.dim) {
            for (x, mean) in row.iter_mut().zip(&self.book.mean) {
                *x -= mean;
            }
        }
        let mut plain = vec![0.0; rows.len() / self.dim * self.columns];
        isa.rotate(&centred, self.dim, &self.encoder(isa).axes, &mut plain);
        let rows = plain.chunks_exact(self.columns.max(1));
        rows.flat_map(|row| row.iter().zip(&self.book.weights).map(|(z, weight)| z * weight)).collect()
    }

    pub(crate) fn encode(&self, isa: Isa, rows: &[f32]) -> Vec<u8> {
        let mut codes = vec![0; rows.len() / self.dim * self.bytes];
        let rank = self.book.weights.len();
        for (rows, codes) in rows.chunks(BATCH * self.dim).zip(codes.chunks_mut(BATCH * self.bytes)) {
            let coordinates = self.coordinates(isa, rows);
            for run in &self.encoder(isa).runs {
                let nibbles = run.choose(isa, &run.whole.span.of(&coordinates, rank), None, self.book.rounds);
                for (code, nibbles) in codes.chunks_exact_mut(self.bytes).zip(nibbles.chunks_exact(run.count())) {
                    for (m, nibble) in (run.whole.first..).zip(nibbles) {
                        code[m / 2] |= nibble << (4 * (m % 2));
                    }
                }
            }
            let scales = self.scales_of(rows, codes);
            for (code, scale) in codes.chunks_exact_mut(self.bytes).zip(scales) {
                code[self.bytes - 1] = nearest(&self.book.grid, scale);
            }
        }
        codes
    }

    /// What the scale bytes should say of rows whose nibbles are known.
    fn scales_of(&self, rows: &[f32], codes: &[u8]) -> Vec<f32> {
        let squared = rows.chunks_exact(self.dim).map(squared_length);
        if self.metric == Metric::Euclidean {
            return squared.map(|squared| squared as f32).collect();
        }
        let decoded = self.plain_coordinates(codes);
        let scale = |(row, squared): (usize, f64)| {
            let coordinates = decoded[row * self.columns..][..self.columns].iter().zip(&self.mean_coordinates);
            let beyond: f64 = coordinates.map(|(z, m)| f64::from(*z) * (f64::from(*z) + 2.0 * f64::from(*m))).sum();
            let ratio = ((self.mean_squared + beyond).max(0.0) / squared).sqrt();
            // Square roots round alike everywhere, which powers do not.
            if squared > 0.0 { (ratio.sqrt() * ratio.sqrt().sqrt()) as f32 } else { 1.0 }
        };
        squared.enumerate().map(scale).collect()
    }

    /// Decoded coordinates `[n][columns]` in the eigenbasis, less the mean's.
    fn plain_coordinates(&self, codes: &[u8]) -> Vec<f32> {
        let n = codes.len() / self.bytes;
        let mut z = vec![0.0; n * self.columns];
        for (m, (span, begin)) in self.book.spans.iter().zip(&self.begins).enumerate() {
            let centroids = self.book.centroids[*begin..][..span.length * CENTROIDS].as_chunks::<CENTROIDS>().0;
            let columns = || centroids.iter().zip(&self.book.weights[span.start..]);
            let number = |code: &[u8]| usize::from((code[m / 2] >> (4 * (m % 2))) & 15);
            let rows = z.chunks_exact_mut(self.columns.max(1)).zip(codes.chunks_exact(self.bytes));
            if n < CENTROIDS {
                for (z, code) in rows {
                    for (z, (column, weight)) in z[span.start..].iter_mut().zip(columns()) {
                        *z += column[number(code)] / weight;
                    }
                }
            } else {
                let plain: Vec<f32> = columns().flat_map(|(column, weight)| column.map(|c| c / weight)).collect();
                let centroids = descent::by_centroid(&plain, span.length);
                for (z, code) in rows {
                    let centroid = &centroids[number(code) * span.length..][..span.length];
                    for (z, c) in z[span.start..].iter_mut().zip(centroid) {
                        *z += c;
                    }
                }
            }
        }
        z
    }

    /// Bits of a code that go to each coordinate, `[rank]`. A nibble's four go to the coordinates that it reaches over, each getting as
    /// much as it has of the spread of the centroids.
    pub(crate) fn coordinate_bits(&self) -> Vec<f32> {
        let mut bits = vec![0.0; self.book.weights.len()];
        for (span, spreads) in self.book.spans.iter().zip(spreads(&self.book)) {
            let all: f64 = spreads.iter().sum();
            if all > 0.0 {
                for (bits, spread) in bits[span.start..].iter_mut().zip(spreads) {
                    *bits += 4.0 * spread / all;
                }
            }
        }
        bits.into_iter().map(|bits| bits as f32).collect()
    }

    pub(crate) fn decode(&self, codes: &[u8]) -> Vec<f32> {
        let mut rows = self.book.mean.repeat(codes.len() / self.bytes);
        let coordinates = self.plain_coordinates(codes);
        for (row, z) in rows.chunks_exact_mut(self.dim).zip(coordinates.chunks_exact(self.columns.max(1))) {
            for (z, axis) in z.iter().zip(self.book.rotation.chunks_exact(self.dim)) {
                for (x, v) in row.iter_mut().zip(axis) {
                    *x += z * v;
                }
            }
        }
        rows
    }
}

/// What `each` makes of the nibbles that reach over the same coordinates: of the number of the first, their span, and their centroids.
fn runs_of<T>(book: &Codebook, begins: &[usize], each: impl Fn(usize, Span, &[f32]) -> T) -> Vec<T> {
    let mut m = 0;
    let run = |spans: &[Span]| {
        let first = m;
        m += spans.len();
        let size = spans.len() * spans[0].length * CENTROIDS;
        (size > 0).then(|| each(first, spans[0], &book.centroids[begins[first]..][..size]))
    };
    book.spans.chunk_by(|a, b| a == b).filter_map(run).collect()
}

/// What each byte of a code but the last explains of a score: the spread of its centroids, in coordinates weighted by what
/// queries make of them.
fn energies(book: &Codebook) -> Vec<f64> {
    let nibbles: Vec<f64> = spreads(book).map(|spreads| spreads.iter().sum()).collect();
    nibbles.chunks_exact(2).map(|pair| pair.iter().sum()).collect()
}

/// How far each nibble's centroids are spread in each of the coordinates that it reaches over.
fn spreads(book: &Codebook) -> impl Iterator<Item = Vec<f64>> {
    let mut begin = 0;
    book.spans.iter().map(move |span| {
        let centroids = &book.centroids[begin..][..span.length * CENTROIDS];
        begin += centroids.len();
        let variance = |column: &[f32; CENTROIDS]| -> f64 {
            let mean = column.iter().map(|c| f64::from(*c)).sum::<f64>() / CENTROIDS as f64;
            column.iter().map(|c| (f64::from(*c) - mean).powi(2)).sum()
        };
        centroids.as_chunks::<CENTROIDS>().0.iter().map(variance).collect()
    })
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

#[cfg(all(test, feature = "fit"))]
mod tests;
