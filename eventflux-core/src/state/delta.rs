//! The currency of checkpoints: what changed, by key group.

use crate::error::Result;

/// One of the app's hash buckets, the unit in which state moves between subtasks.
pub type KeyGroup = u16;

/// One row of a delta. Tables are numbered by their operator; keys and values are the operator's own encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateRow<'a> {
    /// Which of the operator's tables.
    pub table: u8,
    /// The key group of the key.
    pub key_group: KeyGroup,
    /// The key.
    pub key: &'a [u8],
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
}

/// Takes the rows of a snapshot.
pub trait StateWriter {
    /// Takes one row.
    fn write(&mut self, row: StateRow<'_>) -> Result<()>;
}

/// Gives the rows of earlier snapshots, oldest first, those of the reader's key groups only.
pub trait StateReader {
    /// The next row.
    fn next_row(&mut self) -> Result<Option<StateRow<'_>>>;
}
