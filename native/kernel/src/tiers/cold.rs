//! The cold tier: blocks of codes, each with the codec that made them.

use std::borrow::Cow;
use std::sync::Arc;

use super::numbers::Numbers;
use crate::arch::{GROUP, Hit};
use crate::codec::{Arranged, Prepared, Rows};
use crate::top_k::TopK;
use crate::{Codec, Error, Isa};

/// Up to a few thousand coded rows.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) codec: Arc<Codec>,
    pub(super) rows: Numbers,
    /// Laid out by `Codec::arrange`.
    pub(super) codes: Arc<Arranged>,
    /// Bit r of the word at g: the row at index 16 g + r is there and has not been removed.
    live: Vec<u16>,
    live_rows: usize,
}

/// Blocks, in the order of their numbers, which mostly grow. Removing a row clears its bit; the codes are shared with searches and never change.
#[derive(Default)]
pub(super) struct Cold {
    blocks: Vec<(u32, Arc<Block>)>,
}

impl Block {
    /// Offers the rows of the block by a first estimate of their score, but for those that are not `allowed`. `number` comes back
    /// in the candidates' places, `hits` is room to work in.
    #[allow(clippy::too_many_arguments, reason = "one call, and all that it needs")]
    pub(super) fn scan(
        &self,
        isa: Isa,
        prepared: &Prepared,
        allowed: &[u16],
        progressive: bool,
        number: u32,
        hits: &mut Vec<Hit>,
        top: &mut TopK,
    ) {
        if allowed.iter().any(|rows| *rows != 0) {
            let rows = Rows { numbers: &self.rows, allowed, progressive, block: number };
            self.codec.scan(isa, prepared, &self.codes, &rows, hits, top);
        }
    }

    /// The live rows, or those of them whose bits are set in `allow`, which has a bit a row number, lowest first. Rows past its end
    /// are not allowed.
    pub(super) fn allowed(&self, allow: Option<&[u8]>) -> Cow<'_, [u16]> {
        let Some(allow) = allow else { return Cow::Borrowed(&self.live) };
        let Some(last) = self.rows.len().checked_sub(1) else { return Cow::Borrowed(&[]) };
        let (first, last) = (self.rows.at(0) as usize, self.rows.at(last) as usize);
        let end = allow.len().min(last / 8 + 1);
        // Sixty-four bytes at a time, which compilers make few instructions of.
        let none = |bytes: &[u8]| bytes.iter().fold(0, |all, bits| all | bits) == 0;
        if allow.get(first / 8..end).is_none_or(|span| span.chunks(64).all(none)) {
            return Cow::Borrowed(&[]);
        }
        let Numbers::Each(rows) = &self.rows else {
            // Bits of four groups stand side by side.
            let mut allowed = self.live.clone();
            for (i, groups) in allowed.chunks_mut(4).enumerate() {
                let bits = bits_from(allow, first + 4 * GROUP * i);
                for (g, live) in groups.iter_mut().enumerate() {
                    *live &= (bits >> (GROUP * g)) as u16;
                }
            }
            return Cow::Owned(allowed);
        };
        let groups = rows.chunks(GROUP).zip(&self.live);
        groups.map(|(rows, live)| if *live == 0 { 0 } else { live & bits_of(rows, allow) }).collect()
    }

    fn alive(&self, index: usize) -> bool {
        self.live[index / GROUP] >> (index % GROUP) & 1 == 1
    }
}

/// The 64 bits of `allow` from bit `first` on; past its end there are zeros.
fn bits_from(allow: &[u8], first: usize) -> u64 {
    let span = allow.get(first / 8..).unwrap_or(&[]);
    let mut bytes = [0; 16];
    let bytes = span.first_chunk().unwrap_or_else(|| {
        bytes[..span.len()].copy_from_slice(span);
        &bytes
    });
    (u128::from_le_bytes(*bytes) >> (first % 8)) as u64
}

/// Bit i: whether the bit of `rows[i]` (ascending, up to 16) is set in `allow`.
fn bits_of(rows: &[u32], allow: &[u8]) -> u16 {
    let (first, last) = (rows[0] as usize, rows[rows.len() - 1] as usize);
    if last - first < 64 {
        // The usual case: few rows between these have been replaced or removed.
        let bits = bits_from(allow, first);
        if bits == 0 {
            return 0;
        }
        let bit = |row: u32| (bits >> (row as usize - first)) as u16 & 1;
        return rows.iter().enumerate().fold(0, |all, (i, row)| all | bit(*row) << i);
    }
    let bit = |row: u32| allow.get(row as usize / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1);
    rows.iter().enumerate().fold(0, |bits, (i, row)| bits | u16::from(bit(*row)) << i)
}

impl Cold {
    pub(super) fn rows(&self) -> usize {
        self.blocks.iter().map(|(_, block)| block.live_rows).sum()
    }

    /// How many rows of those that `allow` has a bit for, see [`Block::allowed`].
    pub(super) fn count(&self, allow: &[u8]) -> usize {
        let counts = self
            .blocks
            .iter()
            .map(|(_, block)| block.allowed(Some(allow)).iter().map(|rows| rows.count_ones()).sum::<u32>());
        counts.map(|count| count as usize).sum()
    }

    pub(super) fn ram_bytes(&self) -> usize {
        self.blocks
            .iter()
            .map(|(_, b)| b.codes.ram_bytes() + b.rows.ram_bytes() + 2 * b.live.len() + std::mem::size_of::<Block>())
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
        let mut live: Vec<u16> =
            live.chunks(2).map(|bits| u16::from_le_bytes([bits[0], bits.get(1).copied().unwrap_or(0)])).collect();
        if let Some(last) = live.last_mut().filter(|_| !rows.len().is_multiple_of(GROUP)) {
            *last &= (1 << (rows.len() % GROUP)) - 1;
        }
        let live_rows = live.iter().map(|word| word.count_ones() as usize).sum();
        let block = Block {
            codec: Arc::clone(codec),
            rows: Numbers::of(rows),
            codes: codec.arrange(codes).into(),
            live,
            live_rows,
        };
        match self.find(number) {
            Ok(place) => self.blocks[place].1 = Arc::new(block),
            Err(place) => self.blocks.insert(place, (number, Arc::new(block))),
        }
        Ok(())
    }

    pub(super) fn drop_block(&mut self, number: u32) -> Result<(), Error> {
        let place = self.find(number).map_err(|_| Error::Missing)?;
        self.blocks.remove(place);
        Ok(())
    }

    /// Clears the live bits of `rows` in a block; rows removed before are passed over. Returns the bits.
    pub(super) fn remove(&mut self, number: u32, rows: &[u32]) -> Result<Vec<u8>, Error> {
        let place = self.find(number).map_err(|_| Error::Missing)?;
        let block = &mut self.blocks[place].1;
        let places =
            rows.iter().map(|row| block.rows.find(*row).ok_or(Error::Missing)).collect::<Result<Vec<_>, _>>()?;
        let block = Arc::make_mut(block);
        for i in places {
            if block.alive(i) {
                block.live[i / GROUP] &= !(1 << (i % GROUP));
                block.live_rows -= 1;
            }
        }
        Ok(block.live.iter().flat_map(|word| word.to_le_bytes()).take(block.rows.len().div_ceil(8)).collect())
    }

    /// The decoded vector of a row.
    pub(super) fn decode(&self, number: u32, row: u32) -> Result<Vec<f32>, Error> {
        let block = &self.blocks[self.find(number).map_err(|_| Error::Missing)?].1;
        let index = block.rows.find(row).ok_or(Error::Missing)?;
        block.codec.decode(&block.codec.extract(&block.codes, index))
    }

    pub(super) fn blocks(&self) -> Vec<(u32, Arc<Block>)> {
        self.blocks.clone()
    }

    /// Where a block stands, or where it would.
    fn find(&self, number: u32) -> Result<usize, usize> {
        self.blocks.binary_search_by_key(&number, |(number, _)| *number)
    }
}
