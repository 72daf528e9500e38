//! The two codecs behind one interface: they encode rows, and score codes against a float32 query.

use crate::arch::{GROUP, Hit};
use crate::eigen::{self, EigenCodec};
use crate::fourier::{self, FourierCodec};
use crate::tiers::numbers::Numbers;
use crate::top_k::{Candidate, TopK};
use crate::{Error, Isa, Metric};

/// The longest vectors that a codec takes.
pub(crate) const MAX_DIM: usize = 65_536;

/// How a query meets the codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scoring {
    /// The query stays float32.
    #[default]
    Asymmetric,
    /// The query is encoded like a row first: what `SpectraLTM` publishes. The eigen codec ignores it.
    Symmetric,
}

/// A codebook at work.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a process holds a handful of codecs")]
pub enum Codec {
    /// `SpectralQuant` made into a search codec.
    Eigen(EigenCodec),
    /// `SpectraLTM`: the strongest bins of the real Fourier transform.
    Fourier(FourierCodec),
}

/// A query turned into what one codec's scan reads.
pub(crate) enum Prepared {
    Eigen(eigen::score::Tables),
    Fourier(fourier::score::Spectrum),
}

/// Codes as a scan wants them in RAM.
#[derive(Debug)]
pub(crate) enum Arranged {
    Eigen(eigen::Groups),
    /// Eight rows side by side.
    Fourier(Vec<u8>),
}

impl Arranged {
    /// Bytes of RAM.
    pub(crate) fn ram_bytes(&self) -> usize {
        match self {
            Self::Eigen(groups) => groups.ram_bytes(),
            Self::Fourier(octets) => octets.len(),
        }
    }
}

/// The rows of a block, and which of them to look at.
pub(crate) struct Rows<'a> {
    /// Row numbers, in code order.
    pub(crate) numbers: &'a Numbers,
    /// Bit r of the word at g: whether the row at index 16 g + r may be returned.
    pub(crate) allowed: &'a [u16],
    /// Whether rows may be passed over by the near part of their codes alone.
    pub(crate) progressive: bool,
    /// Number of the block, for [`Candidate::place`].
    pub(crate) block: u32,
}

impl Rows<'_> {
    /// Offers the row at `index` if it beats the threshold and may be returned.
    pub(crate) fn offer(&self, index: usize, score: f32, top: &mut TopK) {
        if score >= top.threshold() && self.allowed[index / GROUP] >> (index % GROUP) & 1 == 1 {
            let place = (u64::from(self.block) << 32) | index as u64;
            top.offer(Candidate { score, row: self.numbers.at(index), place });
        }
    }
}

impl Codec {
    /// Reads a codebook. Damaged bytes are an error.
    pub fn parse(codebook: &[u8]) -> Result<Self, Error> {
        match codebook.first_chunk::<4>() {
            Some(&eigen::MAGIC) => EigenCodec::parse(codebook).map(Self::Eigen),
            Some(&fourier::MAGIC) => FourierCodec::parse(codebook).map(Self::Fourier),
            _ => Err(Error::Codebook),
        }
    }

    /// Components of a vector.
    pub fn dim(&self) -> usize {
        match self {
            Self::Eigen(codec) => codec.dim,
            Self::Fourier(codec) => codec.dim,
        }
    }

    /// The metric that it was fitted for.
    pub fn metric(&self) -> Metric {
        match self {
            Self::Eigen(codec) => codec.metric,
            Self::Fourier(codec) => codec.metric,
        }
    }

    /// Bytes of code a row.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Eigen(codec) => codec.bytes,
            Self::Fourier(codec) => codec.bytes,
        }
    }

    /// Bits of a code that go to each coordinate of an eigen codebook's own, the one most worth coding first. A nibble that codes several
    /// coordinates is shared over them by the spread of its centroids. Empty for the Fourier codec.
    pub fn coordinate_bits(&self) -> Vec<f32> {
        match self {
            Self::Eigen(codec) => codec.coordinate_bits(),
            Self::Fourier(_) => Vec::new(),
        }
    }

    /// Codes `[n][bytes]` of `rows` `[n][dim]`. They depend on the codebook and the row alone.
    pub fn encode(&self, rows: &[f32]) -> Result<Vec<u8>, Error> {
        self.encode_with(Isa::best(), rows)
    }

    pub(crate) fn encode_with(&self, isa: Isa, rows: &[f32]) -> Result<Vec<u8>, Error> {
        if !rows.len().is_multiple_of(self.dim()) {
            return Err(Error::Length);
        }
        match self {
            Self::Eigen(codec) => Ok(codec.encode(isa, rows)),
            Self::Fourier(codec) => codec.encode(rows),
        }
    }

    /// The vectors `[n][dim]` that `codes` `[n][bytes]` stand for; under `Metric::Cosine` unit vectors, unless norms are
    /// coded.
    pub fn decode(&self, codes: &[u8]) -> Result<Vec<f32>, Error> {
        if !codes.len().is_multiple_of(self.bytes()) {
            return Err(Error::Length);
        }
        let mut rows = match self {
            Self::Eigen(codec) => codec.decode(codes),
            Self::Fourier(codec) if codec.codes_norms() => return codec.decode(codes),
            Self::Fourier(codec) => codec.decode(codes)?,
        };
        if self.metric() == Metric::Cosine {
            crate::to_unit(&mut rows, self.dim())?;
        }
        Ok(rows)
    }

    /// Lays row-major codes out for the scan. `extract` reads one row back.
    pub(crate) fn arrange(&self, codes: &[u8]) -> Arranged {
        match self {
            Self::Eigen(codec) => Arranged::Eigen(codec.arrange(codes)),
            Self::Fourier(codec) => Arranged::Fourier(codec.arrange(codes)),
        }
    }

    /// The code of the row at `index` of arranged codes.
    pub(crate) fn extract(&self, arranged: &Arranged, index: usize) -> Vec<u8> {
        match (self, arranged) {
            (Self::Eigen(codec), Arranged::Eigen(groups)) => codec.extract(groups, index),
            (Self::Fourier(codec), Arranged::Fourier(octets)) => codec.extract(octets, index),
            _ => unreachable!("codes are arranged by their codec"),
        }
    }

    /// Makes queries `[n][dim]` ready to be scored; several take less than one after the other.
    pub(crate) fn prepare(&self, queries: &[f32], scoring: Scoring) -> Result<Vec<Prepared>, Error> {
        match self {
            Self::Eigen(codec) => Ok(codec.tables(queries).into_iter().map(Prepared::Eigen).collect()),
            Self::Fourier(codec) => {
                let queries = queries.chunks_exact(codec.dim);
                queries.map(|query| codec.spectrum(query, scoring).map(Prepared::Fourier)).collect()
            }
        }
    }

    /// About how many multiplications `prepare` takes.
    pub(crate) fn prepare_cost(&self) -> usize {
        match self {
            Self::Eigen(codec) => codec.tables_cost(),
            Self::Fourier(codec) => 32 * codec.dim,
        }
    }

    /// Offers the rows of a block by a first estimate of their score. `hits` is room to work in.
    pub(crate) fn scan(
        &self,
        isa: Isa,
        prepared: &Prepared,
        arranged: &Arranged,
        rows: &Rows<'_>,
        hits: &mut Vec<Hit>,
        top: &mut TopK,
    ) {
        match (self, prepared, arranged) {
            (Self::Eigen(codec), Prepared::Eigen(tables), Arranged::Eigen(groups)) => {
                codec.scan(isa, tables, groups, rows, hits, top);
            }
            (Self::Fourier(codec), Prepared::Fourier(spectrum), Arranged::Fourier(octets)) => {
                codec.scan(isa, spectrum, octets, rows, top);
            }
            _ => unreachable!("a query is prepared, and codes are arranged, by the codec that scans"),
        }
    }

    /// The score of the row at `index` of arranged codes.
    pub(crate) fn score(&self, prepared: &Prepared, arranged: &Arranged, index: usize) -> f32 {
        match (self, prepared, arranged) {
            (Self::Eigen(codec), Prepared::Eigen(tables), Arranged::Eigen(groups)) => {
                codec.score(tables, groups, index)
            }
            (Self::Fourier(codec), Prepared::Fourier(spectrum), Arranged::Fourier(octets)) => {
                codec.score(spectrum, octets, index)
            }
            _ => unreachable!("a query is prepared, and codes are arranged, by the codec that scores"),
        }
    }
}
