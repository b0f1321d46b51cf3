//! The trait of places that hold rows of state outside of memory.

use std::fmt;

use bytes::Bytes;

use crate::error::Result;

/// A row to write: its key, and its value or nothing to take it out.
pub type ColdRow = (Vec<u8>, Option<Vec<u8>>);

/// A row as it was read: its key and its value.
pub type FoundRow = (Bytes, Bytes);

/// Rows of one subtask of an operator, ordered by key.
///
/// **Invariants** What [`ColdTier::apply`] was given is there as a whole or not at all, also after a crash, and its marker
/// with it. There are no other writes. One thread applies at a time; any may read meanwhile.
pub trait ColdTier: fmt::Debug + Send + Sync {
    /// The values of these keys, which are sorted.
    fn get_batch(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>>;

    /// The first rows, in order, that begin with `prefix` and come after the key `after`, so many at the most.
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, row_count_max: usize) -> Result<Vec<FoundRow>>;

    /// Writes rows, sorted and each key once, and the marker in place of the last one. No marker: what is there is nothing
    /// that a later run could go on from.
    fn apply(&self, marker: Option<&[u8]>, rows: &mut dyn Iterator<Item = ColdRow>) -> Result<()>;

    /// What the newest rows were written with.
    fn marker(&self) -> Result<Option<Bytes>>;

    /// Bytes that the rows take outside of memory, about.
    fn size_bytes(&self) -> u64;
}
