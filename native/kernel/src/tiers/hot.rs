//! The hot tier: float32 rows, scored exactly.

use std::collections::HashMap;
use std::sync::Arc;

use crate::top_k::{Candidate, TopK};
use crate::{Error, Isa, Metric};

/// Rows per block. A write copies a block only while a search still reads it, so small blocks keep writes cheap.
const ROWS: usize = 256;

#[derive(Clone, Default)]
pub(super) struct Block {
    rows: Vec<u32>,
    /// `[rows.len()][dim]`
    vectors: Vec<f32>,
}

/// Rows in slots without gaps: a removed row's slot is taken by the last row.
#[derive(Default)]
pub(super) struct Hot {
    blocks: Vec<Arc<Block>>,
    slots: HashMap<u32, usize>,
}

impl Hot {
    pub(super) fn rows(&self) -> usize {
        self.slots.len()
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
                if slot.is_multiple_of(ROWS) {
                    let block = Block { rows: Vec::with_capacity(ROWS), vectors: Vec::with_capacity(ROWS * dim) };
                    self.blocks.push(Arc::new(block));
                }
                let block = Arc::make_mut(&mut self.blocks[slot / ROWS]);
                block.rows.push(*row);
                block.vectors.extend_from_slice(vector);
            } else {
                let block = Arc::make_mut(&mut self.blocks[slot / ROWS]);
                block.vectors[slot % ROWS * dim..][..dim].copy_from_slice(vector);
            }
        }
        Ok(())
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
            let block = Arc::make_mut(&mut self.blocks[last / ROWS]);
            let moved = block.rows.pop().expect("the last slot is filled");
            let vector = block.vectors.split_off(last % ROWS * dim);
            if last.is_multiple_of(ROWS) {
                self.blocks.pop();
            }
            if slot != last {
                let block = Arc::make_mut(&mut self.blocks[slot / ROWS]);
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

    pub(super) fn blocks(&self) -> Vec<Arc<Block>> {
        self.blocks.clone()
    }
}

impl Block {
    pub(super) fn scan(&self, isa: Isa, metric: Metric, query: &[f32], allowed: &dyn Fn(u32) -> bool, top: &mut TopK) {
        let mut scores = [0.0; ROWS];
        let scores = &mut scores[..self.rows.len()];
        metric.score(isa, query, &self.vectors, scores);
        for (row, score) in self.rows.iter().zip(scores) {
            if *score >= top.threshold() && allowed(*row) {
                top.offer(Candidate { score: *score, row: *row, place: 0 });
            }
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }
}
