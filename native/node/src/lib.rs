//! The Thermocline kernel as a Node addon. Converts, calls, and nothing else: arguments were validated in TypeScript,
//! policy lives there too. Long work runs on libuv's pool; a panic becomes a JavaScript error.

#![deny(unsafe_code)]
#![allow(missing_docs, reason = "the derive macros generate undocumented items")]
#![allow(clippy::needless_pass_by_value, reason = "what crosses from JavaScript arrives by value")]

mod off_thread;

use std::sync::Arc;

use napi::bindgen_prelude::{AsyncTask, Float32Array, Float64Array, Uint8Array, Uint32Array};
use napi_derive::napi;
use thermocline_kernel as kernel;

use off_thread::{OffThread, failed};

fn metric(number: u8) -> napi::Result<kernel::Metric> {
    kernel::Metric::try_from(number).map_err(failed)
}

/// `avx512`, `avx2`, `neon` or `portable`.
#[napi]
pub fn isa() -> &'static str {
    kernel::Isa::best().name()
}

/// CRC-32 (IEEE).
#[napi]
pub fn checksum(bytes: Uint8Array) -> u32 {
    kernel::checksum(&bytes)
}

/// Euclidean length of each row.
#[napi]
pub fn norms(rows: Float32Array, dim: u32) -> napi::Result<Float64Array> {
    kernel::norms(&rows, dim as usize).map(Into::into).map_err(failed)
}

/// A copy of the rows, each scaled to length 1.
#[napi]
pub fn to_unit(rows: Float32Array, dim: u32) -> napi::Result<Float32Array> {
    let mut rows = rows.to_vec();
    kernel::to_unit(&mut rows, dim as usize).map_err(failed)?;
    Ok(rows.into())
}

/// Little-endian half floats.
#[napi]
pub fn to_float16(values: Float32Array) -> Uint8Array {
    kernel::to_float16(&values).into()
}

/// The floats behind little-endian half floats.
#[napi]
pub fn from_float16(bytes: Uint8Array) -> napi::Result<Float32Array> {
    kernel::from_float16(&bytes).map(Into::into).map_err(failed)
}

/// Exact similarity of the query to each row.
#[napi]
pub fn similarities(metric_number: u8, query: Float32Array, rows: Float32Array) -> napi::Result<Float32Array> {
    kernel::similarities(metric(metric_number)?, &query, &rows).map(Into::into).map_err(failed)
}

/// Which eigen codebook to fit; see `CodecSpec::Eigen` and `Effort` in the kernel.
#[napi(object)]
pub struct EigenSpec {
    pub bytes: u32,
    pub seed: u32,
    /// `fast`, `best`, or left out: then by `rows`.
    pub effort: Option<String>,
    /// Rows that the codebook will serve.
    pub rows: u32,
}

impl EigenSpec {
    fn effort(&self) -> napi::Result<kernel::Effort> {
        match self.effort.as_deref() {
            Some("fast") => Ok(kernel::Effort::Fast),
            Some("best") => Ok(kernel::Effort::Best),
            Some(_) => Err(failed(kernel::Error::Parameter)),
            None => Ok(kernel::Effort::Rows(self.rows as usize)),
        }
    }
}

/// The reins of a fit under way.
#[napi]
#[derive(Default)]
pub struct Control(Arc<kernel::Control>);

#[napi]
impl Control {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the fit to end; it then rejects.
    #[napi]
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// The share of the work that is done, 0 to 1.
    #[napi(getter)]
    pub fn done(&self) -> f64 {
        f64::from(self.0.done())
    }
}

/// Fits an eigen codebook on sample rows and, if there are any, sample queries.
#[napi(ts_return_type = "Promise<Uint8Array>")]
pub fn fit_eigen(
    spec: EigenSpec,
    metric_number: u8,
    dim: u32,
    rows: Float32Array,
    queries: Float32Array,
    control: &Control,
) -> napi::Result<AsyncTask<OffThread<Vec<u8>, Uint8Array>>> {
    let (bytes, seed, effort) = (spec.bytes as usize, u64::from(spec.seed), spec.effort()?);
    fit(kernel::CodecSpec::Eigen { bytes, seed, effort }, metric_number, dim, &rows, &queries, control)
}

/// Which Fourier codebook to fit; see the kernel.
#[napi(object)]
pub struct FourierSpec {
    pub top_k: u32,
    pub mag_bits: u32,
    pub phase_bits: u32,
    pub norm_bits: u32,
}

/// Fits a Fourier codebook on sample rows.
#[napi(ts_return_type = "Promise<Uint8Array>")]
pub fn fit_fourier(
    spec: FourierSpec,
    metric_number: u8,
    dim: u32,
    rows: Float32Array,
    control: &Control,
) -> napi::Result<AsyncTask<OffThread<Vec<u8>, Uint8Array>>> {
    let FourierSpec { top_k, mag_bits, phase_bits, norm_bits } = spec;
    let spec = kernel::FourierSpec { top_k: top_k as usize, mag_bits, phase_bits, norm_bits };
    fit(kernel::CodecSpec::Fourier(spec), metric_number, dim, &rows, &[], control)
}

fn fit(
    spec: kernel::CodecSpec,
    metric_number: u8,
    dim: u32,
    rows: &[f32],
    queries: &[f32],
    control: &Control,
) -> napi::Result<AsyncTask<OffThread<Vec<u8>, Uint8Array>>> {
    let (metric, rows, queries) = (metric(metric_number)?, rows.to_vec(), queries.to_vec());
    let control = Arc::clone(&control.0);
    Ok(OffThread::run(move || {
        spec.fit(metric, dim as usize, kernel::Sample { rows: &rows, queries: &queries }, &control)
    }))
}

/// A codebook at work.
#[napi]
pub struct Codec(Arc<kernel::Codec>);

#[napi]
impl Codec {
    /// Reads a codebook.
    #[napi(constructor)]
    pub fn new(codebook: Uint8Array) -> napi::Result<Self> {
        kernel::Codec::parse(&codebook).map(|codec| Self(Arc::new(codec))).map_err(failed)
    }

    /// Bytes of code a row.
    #[napi(getter)]
    pub fn bytes(&self) -> u32 {
        self.0.bytes() as u32
    }

    /// Codes of rows, off the main thread.
    #[napi(ts_return_type = "Promise<Uint8Array>")]
    pub fn encode(&self, rows: Float32Array) -> AsyncTask<OffThread<Vec<u8>, Uint8Array>> {
        let (codec, rows) = (Arc::clone(&self.0), rows.to_vec());
        OffThread::run(move || codec.encode(&rows))
    }

    /// The vectors that codes stand for, off the main thread.
    #[napi(ts_return_type = "Promise<Float32Array>")]
    pub fn decode(&self, codes: Uint8Array) -> AsyncTask<OffThread<Vec<f32>, Float32Array>> {
        let (codec, codes) = (Arc::clone(&self.0), codes.to_vec());
        OffThread::run(move || codec.decode(&codes))
    }
}

/// What to search for; see `Request` in the kernel.
#[napi(object)]
pub struct SearchRequest {
    pub query: Float32Array,
    pub hot: u32,
    pub cold: u32,
    pub symmetric: bool,
    pub allow: Option<Uint8Array>,
}

/// Rows and scores of each tier, best first.
#[napi(object)]
pub struct SearchResult {
    pub hot_rows: Uint32Array,
    pub hot_scores: Float32Array,
    pub cold_rows: Uint32Array,
    pub cold_scores: Float32Array,
}

impl From<kernel::Found> for SearchResult {
    fn from(found: kernel::Found) -> Self {
        Self {
            hot_rows: found.hot.rows.into(),
            hot_scores: found.hot.scores.into(),
            cold_rows: found.cold.rows.into(),
            cold_scores: found.cold.scores.into(),
        }
    }
}

/// One namespace's rows in both tiers.
#[napi]
pub struct Partition(kernel::Partition);

#[napi]
impl Partition {
    #[napi(constructor)]
    pub fn new(dim: u32, metric_number: u8) -> napi::Result<Self> {
        Ok(Self(kernel::Partition::new(dim as usize, metric(metric_number)?)))
    }

    #[napi]
    pub fn put_hot(&mut self, rows: Uint32Array, vectors: Float32Array) -> napi::Result<()> {
        self.0.put_hot(&rows, &vectors).map_err(failed)
    }

    #[napi]
    pub fn remove_hot(&mut self, rows: Uint32Array) {
        self.0.remove_hot(&rows);
    }

    #[napi]
    pub fn hot_vectors(&self, rows: Uint32Array) -> napi::Result<Float32Array> {
        self.0.hot_vectors(&rows).map(Into::into).map_err(failed)
    }

    #[napi]
    pub fn set_block(
        &mut self,
        block: u32,
        codec: &Codec,
        rows: Uint32Array,
        codes: Uint8Array,
        live: Uint8Array,
    ) -> napi::Result<()> {
        self.0.set_block(block, &codec.0, &rows, &codes, &live).map_err(failed)
    }

    #[napi]
    pub fn drop_block(&mut self, block: u32) -> napi::Result<()> {
        self.0.drop_block(block).map_err(failed)
    }

    #[napi]
    pub fn remove_cold(&mut self, block: u32, rows: Uint32Array) -> napi::Result<()> {
        self.0.remove_cold(block, &rows).map(drop).map_err(failed)
    }

    #[napi]
    pub fn decode(&self, block: u32, row: u32) -> napi::Result<Float32Array> {
        self.0.decode(block, row).map(Into::into).map_err(failed)
    }

    #[napi(getter)]
    pub fn hot_rows(&self) -> u32 {
        self.0.hot_rows() as u32
    }

    #[napi(getter)]
    pub fn cold_rows(&self) -> u32 {
        self.0.cold_rows() as u32
    }

    #[napi(getter)]
    pub fn hot_bytes(&self) -> f64 {
        self.0.hot_bytes() as f64
    }

    #[napi(getter)]
    pub fn cold_bytes(&self) -> f64 {
        self.0.cold_bytes() as f64
    }

    /// Searches off the main thread, in the rows of this moment.
    #[napi(ts_return_type = "Promise<SearchResult>")]
    pub fn search(&self, request: SearchRequest) -> AsyncTask<OffThread<kernel::Found, SearchResult>> {
        let snapshot = self.0.snapshot();
        let query = request.query.to_vec();
        let allow = request.allow.as_ref().map(|bits| bits.to_vec());
        let (hot, cold, symmetric) = (request.hot as usize, request.cold as usize, request.symmetric);
        OffThread::run(move || {
            snapshot.search(&kernel::Request {
                query: &query,
                hot,
                cold,
                allow: allow.as_deref(),
                scoring: scoring(symmetric),
                ..kernel::Request::default()
            })
        })
    }

    /// Searches here and now: for partitions so small that a thread's round trip would cost more.
    #[napi]
    pub fn search_now(&self, request: SearchRequest) -> napi::Result<SearchResult> {
        let found = self.0.snapshot().search(&kernel::Request {
            query: &request.query,
            hot: request.hot as usize,
            cold: request.cold as usize,
            allow: request.allow.as_deref(),
            scoring: scoring(request.symmetric),
            ..kernel::Request::default()
        });
        found.map(Into::into).map_err(failed)
    }
}

fn scoring(symmetric: bool) -> kernel::Scoring {
    if symmetric { kernel::Scoring::Symmetric } else { kernel::Scoring::Asymmetric }
}

/// See `Eigenbasis` in the kernel.
#[napi(object)]
pub struct Eigenbasis {
    pub eigenvalues: Float64Array,
    pub rotation: Float32Array,
}

impl From<kernel::Eigenbasis> for Eigenbasis {
    fn from(basis: kernel::Eigenbasis) -> Self {
        Self { eigenvalues: basis.eigenvalues.into(), rotation: basis.rotation.into() }
    }
}

/// Eigenvalues and eigenvectors of the rows' second moment, off the main thread.
#[napi(ts_return_type = "Promise<Eigenbasis>")]
pub fn eigenbasis(rows: Float32Array, dim: u32) -> AsyncTask<OffThread<kernel::Eigenbasis, Eigenbasis>> {
    let rows = rows.to_vec();
    OffThread::run(move || kernel::eigenbasis(&rows, dim as usize))
}

/// Rows times a square matrix or its transpose, off the main thread.
#[napi(ts_return_type = "Promise<Float32Array>")]
pub fn rotate(
    rows: Float32Array,
    dim: u32,
    matrix: Float32Array,
    inverse: bool,
) -> AsyncTask<OffThread<Vec<f32>, Float32Array>> {
    let (rows, matrix) = (rows.to_vec(), matrix.to_vec());
    OffThread::run(move || kernel::rotate(&rows, dim as usize, &matrix, inverse))
}

/// See `SpectralQuantizer` in the kernel.
#[napi]
pub struct SpectralQuantizer(Arc<kernel::SpectralQuantizer>);

#[napi]
impl SpectralQuantizer {
    #[napi(constructor)]
    pub fn new(
        rotation: Float32Array,
        eigenvalues: Float64Array,
        bits: Uint8Array,
        levels: Option<Float32Array>,
    ) -> napi::Result<Self> {
        kernel::SpectralQuantizer::new(&rotation, &eigenvalues, &bits, levels.as_deref())
            .map(|quantizer| Self(Arc::new(quantizer)))
            .map_err(failed)
    }

    #[napi(getter)]
    pub fn levels(&self) -> Float32Array {
        self.0.levels().into()
    }

    /// Levels fitted to a sample, off the main thread.
    #[napi(ts_return_type = "Promise<Float32Array>")]
    pub fn fit(&self, sample: Float32Array) -> AsyncTask<OffThread<Vec<f32>, Float32Array>> {
        let (quantizer, sample) = (Arc::clone(&self.0), sample.to_vec());
        OffThread::run(move || quantizer.fit(&sample))
    }

    /// Codes of rows, off the main thread.
    #[napi(ts_return_type = "Promise<Uint8Array>")]
    pub fn encode(&self, rows: Float32Array) -> AsyncTask<OffThread<Vec<u8>, Uint8Array>> {
        let (quantizer, rows) = (Arc::clone(&self.0), rows.to_vec());
        OffThread::run(move || quantizer.encode(&rows))
    }

    /// Rows of codes, off the main thread.
    #[napi(ts_return_type = "Promise<Float32Array>")]
    pub fn decode(&self, codes: Uint8Array) -> AsyncTask<OffThread<Vec<f32>, Float32Array>> {
        let (quantizer, codes) = (Arc::clone(&self.0), codes.to_vec());
        OffThread::run(move || quantizer.decode(&codes))
    }
}
