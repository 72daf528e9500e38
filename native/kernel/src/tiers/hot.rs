//! The hot tier: float32 rows, scored exactly.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::search::allows;
use crate::top_k::{Candidate, TopK};
use crate::{Error, Isa, Metric};

/// Rows per block. A write copies a block only while a search still reads it: rows that leave lie anywhere, so moves of some
/// hundreds of them copy as many blocks, which are small for that.
const ROWS: usize = 32;

/// Rows that are asked for an estimate, at most; each lies somewhere else in memory.
const ASKED: usize = 128;

/// Floats of rows that stay in the first-level cache while all queries of a pass meet them: 16 KiB.
const TILE_FLOATS: usize = 4096;

#[derive(Clone)]
pub(super) struct Block {
    rows: Vec<u32>,
    /// `[rows.len()][dim]`
    vectors: Vec<f32>,
}

/// Rows on their way into a hot tier: laid out as they come, so that to take them all costs little more than their numbers.
pub struct HotBatch {
    dim: usize,
    /// All but the last are full.
    blocks: Vec<Block>,
}

impl HotBatch {
    /// Without rows. `dim` is at least 1.
    pub fn new(dim: usize) -> Self {
        Self { dim, blocks: Vec::new() }
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// Appends rows with vectors `[rows.len()][dim]`.
    pub fn add(&mut self, rows: &[u32], vectors: &[f32]) -> Result<(), Error> {
        if vectors.len() != rows.len() * self.dim {
            return Err(Error::Length);
        }
        for (row, vector) in rows.iter().zip(vectors.chunks_exact(self.dim)) {
            if self.blocks.last().is_none_or(|block| block.rows.len() == ROWS) {
                self.blocks.push(Block::with_room(self.dim));
            }
            if let Some(block) = self.blocks.last_mut() {
                block.rows.push(*row);
                block.vectors.extend_from_slice(vector);
            }
        }
        Ok(())
    }
}

/// Rows in slots without gaps: a removed row's slot is taken by the last row.
#[derive(Default)]
pub(super) struct Hot {
    /// Shared with searches as one, so that a snapshot of many small blocks costs one reference.
    blocks: Arc<Vec<Arc<Block>>>,
    slots: HashMap<u32, usize>,
}

impl Hot {
    pub(super) fn rows(&self) -> usize {
        self.slots.len()
    }

    /// How many rows of those that `allow` has a bit for.
    pub(super) fn count(&self, allow: &[u8]) -> usize {
        self.slots.keys().filter(|row| allows(Some(allow), **row)).count()
    }

    pub(super) fn ram_bytes(&self, dim: usize) -> usize {
        let entry = std::mem::size_of::<(u32, usize)>();
        self.blocks.len() * ROWS * (4 * dim + 4) + self.slots.capacity() * entry
    }

    pub(super) fn put(&mut self, dim: usize, rows: &[u32], vectors: &[f32]) -> Result<(), Error> {
        if vectors.len() != rows.len() * dim {
            return Err(Error::Length);
        }
        for (row, vector) in rows.iter().zip(vectors.chunks_exact(dim)) {
            let slot = *self.slots.entry(*row).or_insert_with_key(|_| usize::MAX);
            if slot == usize::MAX {
                let slot = self.slots.len() - 1;
                self.slots.insert(*row, slot);
                let blocks = Arc::make_mut(&mut self.blocks);
                if slot.is_multiple_of(ROWS) {
                    blocks.push(Arc::new(Block::with_room(dim)));
                }
                let block = Arc::make_mut(&mut blocks[slot / ROWS]);
                block.rows.push(*row);
                block.vectors.extend_from_slice(vector);
            } else {
                let block = Arc::make_mut(&mut Arc::make_mut(&mut self.blocks)[slot / ROWS]);
                block.vectors[slot % ROWS * dim..][..dim].copy_from_slice(vector);
            }
        }
        Ok(())
    }

    /// Takes the rows of a batch, none of which it holds yet, and leaves the batch empty.
    pub(super) fn take(&mut self, batch: &mut HotBatch) -> Result<(), Error> {
        if batch.blocks.iter().flat_map(|block| &block.rows).any(|row| self.slots.contains_key(row)) {
            return Err(Error::Parameter);
        }
        let dim = batch.dim;
        let full = |block: &Block| block.rows.len() == ROWS;
        // Full blocks go before the last one here, if that has room left; its rows and those of the batch's last one follow.
        let blocks = Arc::make_mut(&mut self.blocks);
        let open = blocks.pop_if(|block| !full(block));
        let (whole, rest): (Vec<Block>, Vec<Block>) = batch.blocks.drain(..).partition(full);
        for block in whole {
            let first = blocks.len() * ROWS;
            self.slots.extend(block.rows.iter().enumerate().map(|(i, row)| (*row, first + i)));
            blocks.push(Arc::new(block));
        }
        if let Some(open) = open {
            let first = blocks.len() * ROWS;
            self.slots.extend(open.rows.iter().enumerate().map(|(i, row)| (*row, first + i)));
            blocks.push(open);
        }
        rest.iter().try_for_each(|block| self.put(dim, &block.rows, &block.vectors))
    }

    /// Forgets rows; those it does not hold are passed over.
    pub(super) fn remove(&mut self, dim: usize, rows: &[u32]) {
        for row in rows {
            let Some(slot) = self.slots.remove(row) else {
                continue;
            };
            if self.slots.len() < self.slots.capacity() / 8 {
                self.slots.shrink_to(2 * self.slots.len());
            }
            let last = self.slots.len();
            let blocks = Arc::make_mut(&mut self.blocks);
            let block = Arc::make_mut(&mut blocks[last / ROWS]);
            let moved = block.rows.pop().expect("the last slot is filled");
            let vector = block.vectors.split_off(last % ROWS * dim);
            if last.is_multiple_of(ROWS) {
                blocks.pop();
            }
            if slot != last {
                let block = Arc::make_mut(&mut blocks[slot / ROWS]);
                block.rows[slot % ROWS] = moved;
                block.vectors[slot % ROWS * dim..][..dim].copy_from_slice(&vector);
                self.slots.insert(moved, slot);
            }
        }
    }

    /// The vectors `[rows.len()][dim]` of rows that it holds.
    pub(super) fn vectors(&self, dim: usize, rows: &[u32]) -> Result<Vec<f32>, Error> {
        let mut out = Vec::with_capacity(rows.len() * dim);
        for row in rows {
            let slot = *self.slots.get(row).ok_or(Error::Missing)?;
            out.extend_from_slice(&self.blocks[slot / ROWS].vectors[slot % ROWS * dim..][..dim]);
        }
        Ok(out)
    }

    pub(super) fn blocks(&self) -> Arc<Vec<Arc<Block>>> {
        Arc::clone(&self.blocks)
    }
}

/// How many rows the blocks of a hot tier have: all but the last are full.
pub(super) fn rows_in(blocks: &[Arc<Block>]) -> usize {
    blocks.split_last().map_or(0, |(last, full)| full.len() * ROWS + last.rows.len())
}

/// About how many of them may be returned: as large a share as of a row here and there.
pub(super) fn rows_allowed(blocks: &[Arc<Block>], allow: Option<&[u8]>) -> usize {
    let asked = || blocks.iter().step_by(blocks.len().div_ceil(ASKED).max(1)).enumerate();
    let is_allowed = |(i, block): &(usize, &Arc<Block>)| {
        block.rows.get(i % block.rows.len().max(1)).is_some_and(|row| allows(allow, *row))
    };
    let allowed = asked().filter(is_allowed).count();
    rows_in(blocks) * allowed / asked().count().max(1)
}

impl Block {
    fn with_room(dim: usize) -> Self {
        Self { rows: Vec::with_capacity(ROWS), vectors: Vec::with_capacity(ROWS * dim) }
    }

    /// Offers the rows to the best of each of the queries `[tops.len()][dim]`.
    pub(super) fn scan<'a>(
        &self,
        isa: Isa,
        metric: Metric,
        queries: &[f32],
        allow: Option<&[u8]>,
        tops: impl ExactSizeIterator<Item = &'a mut TopK>,
    ) {
        let dim = self.vectors.len() / self.rows.len();
        // One query meets each row once, and needs no tiles.
        let most = if tops.len() == 1 { ROWS } else { (TILE_FLOATS / dim).clamp(1, ROWS) };
        let runs = self.runs(allow, most);
        let mut scores = [0.0; ROWS];
        let mut tops: Vec<_> = tops.collect();
        for run in runs {
            let rows = &self.rows[run.clone()];
            let vectors = &self.vectors[run.start * dim..run.end * dim];
            let scores = &mut scores[..rows.len()];
            for (query, top) in queries.chunks_exact(dim).zip(&mut tops) {
                metric.score(isa, query, vectors, scores);
                for (row, score) in rows.iter().zip(scores.iter()) {
                    if *score >= top.threshold() {
                        top.offer(Candidate { score: *score, row: *row, place: 0 });
                    }
                }
            }
        }
    }

    /// Slots whose rows may be returned, as runs of up to `most` that lie side by side.
    fn runs(&self, allow: Option<&[u8]>, most: usize) -> impl Iterator<Item = Range<usize>> {
        let allowed = move |slot: &usize| allows(allow, self.rows[*slot]);
        let mut next = 0;
        std::iter::from_fn(move || {
            let start = (next..self.rows.len()).find(allowed)?;
            let limit = self.rows.len().min(start + most);
            let end = (start + 1..limit).find(|slot| !allowed(slot)).unwrap_or(limit);
            next = end;
            Some(start..end)
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }
}
