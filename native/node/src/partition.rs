//! A partition as JavaScript sees it.

use std::cell::RefCell;
use std::sync::Arc;

use napi::bindgen_prelude::{AsyncTask, Either, Float32Array, Uint8Array, Uint32Array};
use napi_derive::napi;
use thermocline_kernel as kernel;

use crate::off_thread::{OffThread, caught, failed};
use crate::{Codec, Control, metric};

/// What to search for; see `Request` in the kernel. Without `threads`, the kernel's default.
#[napi(object)]
pub struct SearchRequest {
    pub queries: Float32Array,
    pub hot: u32,
    pub cold: u32,
    pub symmetric: bool,
    pub allow: Option<Uint8Array>,
    pub threads: Option<u32>,
}

impl SearchRequest {
    /// All but what it borrows.
    fn plain(&self) -> kernel::Request<'static> {
        kernel::Request {
            queries: &[],
            hot: self.hot as usize,
            cold: self.cold as usize,
            allow: None,
            scoring: if self.symmetric { kernel::Scoring::Symmetric } else { kernel::Scoring::Asymmetric },
            progressive: false,
            threads: self.threads.map_or_else(kernel::default_threads, |threads| threads as usize),
        }
    }
}

type SearchTask = AsyncTask<OffThread<Vec<u32>, Uint32Array>>;

/// Rows on their way into a hot tier; see `HotBatch` in the kernel.
#[napi]
pub struct HotBatch(kernel::HotBatch);

#[napi]
impl HotBatch {
    #[napi(constructor)]
    pub fn new(dim: u32) -> Self {
        Self(kernel::HotBatch::new(dim as usize))
    }

    #[napi]
    pub fn add(&mut self, rows: Uint32Array, vectors: Float32Array) -> napi::Result<()> {
        self.0.add(&rows, &vectors).map_err(failed)
    }
}

/// One namespace's rows in both tiers. In a cell, because to `napi` a search borrows the partition until its promise settles, and rows
/// are to come and go meanwhile: what it searches is a snapshot.
#[napi]
pub struct Partition(RefCell<kernel::Partition>);

#[napi]
impl Partition {
    #[napi(constructor)]
    pub fn new(dim: u32, metric_number: u8) -> napi::Result<Self> {
        Ok(Self(RefCell::new(kernel::Partition::new(dim as usize, metric(metric_number)?))))
    }

    #[napi]
    pub fn put_hot(&self, rows: Uint32Array, vectors: Float32Array) -> napi::Result<()> {
        self.0.borrow_mut().put_hot(&rows, &vectors).map_err(failed)
    }

    #[napi]
    pub fn take_hot(&self, batch: &mut HotBatch) -> napi::Result<()> {
        self.0.borrow_mut().take_hot(&mut batch.0).map_err(failed)
    }

    #[napi]
    pub fn remove_hot(&self, rows: Uint32Array) {
        self.0.borrow_mut().remove_hot(&rows);
    }

    #[napi]
    pub fn hot_vectors(&self, rows: Uint32Array) -> napi::Result<Float32Array> {
        self.0.borrow().hot_vectors(&rows).map(Into::into).map_err(failed)
    }

    #[napi]
    pub fn set_block(
        &self,
        block: u32,
        codec: &Codec,
        rows: Uint32Array,
        codes: Uint8Array,
        live: Uint8Array,
    ) -> napi::Result<()> {
        self.0.borrow_mut().set_block(block, &codec.0, &rows, &codes, &live).map_err(failed)
    }

    #[napi]
    pub fn drop_block(&self, block: u32) -> napi::Result<()> {
        self.0.borrow_mut().drop_block(block).map_err(failed)
    }

    #[napi]
    pub fn remove_cold(&self, block: u32, rows: Uint32Array) -> napi::Result<()> {
        self.0.borrow_mut().remove_cold(block, &rows).map(drop).map_err(failed)
    }

    #[napi]
    pub fn decode(&self, block: u32, row: u32) -> napi::Result<Float32Array> {
        self.0.borrow().decode(block, row).map(Into::into).map_err(failed)
    }

    /// How many rows are hot and how many are cold, of those that `allow` has a bit for, or of all.
    #[napi]
    pub fn count(&self, allow: Option<Uint8Array>) -> Vec<u32> {
        self.0.borrow().count(allow.as_deref()).map(|rows| rows as u32).to_vec()
    }

    #[napi(getter)]
    pub fn hot_bytes(&self) -> f64 {
        self.0.borrow().hot_bytes() as f64
    }

    #[napi(getter)]
    pub fn cold_bytes(&self) -> f64 {
        self.0.borrow().cold_bytes() as f64
    }

    /// The best rows of each tier at this moment, see `Found::numbers`: found on the caller's thread if that takes no longer than `at_once` milliseconds, else off it.
    #[napi(ts_return_type = "Uint32Array | Promise<Uint32Array>")]
    pub fn search(
        &self,
        request: SearchRequest,
        at_once: f64,
        control: Option<&Control>,
    ) -> napi::Result<Either<Uint32Array, SearchTask>> {
        let snapshot = self.0.borrow().snapshot();
        let control = control.map(|control| Arc::clone(&control.0)).unwrap_or_default();
        let plain = request.plain();
        let here = kernel::Request { queries: &request.queries, allow: request.allow.as_deref(), ..plain };
        if snapshot.nanoseconds(&here) as f64 <= 1e6 * at_once {
            let found = caught(|| snapshot.search(&here, &control))?;
            return Ok(Either::A(kernel::Found::numbers(&found).into()));
        }
        let (queries, allow) = (request.queries.to_vec(), request.allow.as_ref().map(|bits| bits.to_vec()));
        Ok(Either::B(OffThread::run(move || {
            let there = kernel::Request { queries: &queries, allow: allow.as_deref(), ..plain };
            Ok(kernel::Found::numbers(&snapshot.search(&there, &control)?))
        })))
    }
}
