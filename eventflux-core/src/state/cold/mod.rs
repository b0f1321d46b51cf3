//! State larger than memory: rows that are left on the local disk until they are needed.
//!
//! **Shapes** A [`ColdTier`] holds sorted rows; [`ColdState`] is what one subtask of an operator has of them, with the
//! numbers that say how much may stay in memory.
//!
//! **Invariants** With checkpoints a tier holds exactly one committed epoch: rows that changed since stay in memory until
//! the checkpoint that they are part of is committed, and its delta is applied as a whole, with the epoch as marker. After a
//! restart a tier is used again only if its marker is the checkpoint that the run goes on from. Without checkpoints a tier
//! is a place to put rows aside, and is gone at the end.

mod cold_state;
#[cfg(feature = "spill")]
mod disk;
mod memory_tier;
mod tier;
#[cfg(test)]
mod tier_test;
mod times;

pub use cold_state::{ColdEntry, ColdFigures, ColdState, Keeping, place, stored_key};
#[cfg(feature = "spill")]
pub use disk::ColdDisk;
pub use memory_tier::MemoryTier;
pub use tier::{ColdRow, ColdTier, FoundRow};
pub use times::{StoredTimes, TimedKey, before_time, timed_place};
