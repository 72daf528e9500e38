//! One namespace's rows in both tiers, searched together.

use std::sync::Arc;

use super::{cold, hot};
use crate::codec::{Prepared, Scoring};
use crate::top_k::{Candidate, TopK};
use crate::{Codec, Error, Isa, Metric};

/// Rows from which a scan is progressive.
const PROGRESSIVE: usize = if cfg!(test) { 1_000 } else { 500_000 };

/// What to search for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `[dim]`; a unit vector under `Metric::Cosine`.
    pub query: &'a [f32],
    /// How many hot rows to return.
    pub hot: usize,
    /// How many cold rows to return.
    pub cold: usize,
    /// Rows that may be returned, a bit each, lowest first; rows past its end may not. `None`: all.
    pub allow: Option<&'a [u8]>,
    /// How the query meets the codes.
    pub scoring: Scoring,
    /// Whether a scan of many cold rows may judge most of them by the strongest bytes of their codes alone.
    pub progressive: bool,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { query: &[], hot: 10, cold: 10, allow: None, scoring: Scoring::Asymmetric, progressive: true }
    }
}

/// Rows and their scores, best first; ties go to the lower row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// Row numbers.
    pub rows: Vec<u32>,
    /// Similarities, as long as `rows`.
    pub scores: Vec<f32>,
    /// The cold block that each row lies in; 0 for hot rows.
    pub blocks: Vec<u32>,
}

/// What a search found, tier by tier: hot scores are exact, cold ones estimated from codes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// From float32 rows.
    pub hot: Ranking,
    /// From codes.
    pub cold: Ranking,
}

/// One namespace's rows. Writes happen here; searches run on a [`Snapshot`] and never wait for them.
pub struct Partition {
    dim: usize,
    metric: Metric,
    hot: hot::Hot,
    cold: cold::Cold,
}

/// The rows of a partition at one moment. Taking one costs a reference a block.
pub struct Snapshot {
    dim: usize,
    metric: Metric,
    hot: Vec<Arc<hot::Block>>,
    cold: Vec<(u32, Arc<cold::Block>)>,
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

    /// How many rows are hot.
    pub fn hot_rows(&self) -> usize {
        self.hot.rows()
    }

    /// How many rows are cold.
    pub fn cold_rows(&self) -> usize {
        self.cold.rows()
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

impl Snapshot {
    /// The best rows of each tier.
    pub fn search(&self, request: &Request<'_>) -> Result<Found, Error> {
        self.search_with(Isa::best(), request)
    }

    /// The same on an instruction set of choice; they all find the same.
    pub fn search_with(&self, isa: Isa, request: &Request<'_>) -> Result<Found, Error> {
        if request.query.len() != self.dim {
            return Err(Error::Length);
        }
        let allowed = |row: u32| {
            request.allow.is_none_or(|bits| bits.get(row as usize / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1))
        };
        Ok(Found { hot: self.search_hot(isa, request, &allowed), cold: self.search_cold(isa, request)? })
    }

    fn search_hot(&self, isa: Isa, request: &Request<'_>, allowed: &dyn Fn(u32) -> bool) -> Ranking {
        let mut top = TopK::new(request.hot, self.hot.iter().map(|block| block.rows()).sum());
        if request.hot > 0 {
            for block in &self.hot {
                block.scan(isa, self.metric, request.query, allowed, &mut top);
            }
        }
        Ranking::of(top.finish(), |_| 0)
    }

    /// Scans every block by byte tables for about twice the rows asked for, then scores those by float tables.
    fn search_cold(&self, isa: Isa, request: &Request<'_>) -> Result<Ranking, Error> {
        if request.cold == 0 || self.cold.is_empty() {
            return Ok(Ranking::default());
        }
        let all = self.cold.iter().map(|(_, block)| block.rows.len()).sum();
        let mut top = TopK::new(request.cold.saturating_mul(2).saturating_add(32), all);
        let mut queries: Vec<(&Arc<Codec>, Prepared)> = Vec::new();
        let mut prepared_of = Vec::with_capacity(self.cold.len());
        let mut hits = Vec::new();
        let progressive = request.progressive && all >= PROGRESSIVE;
        for (number, (_, block)) in self.cold.iter().enumerate() {
            let known = queries.iter().position(|(codec, _)| Arc::ptr_eq(codec, &block.codec));
            let query = if let Some(known) = known {
                known
            } else {
                queries.push((&block.codec, block.codec.prepare(request.query, request.scoring)?));
                queries.len() - 1
            };
            prepared_of.push(query);
            block.scan(isa, &queries[query].1, request.allow, progressive, number as u32, &mut hits, &mut top);
        }
        let mut best = TopK::new(request.cold, all);
        for candidate in top.finish() {
            let (number, index) = ((candidate.place >> 32) as usize, candidate.place as u32 as usize);
            let block = &self.cold[number].1;
            let score = block.codec.score(&queries[prepared_of[number]].1, &block.codes, index);
            best.offer(Candidate { score, ..candidate });
        }
        Ok(Ranking::of(best.finish(), |candidate| self.cold[(candidate.place >> 32) as usize].0))
    }
}

impl Ranking {
    fn of(candidates: Vec<Candidate>, block: impl Fn(&Candidate) -> u32) -> Self {
        let mut ranking = Self::default();
        for candidate in candidates {
            ranking.rows.push(candidate.row);
            ranking.scores.push(candidate.score);
            ranking.blocks.push(block(&candidate));
        }
        ranking
    }
}

#[cfg(test)]
mod tests;
