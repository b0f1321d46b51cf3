//! State as it leaves and enters operators: rows of (table, key group, key, value or tombstone); and where it is kept.

pub(crate) mod checksum;
pub mod cold;
mod delta;
mod memory;
pub mod segment;
pub mod store;

pub use delta::{KeyGroup, SHARED_TABLE, StateReader, StateRow, StateWriter};
pub(crate) use delta::{for_each_batch, is_shared};
pub use memory::MemoryDelta;
