//! Searching a partition: several queries in one pass over its blocks, on several threads.
//!
//! Each thread takes the next block that nobody has taken, scans it for all queries of the pass while it is in the cache,
//! and keeps the best of what it saw. Which rows are kept does not depend on the order of the offers (`top_k`), so
//! neither does an answer on the number of threads, nor on the queries beside it, nor on the steps that it is found in.

use std::sync::Arc;

use super::threads::{map, split};
use super::{cold, hot};
use crate::arch::Hit;
use crate::codec::{Prepared, Scoring};
use crate::top_k::{Candidate, TopK};
use crate::{Codec, Control, Error, Isa, Metric};

/// Queries that share a pass: their tables and candidates stay in the second-level cache beside a block.
const PASS: usize = 64;

/// Queries of a pass that are made ready together.
const PREPARED: usize = 8;

/// Rows from which a scan may be progressive.
const PROGRESSIVE: usize = if cfg!(test) { 1_000 } else { 500_000 };

/// Work that pays for another thread: starting one takes about a tenth of it.
const THREAD_NANOSECONDS: u64 = 250_000;

/// Rows that could be scanned side by side in the time that it takes to find and scan the group of one, or of eight that lie together.
const SCATTERED: usize = 32;

/// Bytes of codes, times queries, that are scanned in a step: a millisecond or less.
const STEP: usize = 1 << 20;

/// What to search for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `[n][dim]`; unit vectors under `Metric::Cosine`.
    pub queries: &'a [f32],
    /// How many hot rows to return for each query.
    pub hot: usize,
    /// How many cold rows to return for each query.
    pub cold: usize,
    /// Rows that may be returned, a bit each, lowest first; rows past its end may not. `None`: all.
    pub allow: Option<&'a [u8]>,
    /// How the queries meet the codes.
    pub scoring: Scoring,
    /// Whether a scan of many cold rows may judge most of them by the strongest bytes of their codes alone. Rarely worth
    /// what it misses: `ARCHITECTURE.md`, "Progressive scan".
    pub progressive: bool,
    /// How many threads may work on it, the caller's included, where so many pay.
    pub threads: usize,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            queries: &[],
            hot: 10,
            cold: 10,
            allow: None,
            scoring: Scoring::Asymmetric,
            progressive: false,
            threads: 1,
        }
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

/// What a search found for a query, tier by tier: hot scores are exact, cold ones estimated from codes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// From float32 rows.
    pub hot: Ranking,
    /// From codes.
    pub cold: Ranking,
}

impl Found {
    /// What was found for some queries as one run of numbers, query by query: how many hot and how many cold rows, then rows and
    /// scores of the hot, then of the cold ones; scores as the bits of float32.
    pub fn numbers(found: &[Self]) -> Vec<u32> {
        let mut numbers = Vec::new();
        for Self { hot, cold } in found {
            numbers.extend([hot.rows.len() as u32, cold.rows.len() as u32]);
            for Ranking { rows, scores, .. } in [hot, cold] {
                numbers.extend(rows);
                numbers.extend(scores.iter().map(|score| score.to_bits()));
            }
        }
        numbers
    }
}

/// The rows of a partition at one moment. Taking one costs a reference a cold block, and one for all hot ones.
pub struct Snapshot {
    pub(super) dim: usize,
    pub(super) metric: Metric,
    pub(super) hot: Arc<Vec<Arc<hot::Block>>>,
    pub(super) cold: Vec<(u32, Arc<cold::Block>)>,
}

/// The best so far of one query, of each tier; cold ones by their coarse scores.
struct Best {
    hot: TopK,
    cold: TopK,
}

/// What a thread keeps between blocks: the best of each query, and room to work in.
type State = (Vec<Best>, Vec<Hit>);

/// A pass before its first block.
struct Plan {
    queries: usize,
    hot_blocks: usize,
    hot_rows: usize,
    /// How many hot rows to return.
    hot: usize,
    /// Of each cold block.
    codec_of: Vec<usize>,
    /// `[codecs][queries]`
    prepared: Vec<Prepared>,
    cold_rows: usize,
    progressive: bool,
    /// How many cold rows to score again.
    candidates: usize,
}

/// A search in steps, for callers whose thread must not be held: it finds what [`Snapshot::search`] finds.
pub struct Search {
    isa: Isa,
    snapshot: Snapshot,
    queries: Vec<f32>,
    allow: Option<Vec<u8>>,
    /// The rest of what was asked.
    request: Request<'static>,
    plan: Plan,
    state: State,
    next: usize,
}

impl Snapshot {
    /// The best rows of each tier, query by query. `control` may end it between blocks.
    pub fn search(&self, request: &Request<'_>, control: &Control) -> Result<Vec<Found>, Error> {
        self.search_with(Isa::best(), request, control)
    }

    /// The same on an instruction set of choice; they all find the same.
    pub fn search_with(&self, isa: Isa, request: &Request<'_>, control: &Control) -> Result<Vec<Found>, Error> {
        if !request.queries.len().is_multiple_of(self.dim) {
            return Err(Error::Length);
        }
        let mut found = Vec::with_capacity(request.queries.len() / self.dim);
        for queries in request.queries.chunks(PASS * self.dim) {
            let request = Request { queries, ..*request };
            let threads = request.threads.min((self.nanoseconds(&request) / THREAD_NANOSECONDS) as usize + 1);
            found.extend(self.pass(isa, &request, threads, control)?);
        }
        Ok(found)
    }

    /// About how long a search takes on one thread.
    pub fn nanoseconds(&self, request: &Request<'_>) -> u64 {
        let pace = Isa::best().pace();
        let queries = request.queries.len() / self.dim;
        // Eight rows of which some are allowed cost as much as all.
        let eights = request.allow.map_or(usize::MAX / SCATTERED, filled);
        let hot = if request.hot > 0 { hot::rows_allowed(&self.hot, request.allow) * self.dim } else { 0 };
        let mut left = SCATTERED * eights;
        let (mut codes, mut tables, mut codec) = (0, 0, None);
        if request.cold > 0 {
            for (_, block) in &self.cold {
                let rows = block.rows.len().min(left);
                left -= rows;
                codes += rows * block.codec.bytes();
                if !codec.replace(&block.codec).is_some_and(|before| Arc::ptr_eq(before, &block.codec)) {
                    tables += block.codec.prepare_cost();
                }
            }
        }
        (queries * (hot / pace.products + codes / pace.codes + tables / pace.products)) as u64
    }

    fn hot_rows(&self) -> usize {
        hot::rows_in(&self.hot)
    }

    /// One pass over all blocks, for up to [`PASS`] queries, on up to `threads` threads.
    pub(super) fn pass(
        &self,
        isa: Isa,
        request: &Request<'_>,
        threads: usize,
        control: &Control,
    ) -> Result<Vec<Found>, Error> {
        let plan = self.plan(request, threads, control)?;
        let states = split(
            threads,
            plan.items(),
            || plan.start(),
            |state, item| {
                control.at(item as f32 / plan.items() as f32)?;
                self.scan(isa, request, &plan, item, state);
                Ok(())
            },
        )?;
        map(threads, plan.queries, |query| Ok(self.best(request, &plan, &states, query)))
    }

    /// What the scan of any block needs to know.
    fn plan(&self, request: &Request<'_>, threads: usize, control: &Control) -> Result<Plan, Error> {
        let queries = request.queries.len() / self.dim;
        let cold = if request.cold > 0 { &self.cold[..] } else { &[] };
        let (codecs, codec_of) = codecs(cold);
        let together: Vec<&[f32]> = request.queries.chunks(PREPARED * self.dim).collect();
        let prepared = map(threads, codecs.len() * together.len(), |item| {
            control.at(0.0)?;
            codecs[item / together.len()].prepare(together[item % together.len()], request.scoring)
        })?;
        let cold_rows = cold.iter().map(|(_, block)| block.rows.len()).sum();
        Ok(Plan {
            queries,
            hot_blocks: if request.hot > 0 { self.hot.len() } else { 0 },
            hot_rows: self.hot_rows(),
            hot: request.hot,
            codec_of,
            prepared: prepared.into_iter().flatten().collect(),
            cold_rows,
            progressive: request.progressive && cold_rows >= PROGRESSIVE,
            // Byte tables are coarse: about twice the rows asked for are scored again by float tables.
            candidates: request.cold.saturating_mul(2).saturating_add(32),
        })
    }

    /// Scans the block that is the item of the plan, the hot ones first.
    fn scan(&self, isa: Isa, request: &Request<'_>, plan: &Plan, item: usize, (best, hits): &mut State) {
        let Some(number) = item.checked_sub(plan.hot_blocks) else {
            let tops = best.iter_mut().map(|best| &mut best.hot);
            self.hot[item].scan(isa, self.metric, request.queries, request.allow, tops);
            return;
        };
        let block = &self.cold[number].1;
        let allowed = block.allowed(request.allow);
        for (prepared, best) in plan.prepared(number).iter().zip(best) {
            block.scan(isa, prepared, &allowed, plan.progressive, number as u32, hits, &mut best.cold);
        }
    }

    /// The best of what scans of all blocks kept for a query.
    fn best(&self, request: &Request<'_>, plan: &Plan, states: &[State], query: usize) -> Found {
        let mut hot = TopK::new(request.hot, plan.hot_rows);
        let mut best = TopK::new(request.cold, plan.cold_rows);
        let mut coarse = TopK::new(plan.candidates, plan.cold_rows);
        for (state, _) in states {
            state[query].hot.kept().for_each(|candidate| hot.offer(candidate));
            state[query].cold.kept().for_each(|candidate| coarse.offer(candidate));
        }
        for candidate in coarse.finish() {
            let (number, index) = ((candidate.place >> 32) as usize, candidate.place as u32 as usize);
            let block = &self.cold[number].1;
            let score = block.codec.score(&plan.prepared(number)[query], &block.codes, index);
            best.offer(Candidate { score, ..candidate });
        }
        Found {
            hot: Ranking::of(hot.finish(), |_| 0),
            cold: Ranking::of(best.finish(), |candidate| self.cold[(candidate.place >> 32) as usize].0),
        }
    }
}

impl Plan {
    /// Blocks to scan.
    fn items(&self) -> usize {
        self.hot_blocks + self.codec_of.len()
    }

    /// The queries as the codec of a cold block wants them.
    fn prepared(&self, number: usize) -> &[Prepared] {
        &self.prepared[self.codec_of[number] * self.queries..][..self.queries]
    }

    fn start(&self) -> State {
        let new =
            |_| Best { hot: TopK::new(self.hot, self.hot_rows), cold: TopK::new(self.candidates, self.cold_rows) };
        ((0..self.queries).map(new).collect(), Vec::new())
    }
}

impl Search {
    /// Prepares a search, which sees the rows of the snapshot. `request.threads` is ignored.
    pub fn new(snapshot: Snapshot, request: &Request<'_>) -> Result<Self, Error> {
        if !request.queries.len().is_multiple_of(snapshot.dim) {
            return Err(Error::Length);
        }
        let plan = snapshot.plan(request, 1, &Control::default())?;
        let (queries, allow) = (request.queries.to_vec(), request.allow.map(<[u8]>::to_vec));
        let request = Request { queries: &[], allow: None, ..*request };
        Ok(Self { isa: Isa::best(), snapshot, queries, allow, request, state: plan.start(), plan, next: 0 })
    }

    /// Scans a few thousand rows more for one query, fewer for several. Returns whether rows are left.
    pub fn step(&mut self) -> bool {
        let request = Request { queries: &self.queries, allow: self.allow.as_deref(), ..self.request };
        let mut work = 0;
        while work < STEP && self.next < self.plan.items() {
            self.snapshot.scan(self.isa, &request, &self.plan, self.next, &mut self.state);
            let codes = |number: usize| {
                let block = &self.snapshot.cold[number].1;
                block.rows.len() * block.codec.bytes()
            };
            let hot = |item: usize| 2 * self.snapshot.hot[item].rows() * self.snapshot.dim;
            work +=
                self.plan.queries * self.next.checked_sub(self.plan.hot_blocks).map_or_else(|| hot(self.next), codes);
            self.next += 1;
        }
        self.next < self.plan.items()
    }

    /// The best rows of each tier, query by query, once no rows are left.
    pub fn finish(self) -> Vec<Found> {
        let request = Request { queries: &self.queries, allow: self.allow.as_deref(), ..self.request };
        let states = [self.state];
        (0..self.plan.queries).map(|query| self.snapshot.best(&request, &self.plan, &states, query)).collect()
    }
}

/// How many bytes are not zero. Sums of 64 stay within a byte, which compilers make few instructions of.
fn filled(bytes: &[u8]) -> usize {
    bytes.chunks(64).map(|bytes| usize::from(bytes.iter().map(|byte| u8::from(*byte != 0)).sum::<u8>())).sum()
}

/// Whether a row may be returned.
pub(super) fn allows(allow: Option<&[u8]>, row: u32) -> bool {
    allow.is_none_or(|bits| bits.get(row as usize / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1))
}

/// The codecs of some blocks, each once, and which of them each block has.
fn codecs(blocks: &[(u32, Arc<cold::Block>)]) -> (Vec<&Codec>, Vec<usize>) {
    let mut codecs: Vec<&Arc<Codec>> = Vec::new();
    let of = blocks.iter().map(|(_, block)| {
        codecs.iter().position(|codec| Arc::ptr_eq(codec, &block.codec)).unwrap_or_else(|| {
            codecs.push(&block.codec);
            codecs.len() - 1
        })
    });
    let of = of.collect();
    (codecs.into_iter().map(|codec| &**codec).collect(), of)
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
