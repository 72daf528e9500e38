//! The cold tier: blocks of codes, each with the codec that made them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Codec, Error};

/// Up to a few thousand coded rows.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) codec: Arc<Codec>,
    /// Ascending.
    pub(super) rows: Arc<[u32]>,
    /// Laid out by `Codec::arrange`.
    pub(super) codes: Arc<[u8]>,
    /// Bit i: the row at i has not been removed.
    live: Vec<u8>,
    live_rows: usize,
}

/// Blocks by number. Removing a row clears its bit; the codes are shared with searches and never change.
#[derive(Default)]
pub(super) struct Cold {
    blocks: BTreeMap<u32, Arc<Block>>,
}

impl Block {
    pub(super) fn alive(&self, index: usize) -> bool {
        self.live[index / 8] >> (index % 8) & 1 == 1
    }
}

impl Cold {
    pub(super) fn rows(&self) -> usize {
        self.blocks.values().map(|block| block.live_rows).sum()
    }

    pub(super) fn ram_bytes(&self) -> usize {
        self.blocks
            .values()
            .map(|b| b.codes.len() + 4 * b.rows.len() + b.live.len() + std::mem::size_of::<Block>())
            .sum()
    }

    pub(super) fn set(
        &mut self,
        number: u32,
        codec: &Arc<Codec>,
        rows: &[u32],
        codes: &[u8],
        live: &[u8],
    ) -> Result<(), Error> {
        if codes.len() != rows.len() * codec.bytes() || live.len() != rows.len().div_ceil(8) {
            return Err(Error::Length);
        }
        let sound = match &**codec {
            Codec::Eigen(_) => true,
            Codec::Fourier(fourier) => fourier.valid(codes),
        };
        if !sound || !rows.is_sorted() {
            return Err(Error::Parameter);
        }
        let live_rows = (0..rows.len()).filter(|i| live[i / 8] >> (i % 8) & 1 == 1).count();
        let block = Block {
            codec: Arc::clone(codec),
            rows: rows.into(),
            codes: codec.arrange(codes).into(),
            live: live.to_vec(),
            live_rows,
        };
        self.blocks.insert(number, Arc::new(block));
        Ok(())
    }

    pub(super) fn drop_block(&mut self, number: u32) -> Result<(), Error> {
        self.blocks.remove(&number).map(drop).ok_or(Error::Missing)
    }

    /// Clears the live bits of `rows` in a block; rows removed before are passed over. Returns the bits.
    pub(super) fn remove(&mut self, number: u32, rows: &[u32]) -> Result<Vec<u8>, Error> {
        let block = self.blocks.get_mut(&number).ok_or(Error::Missing)?;
        let places = rows
            .iter()
            .map(|row| block.rows.binary_search(row).map_err(|_| Error::Missing))
            .collect::<Result<Vec<_>, _>>()?;
        let block = Arc::make_mut(block);
        for i in places {
            if block.alive(i) {
                block.live[i / 8] &= !(1 << (i % 8));
                block.live_rows -= 1;
            }
        }
        Ok(block.live.clone())
    }

    /// The decoded vector of a row.
    pub(super) fn decode(&self, number: u32, row: u32) -> Result<Vec<f32>, Error> {
        let block = self.blocks.get(&number).ok_or(Error::Missing)?;
        let index = block.rows.binary_search(&row).map_err(|_| Error::Missing)?;
        block.codec.decode(&block.codec.extract(&block.codes, index))
    }

    pub(super) fn blocks(&self) -> Vec<(u32, Arc<Block>)> {
        self.blocks.iter().map(|(number, block)| (*number, Arc::clone(block))).collect()
    }
}
