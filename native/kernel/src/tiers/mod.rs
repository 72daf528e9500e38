//! The two tiers in RAM, and the partition that searches them together.

mod cold;
pub(crate) mod hot;
pub(crate) mod numbers;
pub(crate) mod partition;
pub(crate) mod search;
pub(crate) mod threads;
