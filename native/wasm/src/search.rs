//! What opening and searching a store needs.

use std::sync::Arc;

use thermocline_kernel as kernel;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

use crate::{failed, metric};

/// The instruction set that runs the kernel here: `simd128` or `portable`.
#[wasm_bindgen]
pub fn isa() -> String {
    kernel::Isa::best().name().to_owned()
}

/// CRC-32 (IEEE).
#[wasm_bindgen]
pub fn checksum(bytes: &[u8]) -> u32 {
    kernel::checksum(bytes)
}

/// Euclidean length of each row.
#[wasm_bindgen]
pub fn norms(rows: &[f32], dim: u32) -> Result<Vec<f64>, JsError> {
    kernel::norms(rows, dim as usize).map_err(failed)
}

/// The rows, each scaled to length 1.
#[wasm_bindgen]
pub fn to_unit(mut rows: Vec<f32>, dim: u32) -> Result<Vec<f32>, JsError> {
    kernel::to_unit(&mut rows, dim as usize).map_err(failed)?;
    Ok(rows)
}

/// Little-endian half floats.
#[wasm_bindgen]
pub fn to_float16(values: &[f32]) -> Vec<u8> {
    kernel::to_float16(values)
}

/// The floats behind little-endian half floats.
#[wasm_bindgen]
pub fn from_float16(bytes: &[u8]) -> Result<Vec<f32>, JsError> {
    kernel::from_float16(bytes).map_err(failed)
}

/// Exact similarity of the query to each row.
#[wasm_bindgen]
pub fn similarities(metric_number: u8, query: &[f32], rows: &[f32]) -> Result<Vec<f32>, JsError> {
    kernel::similarities(metric(metric_number)?, query, rows).map_err(failed)
}

/// Similarity of the query to each row of half floats over its length.
#[wasm_bindgen]
pub fn similarities_to_halves(
    metric_number: u8,
    query: &[f32],
    halves: &[u8],
    lengths: &[f32],
) -> Result<Vec<f32>, JsError> {
    kernel::similarities_to_halves(metric(metric_number)?, query, halves, lengths).map_err(failed)
}

/// A codebook at work.
#[wasm_bindgen]
pub struct Codec(Arc<kernel::Codec>);

#[wasm_bindgen]
impl Codec {
    /// Reads a codebook.
    #[wasm_bindgen(constructor)]
    pub fn new(codebook: &[u8]) -> Result<Self, JsError> {
        kernel::Codec::parse(codebook).map(|codec| Self(Arc::new(codec))).map_err(failed)
    }

    /// Bytes of code a row.
    #[wasm_bindgen(getter)]
    pub fn bytes(&self) -> u32 {
        self.0.bytes() as u32
    }

    /// See `Codec` in the kernel.
    pub fn coordinate_bits(&self) -> Vec<f32> {
        self.0.coordinate_bits()
    }

    /// The vectors that codes stand for.
    pub fn decode(&self, codes: &[u8]) -> Result<Vec<f32>, JsError> {
        self.0.decode(codes).map_err(failed)
    }
}

/// One namespace's rows in both tiers.
#[wasm_bindgen]
pub struct Partition(kernel::Partition);

#[wasm_bindgen]
impl Partition {
    #[wasm_bindgen(constructor)]
    pub fn new(dim: u32, metric_number: u8) -> Result<Self, JsError> {
        Ok(Self(kernel::Partition::new(dim as usize, metric(metric_number)?)))
    }

    pub fn put_hot(&mut self, rows: &[u32], vectors: &[f32]) -> Result<(), JsError> {
        self.0.put_hot(rows, vectors).map_err(failed)
    }

    pub fn remove_hot(&mut self, rows: &[u32]) {
        self.0.remove_hot(rows);
    }

    pub fn hot_vectors(&self, rows: &[u32]) -> Result<Vec<f32>, JsError> {
        self.0.hot_vectors(rows).map_err(failed)
    }

    pub fn set_block(
        &mut self,
        block: u32,
        codec: &Codec,
        rows: &[u32],
        codes: &[u8],
        live: &[u8],
    ) -> Result<(), JsError> {
        self.0.set_block(block, &codec.0, rows, codes, live).map_err(failed)
    }

    pub fn drop_block(&mut self, block: u32) -> Result<(), JsError> {
        self.0.drop_block(block).map_err(failed)
    }

    pub fn remove_cold(&mut self, block: u32, rows: &[u32]) -> Result<(), JsError> {
        self.0.remove_cold(block, rows).map(drop).map_err(failed)
    }

    pub fn decode(&self, block: u32, row: u32) -> Result<Vec<f32>, JsError> {
        self.0.decode(block, row).map_err(failed)
    }

    /// How many rows are hot and how many are cold, of those that `allow` has a bit for, or of all.
    pub fn count(&self, allow: Option<Vec<u8>>) -> Vec<u32> {
        self.0.count(allow.as_deref()).map(|rows| rows as u32).to_vec()
    }

    #[wasm_bindgen(getter)]
    pub fn hot_bytes(&self) -> f64 {
        self.0.hot_bytes() as f64
    }

    #[wasm_bindgen(getter)]
    pub fn cold_bytes(&self) -> f64 {
        self.0.cold_bytes() as f64
    }

    pub fn take_hot(&mut self, batch: &mut HotBatch) -> Result<(), JsError> {
        self.0.take_hot(&mut batch.0).map_err(failed)
    }

    /// Prepares a search of the rows as they are now.
    pub fn search(
        &self,
        queries: &[f32],
        hot: u32,
        cold: u32,
        symmetric: bool,
        allow: Option<Vec<u8>>,
    ) -> Result<Search, JsError> {
        let scoring = if symmetric { kernel::Scoring::Symmetric } else { kernel::Scoring::Asymmetric };
        let (hot, cold, allow) = (hot as usize, cold as usize, allow.as_deref());
        let request = kernel::Request { queries, hot, cold, allow, scoring, ..kernel::Request::default() };
        kernel::Search::new(self.0.snapshot(), &request).map(Search).map_err(failed)
    }
}

/// A search under way.
#[wasm_bindgen]
pub struct Search(kernel::Search);

#[wasm_bindgen]
impl Search {
    /// Searches some rows more, for a millisecond or few. Returns whether rows are left.
    pub fn step(&mut self) -> bool {
        self.0.step()
    }

    /// The best rows of each tier; see `Found::numbers`.
    pub fn finish(self) -> Vec<u32> {
        kernel::Found::numbers(&self.0.finish())
    }
}

/// Rows on their way into a hot tier.
#[wasm_bindgen]
pub struct HotBatch(kernel::HotBatch);

#[wasm_bindgen]
impl HotBatch {
    #[wasm_bindgen(constructor)]
    pub fn new(dim: u32) -> Self {
        Self(kernel::HotBatch::new(dim as usize))
    }

    pub fn add(&mut self, rows: &[u32], vectors: &[f32]) -> Result<(), JsError> {
        self.0.add(rows, vectors).map_err(failed)
    }
}
