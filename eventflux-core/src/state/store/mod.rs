//! Where checkpoints live: objects under names, put once and never changed.
//!
//! **Invariants** What a store acknowledged is durable and complete; of two puts under one name exactly one wins.
//! A member of the family is one file or folder here, and passes the kit `testing::check_store`.

mod checkpoint_store;
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod cloud;
mod directory;
mod memory;
mod name;
mod object;
mod open;
mod payload;
#[cfg(feature = "redis")]
mod redis;
#[cfg(test)]
#[cfg(feature = "s3")]
mod s3_test;

pub use checkpoint_store::{CheckpointStore, StoredObject};
pub use directory::DirectoryStore;
pub use memory::MemoryStore;
pub use name::check_name;
pub use object::ObjectCheckpointStore;
pub use open::{StoreOptions, open_store};
pub use payload::Payload;
#[cfg(feature = "redis")]
pub use redis::{RedisConfig, RedisStore, RedisTls};
