//! State that outlives a runtime.
//!
//! ```
//! use eventflux::EventFluxAppRuntimeBuilder;
//! use eventflux::persistence::DirectoryStore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("eventflux-doc-{}", std::process::id()));
//! let app = "
//!     CREATE STREAM Purchases (card STRING, amount BIGINT);
//!     INSERT INTO Totals SELECT card, sum(amount) AS total FROM Purchases GROUP BY card;";
//!
//! let runtime = EventFluxAppRuntimeBuilder::new(app)
//!     .with_persistence_store(Box::new(DirectoryStore::open(&folder)?))
//!     .build()?;
//! runtime.start()?;
//! runtime.input_handler("Purchases")?.send(("A", 5_i64))?;
//! let revision = runtime.persist_state()?;
//! runtime.shutdown()?;
//! drop(runtime);
//!
//! // Later, perhaps in another process:
//! let runtime = EventFluxAppRuntimeBuilder::new(app)
//!     .with_persistence_store(Box::new(DirectoryStore::open(&folder)?))
//!     .build()?;
//! assert!(runtime.restore_last_revision()? >= Some(revision));
//! let mut totals = runtime.output_stream("Totals")?;
//! runtime.start()?;
//! runtime.input_handler("Purchases")?.send(("A", 7_i64))?;
//! let rows = totals.next_blocking().ok_or("no rows")?;
//! // The total was 5: now it is taken back and is 12.
//! let last = rows.iter().last().ok_or("no row")?;
//! assert_eq!(last.get::<i64>("total")?, 12);
//! # runtime.shutdown()?;
//! # drop(runtime);
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! What is restored is the state of the query (each group's aggregates, open windows, changelogs) and the positions of sources
//! that can be read again. Rows that a program sends itself are the program's to send again.

#[cfg(feature = "redis")]
mod redis;

#[cfg(feature = "redis")]
pub use redis::RedisPersistenceStore;

pub use eventflux_core::checkpoint::{CheckpointConfig, Revision, StartFrom};
pub use eventflux_core::state::segment::Compression;
pub use eventflux_core::state::store::{
    CheckpointStore, DirectoryStore, MemoryStore, ObjectCheckpointStore, StoreOptions, open_store,
};
#[cfg(feature = "redis")]
pub use eventflux_core::state::store::{RedisConfig, RedisTls};
