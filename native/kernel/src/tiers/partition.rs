//! One namespace's rows in both tiers.

use std::sync::Arc;

use super::hot::HotBatch;
use super::search::Snapshot;
use super::{cold, hot};
use crate::{Codec, Error, Metric};

/// One namespace's rows. Writes happen here; searches run on a [`Snapshot`] and never wait for them.
pub struct Partition {
    dim: usize,
    metric: Metric,
    hot: hot::Hot,
    cold: cold::Cold,
}

impl Partition {
    /// Without rows. `dim` is at least 1.
    pub fn new(dim: usize, metric: Metric) -> Self {
        Self { dim, metric, hot: hot::Hot::default(), cold: cold::Cold::default() }
    }

    /// Puts rows into the hot tier, or replaces their vectors (`[rows.len()][dim]`).
    pub fn put_hot(&mut self, rows: &[u32], vectors: &[f32]) -> Result<(), Error> {
        self.hot.put(self.dim, rows, vectors)
    }

    /// Takes the rows of a batch, none of which it holds, into the hot tier, and leaves the batch empty.
    pub fn take_hot(&mut self, batch: &mut HotBatch) -> Result<(), Error> {
        if batch.dim() == self.dim { self.hot.take(batch) } else { Err(Error::Length) }
    }

    /// Takes rows out of the hot tier; those it does not hold are passed over.
    pub fn remove_hot(&mut self, rows: &[u32]) {
        self.hot.remove(self.dim, rows);
    }

    /// The vectors `[rows.len()][dim]` of hot rows.
    pub fn hot_vectors(&self, rows: &[u32]) -> Result<Vec<f32>, Error> {
        self.hot.vectors(self.dim, rows)
    }

    /// Puts a block of codes `[rows.len()][bytes]` into the cold tier, or replaces it. `rows` ascend; bit i of `live`
    /// says whether row i is to be found.
    pub fn set_block(
        &mut self,
        block: u32,
        codec: &Arc<Codec>,
        rows: &[u32],
        codes: &[u8],
        live: &[u8],
    ) -> Result<(), Error> {
        if codec.dim() != self.dim || codec.metric() != self.metric {
            return Err(Error::Parameter);
        }
        self.cold.set(block, codec, rows, codes, live)
    }

    /// Forgets a block.
    pub fn drop_block(&mut self, block: u32) -> Result<(), Error> {
        self.cold.drop_block(block)
    }

    /// Takes rows out of a cold block and returns the block's live bits.
    pub fn remove_cold(&mut self, block: u32, rows: &[u32]) -> Result<Vec<u8>, Error> {
        self.cold.remove(block, rows)
    }

    /// The vector that a cold row's code stands for.
    pub fn decode(&self, block: u32, row: u32) -> Result<Vec<f32>, Error> {
        self.cold.decode(block, row)
    }

    /// How many rows are hot and how many are cold, of those that `allow` has a bit for (see `Request`) or of all.
    pub fn count(&self, allow: Option<&[u8]>) -> [usize; 2] {
        match allow {
            Some(allow) => [self.hot.count(allow), self.cold.count(allow)],
            None => [self.hot.rows(), self.cold.rows()],
        }
    }

    /// Bytes of RAM that the hot tier takes.
    pub fn hot_bytes(&self) -> usize {
        self.hot.ram_bytes(self.dim)
    }

    /// Bytes of RAM that the cold tier takes, codebooks not counted.
    pub fn cold_bytes(&self) -> usize {
        self.cold.ram_bytes()
    }

    /// The rows as they are now, for a search.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { dim: self.dim, metric: self.metric, hot: self.hot.blocks(), cold: self.cold.blocks() }
    }
}

#[cfg(all(test, feature = "fit"))]
mod tests;
