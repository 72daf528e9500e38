//! The numeric engine of Thermocline: codecs, tiers and scans. No I/O, no JavaScript, no logging. A search may be
//! split over threads, which end with it.
//!
//! Words, as everywhere in the project: a **row** is a vector's number in the store; the **hot tier** holds rows as
//! float32 and scores them exactly; the **cold tier** holds **codes** of a few bytes, made by a **codec** whose
//! **codebook** was fitted once on a sample; a **partition** is one namespace's hot and cold rows, searched together.
//!
//! ```
//! use thermocline_kernel::{Codec, CodecSpec, Control, Effort, Metric, Partition, Request, Sample};
//!
//! let dim = 8;
//! let rows: Vec<f32> = (0..64 * dim).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
//! let spec = CodecSpec::Eigen { bytes: 6, seed: 0, effort: Effort::Best };
//! let codebook = spec.fit(Metric::Dot, dim, Sample::of(&rows), &Control::default())?;
//! let codec = std::sync::Arc::new(Codec::parse(&codebook)?);
//! let codes = codec.encode(&rows)?;
//!
//! let mut partition = Partition::new(dim, Metric::Dot);
//! let numbers: Vec<u32> = (0..64).collect();
//! partition.set_block(0, &codec, &numbers, &codes, &[0xff; 8])?;
//! let found = partition.snapshot().search(&Request { queries: &rows[..3 * dim], cold: 5, ..Request::default() }, &Control::default())?;
//! assert!(found.len() == 3 && found[0].cold.rows.len() == 5);
//! # Ok::<(), thermocline_kernel::Error>(())
//! ```
//!
//! **Same bytes, same ranking, everywhere.** Every float sum here runs in one frozen order, with no fused
//! multiply-add, and the wide instructions only do more lanes of that order at a time. So codes, cold scores and hot
//! scores are equal to the bit on every instruction set; `arch` says how.

#![deny(unsafe_code)]
#![cfg_attr(not(feature = "fit"), allow(dead_code, reason = "fits are the only callers of some of it"))]

mod arch;
mod blob;
mod checksum;
mod codec;
mod control;
mod eigen;
#[cfg(feature = "fit")]
mod eigenbasis;
mod error;
mod fourier;
mod lloyd_max;
mod metric;
mod rotation;
#[cfg(feature = "fit")]
mod spec;
mod spectral_quant;
mod tiers;
mod top_k;

pub use arch::Isa;
pub use checksum::checksum;
pub use codec::{Codec, Scoring};
pub use control::Control;
#[cfg(feature = "fit")]
pub use eigenbasis::{Eigenbasis, eigenbasis};
pub use error::Error;
pub use metric::{Metric, from_float16, norms, similarities, similarities_to_halves, to_float16, to_unit};
pub use rotation::rotate;
#[cfg(feature = "fit")]
pub use spec::{CodecSpec, Effort, FourierSpec, Sample};
pub use spectral_quant::SpectralQuantizer;
pub use tiers::hot::HotBatch;
pub use tiers::partition::Partition;
pub use tiers::search::{Found, Ranking, Request, Search, Snapshot};
pub use tiers::threads::default_threads;
