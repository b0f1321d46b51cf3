//! A store in Redis.
//!
//! **Shapes** An object is a row of chunks and an entry in a hash; the entry makes it visible, and a script sets it once all
//! chunks are there. All keys of an app have its name as their hash tag, so a cluster keeps them on one node.
//!
//! ```text
//! eventflux:{APP}:objects                 hash: name -> UPLOAD:SIZE:CHUNK_BYTES
//! eventflux:{APP}:uploads                 counter; also the last write before replicas are asked how far they are
//! eventflux:{APP}:chunk:UPLOAD:INDEX      up to 256 KiB; expires unless its object becomes visible
//! ```

mod address;
#[cfg(test)]
mod cluster_test;
mod config;
mod connection;
mod guard;
mod header;
mod pool;
#[cfg(test)]
mod redis_test;
mod script;
mod store;
#[cfg(test)]
mod tls_test;

pub use config::{RedisConfig, RedisTls};
pub use store::RedisStore;
