//! Where checkpoints live: objects under names, put once and never changed.
//!
//! **Invariants** What a store acknowledged is durable and complete; of two puts under one name exactly one wins.
//! A member of the family is one file or folder here.

mod checkpoint_store;
mod memory;
mod name;
mod payload;

pub use checkpoint_store::{CheckpointStore, StoredObject};
pub use memory::MemoryStore;
pub use name::check_name;
pub use payload::Payload;
