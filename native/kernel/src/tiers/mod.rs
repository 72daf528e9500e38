//! The two tiers in RAM, and the partition that searches them together.

mod cold;
mod hot;
pub(crate) mod partition;
