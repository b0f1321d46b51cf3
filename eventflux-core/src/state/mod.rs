//! State as it leaves and enters operators: rows of (table, key group, key, value or tombstone); and where it is kept.

pub(crate) mod checksum;
pub mod cold;
mod delta;
mod memory;
pub mod segment;
pub mod store;

pub(crate) use delta::for_each_batch;
pub use delta::{KeyGroup, StateReader, StateRow, StateWriter};
pub use memory::MemoryDelta;
