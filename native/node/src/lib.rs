//! The Thermocline kernel as a Node addon. Converts, calls, and nothing else: arguments were validated in TypeScript,
//! policy lives there too. Long work runs on libuv's pool; a panic becomes a JavaScript error.

#![deny(unsafe_code)]
#![allow(missing_docs, reason = "the derive macros generate undocumented items")]
#![allow(clippy::needless_pass_by_value, reason = "what crosses from JavaScript arrives by value")]

mod off_thread;
mod partition;

use std::sync::Arc;

use napi::bindgen_prelude::{AsyncTask, Float32Array, Float64Array, Uint8Array};
use napi_derive::napi;
use thermocline_kernel as kernel;

use off_thread::{OffThread, failed};

fn metric(number: u8) -> napi::Result<kernel::Metric> {
    kernel::Metric::try_from(number).map_err(failed)
}

/// The instruction set that runs the kernel here: `avx512`, `avx2`, `neon` or `portable`.
#[napi]
pub fn isa() -> &'static str {
    kernel::Isa::best().name()
}

/// How many threads a long search is split over unless it says otherwise.
#[napi]
pub fn default_threads() -> u32 {
    kernel::default_threads() as u32
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

/// Similarity of the query to each row of half floats over its length.
#[napi]
pub fn similarities_to_halves(
    metric_number: u8,
    query: Float32Array,
    halves: Uint8Array,
    lengths: Float32Array,
) -> napi::Result<Float32Array> {
    kernel::similarities_to_halves(metric(metric_number)?, &query, &halves, &lengths).map(Into::into).map_err(failed)
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

/// The reins of a fit or a search under way.
#[napi]
#[derive(Default)]
pub struct Control(Arc<kernel::Control>);

#[napi]
impl Control {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to end; it then rejects.
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

/// Floats that are handed over a part at a time: a long copy in one go would hold the event loop.
#[napi]
pub struct Floats(Vec<f32>);

#[napi]
impl Floats {
    /// Room for `length` floats.
    #[napi(constructor)]
    pub fn new(length: u32) -> Self {
        Self(Vec::with_capacity(length as usize))
    }

    #[napi]
    pub fn push(&mut self, part: Float32Array) {
        self.0.extend_from_slice(&part);
    }
}

/// Fits an eigen codebook on sample rows and, if there are any, sample queries.
#[napi(ts_return_type = "Promise<Uint8Array>")]
pub fn fit_eigen(
    spec: EigenSpec,
    metric_number: u8,
    dim: u32,
    rows: &mut Floats,
    queries: Float32Array,
    control: &Control,
) -> napi::Result<AsyncTask<OffThread<Vec<u8>, Uint8Array>>> {
    let (bytes, seed, effort) = (spec.bytes as usize, u64::from(spec.seed), spec.effort()?);
    fit(kernel::CodecSpec::Eigen { bytes, seed, effort }, metric_number, dim, rows, &queries, control)
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
    rows: &mut Floats,
    control: &Control,
) -> napi::Result<AsyncTask<OffThread<Vec<u8>, Uint8Array>>> {
    let FourierSpec { top_k, mag_bits, phase_bits, norm_bits } = spec;
    let spec = kernel::FourierSpec { top_k: top_k as usize, mag_bits, phase_bits, norm_bits };
    fit(kernel::CodecSpec::Fourier(spec), metric_number, dim, rows, &[], control)
}

fn fit(
    spec: kernel::CodecSpec,
    metric_number: u8,
    dim: u32,
    rows: &mut Floats,
    queries: &[f32],
    control: &Control,
) -> napi::Result<AsyncTask<OffThread<Vec<u8>, Uint8Array>>> {
    let (metric, rows, queries) = (metric(metric_number)?, std::mem::take(&mut rows.0), queries.to_vec());
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

    /// See `Codec` in the kernel.
    #[napi]
    pub fn coordinate_bits(&self) -> Float32Array {
        self.0.coordinate_bits().into()
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
