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

/// The table of rows that all subtasks of an operator read, whichever key groups they own. They are in key group 0.
pub const SHARED_TABLE: u8 = 126;

/// Whether all subtasks read the rows of a table in a key group.
pub(crate) fn is_shared(key_group: KeyGroup, table: u8) -> bool {
    key_group == 0 && table == SHARED_TABLE
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

    /// The next rows, as many as are at hand, in the order of [`StateReader::next_row`]; none at the end.
    fn next_rows(&mut self) -> Result<Vec<StateRow<'_>>>;

    /// Whether what is read stays stored and later snapshots are read after it, so that they need only what has changed.
    /// Otherwise the next snapshot has to write everything.
    fn is_continued(&self) -> bool;
}

/// Calls with all rows that a reader has, as many at a time as are at hand.
pub(crate) fn for_each_batch(
    state: &mut dyn StateReader,
    mut take: impl FnMut(&[StateRow<'_>]) -> Result<()>,
) -> Result<()> {
    loop {
        let rows = state.next_rows()?;
        if rows.is_empty() {
            return Ok(());
        }
        take(&rows)?;
    }
}
