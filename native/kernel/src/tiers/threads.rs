//! One search on several threads.
//!
//! The threads that help sleep between searches and are never ended: a new one starts beside its parent, on the same
//! processor, and may wait there for longer than a whole search takes. They are made for the first search that is split.
//! Where none can be made, as in WebAssembly, the caller's thread does all the work.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::available_parallelism;

#[cfg(not(target_arch = "wasm32"))]
use rayon_core::{ThreadPool, ThreadPoolBuilder};

use crate::Error;

/// More do not pay: a handful of threads read as fast as memory gives.
const MOST: usize = 4;

/// Threads that help, at most, whatever the number of processors: searches beside each other have some each.
const POOL_THREADS: usize = 16;

/// Threads that search now, in this process: searches beside each other share the processors and do not fight over them.
static BUSY: AtomicUsize = AtomicUsize::new(0);

fn processors() -> usize {
    static FOUND: OnceLock<usize> = OnceLock::new();
    *FOUND.get_or_init(|| available_parallelism().map_or(1, usize::from))
}

/// How many threads a long search is split over, unless it says otherwise: a thread for each processor, up to 4.
pub fn default_threads() -> usize {
    processors().min(MOST)
}

/// Threads that are counted in [`BUSY`] while this lives.
struct Busy(usize);

impl Busy {
    /// The caller's thread, and as many of `helpers` as there are processors without a search.
    fn with(helpers: usize) -> (Self, usize) {
        let before = BUSY.fetch_add(1 + helpers, Ordering::Relaxed);
        // Whoever asks for more threads than there are processors shall have them.
        let free = processors().max(1 + helpers).saturating_sub(before + 1).min(helpers);
        BUSY.fetch_sub(helpers - free, Ordering::Relaxed);
        (Self(1 + free), free)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Does `work` once for each of `items`, on up to `threads` threads, each with a state of its own from `start`. Returns the
/// states, in no particular order, of which there is at least one. After a failure the items left are not done.
pub(super) fn split<S: Send>(
    threads: usize,
    items: usize,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<(), Error> + Sync,
) -> Result<Vec<S>, Error> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = start();
        loop {
            let item = next.fetch_add(1, Ordering::Relaxed);
            if item >= items {
                return Ok(state);
            }
            if let Err(error) = work(&mut state, item) {
                next.store(items, Ordering::Relaxed);
                return Err(error);
            }
        }
    };
    let wanted = threads.min(items).saturating_sub(1);
    // WebAssembly cannot start any; said here, the code for it is left out there.
    if wanted == 0 || cfg!(target_arch = "wasm32") {
        return Ok(vec![run()?]);
    }
    let (_busy, helpers) = Busy::with(wanted);
    let theirs = Mutex::new(Vec::new());
    let mine = beside(
        helpers,
        || {
            // A helper that comes when all is done needs no state.
            if next.load(Ordering::Relaxed) < items {
                let done = run();
                theirs.lock().unwrap_or_else(PoisonError::into_inner).push(done);
            }
        },
        run,
    );
    std::iter::once(mine).chain(theirs.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// The result of `mine`, done here, when `helpers` threads have each done `theirs` meanwhile.
#[cfg(not(target_arch = "wasm32"))]
fn beside<T>(helpers: usize, theirs: impl Fn() + Sync, mine: impl FnOnce() -> T) -> T {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let made = || {
        let most = processors().clamp(2, POOL_THREADS + 1) - 1;
        ThreadPoolBuilder::new().num_threads(most).thread_name(|i| format!("thermocline-{i}")).build().ok()
    };
    let Some(pool) = (helpers > 0).then(|| POOL.get_or_init(made).as_ref()).flatten() else { return mine() };
    pool.in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| theirs());
        }
        mine()
    })
}

#[cfg(target_arch = "wasm32")]
fn beside<T>(_: usize, _: impl Fn() + Sync, mine: impl FnOnce() -> T) -> T {
    mine()
}

/// The results of `work` for each of `items`, in their order.
pub(super) fn map<T: Send>(
    threads: usize,
    items: usize,
    work: impl Fn(usize) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    if threads < 2 || cfg!(target_arch = "wasm32") {
        return (0..items).map(work).collect();
    }
    let mut done = split(threads, items, Vec::new, |done, item| {
        done.push((item, work(item)?));
        Ok(())
    })?
    .into_iter()
    .flatten()
    .collect::<Vec<_>>();
    done.sort_unstable_by_key(|(item, _)| *item);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once_on_any_number_of_threads() {
        for (threads, items) in [(0, 5), (1, 5), (3, 0), (3, 1), (7, 1000)] {
            let states = split(threads, items, Vec::new, |done, item| {
                done.push(item);
                Ok(())
            });
            let mut done = states.unwrap().concat();
            done.sort_unstable();
            assert_eq!(done, (0..items).collect::<Vec<_>>());
            assert_eq!(map(threads, items, Ok), Ok(done));
        }
    }

    #[test]
    fn a_failure_ends_the_work_and_is_returned() {
        let failing = |done: &mut usize, item| {
            *done += 1;
            if item == 3 { Err(Error::Cancelled) } else { Ok(()) }
        };
        assert_eq!(split(4, usize::MAX / 2, || 0, failing), Err(Error::Cancelled));
    }
}
