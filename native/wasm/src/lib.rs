//! The Thermocline kernel as WebAssembly, in two modules. The first holds all that opening and searching a store needs;
//! the second, built with the feature `calibrate`, what finds codebooks and eigenbases, and makes codes. Both convert, call, and nothing
//! else: arguments were validated in TypeScript, policy lives there too.
//!
//! A panic is a trap, after which an instance may be in any state. So whoever catches one calls `restart`, which has the
//! next call run in a fresh instance; objects of the one before are gone.

#![deny(unsafe_code)]
#![allow(unreachable_pub, reason = "what JavaScript calls is public without a path to it")]
#![allow(missing_docs, reason = "the binding's macros generate undocumented items")]
#![allow(clippy::needless_pass_by_value, reason = "what crosses from JavaScript arrives by value")]

#[cfg(feature = "calibrate")]
mod calibrate;
#[cfg(not(feature = "calibrate"))]
mod search;

use thermocline_kernel as kernel;
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// A kernel error as a JavaScript one; its message begins with the code.
fn failed(error: kernel::Error) -> JsError {
    // Without formatting, which would be a good part of the module.
    JsError::new(error.message())
}

fn metric(number: u8) -> Result<kernel::Metric, JsError> {
    kernel::Metric::try_from(number).map_err(failed)
}

/// Has the next call run in a fresh instance.
#[wasm_bindgen]
pub fn restart() {
    wasm_bindgen::handler::schedule_reinit();
}
