//! What calibration and demotion need: fits, and making codes.

use std::cell::RefCell;

use js_sys::Function;
use thermocline_kernel as kernel;
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

use crate::{failed, metric};

/// Fits an eigen codebook on sample rows and, if there are any, sample queries. `effort`: 0 fast, 1 best, 2 by the number of
/// `rows` that it will serve. `progress` is told the share that is done.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments, reason = "an object would have to be taken apart field by field")]
pub fn fit_eigen(
    bytes: u32,
    seed: u32,
    effort: u8,
    rows: u32,
    metric_number: u8,
    dim: u32,
    sample: &[f32],
    queries: &[f32],
    progress: &Function,
) -> Result<Vec<u8>, JsError> {
    let effort = match effort {
        0 => kernel::Effort::Fast,
        1 => kernel::Effort::Best,
        _ => kernel::Effort::Rows(rows as usize),
    };
    let spec = kernel::CodecSpec::Eigen { bytes: bytes as usize, seed: u64::from(seed), effort };
    fit(spec, metric_number, dim, kernel::Sample { rows: sample, queries }, progress)
}

/// Fits a Fourier codebook on sample rows.
#[wasm_bindgen]
#[allow(clippy::too_many_arguments, reason = "see fit_eigen")]
pub fn fit_fourier(
    top_k: u32,
    mag_bits: u32,
    phase_bits: u32,
    norm_bits: u32,
    metric_number: u8,
    dim: u32,
    sample: &[f32],
    progress: &Function,
) -> Result<Vec<u8>, JsError> {
    let spec = kernel::FourierSpec { top_k: top_k as usize, mag_bits, phase_bits, norm_bits };
    fit(kernel::CodecSpec::Fourier(spec), metric_number, dim, kernel::Sample::of(sample), progress)
}

thread_local! {
    static PROGRESS: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Tells the caller how far the fit is; false asks for its end.
fn watch(done: f32) -> bool {
    let progress = PROGRESS.with_borrow(Clone::clone);
    progress.is_none_or(|progress| {
        // What throws there shall not go on here.
        progress.call1(&JsValue::NULL, &done.into()).is_ok_and(|on| on.is_truthy())
    })
}

fn fit(
    spec: kernel::CodecSpec,
    metric_number: u8,
    dim: u32,
    sample: kernel::Sample<'_>,
    progress: &Function,
) -> Result<Vec<u8>, JsError> {
    PROGRESS.set(Some(progress.clone()));
    let fitted = spec.fit(metric(metric_number)?, dim as usize, sample, &kernel::Control::watched(watch));
    PROGRESS.set(None);
    fitted.map_err(failed)
}

/// See `Eigenbasis` in the kernel: the eigenvalues' bytes, then the rotation's.
#[wasm_bindgen]
pub fn eigenbasis(rows: &[f32], dim: u32) -> Result<Vec<u8>, JsError> {
    let kernel::Eigenbasis { eigenvalues, rotation } = kernel::eigenbasis(rows, dim as usize).map_err(failed)?;
    let eigenvalues = eigenvalues.iter().flat_map(|value| value.to_le_bytes());
    Ok(eigenvalues.chain(rotation.iter().flat_map(|value| value.to_le_bytes())).collect())
}

/// A codebook that makes codes.
#[wasm_bindgen]
pub struct Codec(kernel::Codec);

#[wasm_bindgen]
impl Codec {
    /// Reads a codebook.
    #[wasm_bindgen(constructor)]
    pub fn new(codebook: &[u8]) -> Result<Self, JsError> {
        kernel::Codec::parse(codebook).map(Self).map_err(failed)
    }

    /// Codes of rows.
    pub fn encode(&self, rows: &[f32]) -> Result<Vec<u8>, JsError> {
        self.0.encode(rows).map_err(failed)
    }
}

/// Rows times a square matrix or its transpose.
#[wasm_bindgen]
pub fn rotate(rows: &[f32], dim: u32, matrix: &[f32], inverse: bool) -> Result<Vec<f32>, JsError> {
    kernel::rotate(rows, dim as usize, matrix, inverse).map_err(failed)
}

/// See `SpectralQuantizer` in the kernel.
#[wasm_bindgen]
pub struct SpectralQuantizer(kernel::SpectralQuantizer);

#[wasm_bindgen]
impl SpectralQuantizer {
    #[wasm_bindgen(constructor)]
    pub fn new(rotation: &[f32], eigenvalues: &[f64], bits: &[u8], levels: Option<Vec<f32>>) -> Result<Self, JsError> {
        kernel::SpectralQuantizer::new(rotation, eigenvalues, bits, levels.as_deref()).map(Self).map_err(failed)
    }

    pub fn levels(&self) -> Vec<f32> {
        self.0.levels()
    }

    /// Levels fitted to a sample.
    pub fn fit(&self, sample: &[f32]) -> Result<Vec<f32>, JsError> {
        self.0.fit(sample).map_err(failed)
    }

    /// Codes of rows.
    pub fn encode(&self, rows: &[f32]) -> Result<Vec<u8>, JsError> {
        self.0.encode(rows).map_err(failed)
    }

    /// Rows of codes.
    pub fn decode(&self, codes: &[u8]) -> Result<Vec<f32>, JsError> {
        self.0.decode(codes).map_err(failed)
    }
}
