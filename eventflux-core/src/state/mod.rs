//! State as it leaves and enters operators: rows of (table, key group, key, value or tombstone).

mod delta;
mod memory;

pub use delta::{KeyGroup, StateReader, StateRow, StateWriter};
pub use memory::MemoryDelta;
