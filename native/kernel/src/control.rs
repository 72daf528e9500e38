//! The reins of long work: another thread may watch it and may end it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::Error;

/// Shared between a long call and whoever waits for it.
///
/// ```
/// use thermocline_kernel::{Control, Error};
///
/// let control = Control::default();
/// assert_eq!(control.at(0.25), Ok(()));
/// assert_eq!(control.done(), 0.25);
/// control.cancel();
/// assert_eq!(control.at(0.5), Err(Error::Cancelled));
/// ```
#[derive(Debug, Default)]
pub struct Control {
    cancelled: AtomicBool,
    /// Bits of an `f32`.
    done: AtomicU32,
    /// For work that holds the only thread there is.
    watch: Option<fn(f32) -> bool>,
}

impl Control {
    /// One that calls `watch` each time the work says how much is done, and ends it when the answer is false.
    pub fn watched(watch: fn(f32) -> bool) -> Self {
        Self { watch: Some(watch), ..Self::default() }
    }

    /// Asks the work to end. It does within some milliseconds, with `Error::Cancelled`.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// The share of the work that is done, 0 to 1.
    pub fn done(&self) -> f32 {
        f32::from_bits(self.done.load(Ordering::Relaxed))
    }

    /// Says how much is done, and asks whether to go on.
    pub fn at(&self, done: f32) -> Result<(), Error> {
        self.done.store(done.to_bits(), Ordering::Relaxed);
        if self.watch.is_some_and(|watch| !watch(done)) {
            self.cancel();
        }
        if self.cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}
