//! The trait of a store.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use super::Payload;
use crate::error::Result;

/// A place for checkpoints: immutable objects under `/`-separated names, see [`check_name`](super::check_name).
///
/// `Display` says where it is, for messages: ``directory `state` ``, `redis://cache:6379/0`; never a secret.
#[async_trait]
pub trait CheckpointStore: fmt::Debug + fmt::Display + Send + Sync {
    /// Stores an object if there is none of this name, and says whether it did.
    ///
    /// **Invariants** Atomic: readers see nothing or all of it, and one of several callers is told `true`. Durable: after
    /// `true` it outlives a crash of the process and of the machine. After an error it may or may not be stored; calling
    /// again with the same bytes is safe.
    async fn put_if_absent(&self, name: &str, payload: Payload) -> Result<bool>;

    /// The bytes of a range of an object, cut at the object's end; `None` if there is no such object.
    async fn get_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>>;

    /// The objects whose names begin with a prefix (any prefix, not only whole parts), ordered by name.
    async fn list(&self, prefix: &str) -> Result<Vec<StoredObject>>;

    /// Removes an object; it is no error if there is none.
    async fn delete(&self, name: &str) -> Result<()>;

    /// All bytes of an object; `None` if there is no such object.
    async fn get(&self, name: &str) -> Result<Option<Bytes>> {
        self.get_range(name, 0..u64::MAX).await
    }
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredObject {
    /// Its name.
    pub name: String,
    /// How many bytes it has.
    pub size_bytes: u64,
}
