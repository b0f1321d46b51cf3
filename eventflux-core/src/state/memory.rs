//! A delta in memory: for tests, and for moving state within a process.

use super::delta::is_shared;
use super::{KeyGroup, StateReader, StateRow, StateWriter};
use crate::error::Result;

/// Rows of one or several snapshots, in order. Read them with [`MemoryDelta::reader`].
#[derive(Debug, Clone, Default)]
pub struct MemoryDelta {
    rows: Vec<OwnedRow>,
}

#[derive(Debug, Clone)]
struct OwnedRow {
    table: u8,
    key_group: KeyGroup,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

impl MemoryDelta {
    /// How many rows it holds.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// A reader over the rows of the key groups that `owns` accepts, and those that all read. The next snapshot is one of everything.
    pub fn reader<'a>(&'a self, owns: impl Fn(KeyGroup) -> bool + 'a) -> impl StateReader + 'a {
        Reader {
            rows: Box::new(
                self.rows
                    .iter()
                    .filter(move |row| owns(row.key_group) || is_shared(row.key_group, row.table)),
            ),
            is_continued: false,
        }
    }

    /// A reader over all rows. The next snapshot is read after them, if `is_continued`.
    pub fn read(&self, is_continued: bool) -> impl StateReader + '_ {
        Reader {
            rows: Box::new(self.rows.iter()),
            is_continued,
        }
    }
}

impl StateWriter for MemoryDelta {
    fn write(&mut self, row: StateRow<'_>) -> Result<()> {
        self.rows.push(OwnedRow {
            table: row.table,
            key_group: row.key_group,
            key: row.key.to_vec(),
            value: row.value.map(<[u8]>::to_vec),
        });
        Ok(())
    }
}

struct Reader<'a> {
    rows: Box<dyn Iterator<Item = &'a OwnedRow> + 'a>,
    is_continued: bool,
}

/// Few, so that tests meet more than one batch.
const BATCH_ROWS: usize = 3;

impl OwnedRow {
    fn row(&self) -> StateRow<'_> {
        StateRow {
            table: self.table,
            key_group: self.key_group,
            key: &self.key,
            value: self.value.as_deref(),
        }
    }
}

impl StateReader for Reader<'_> {
    fn next_row(&mut self) -> Result<Option<StateRow<'_>>> {
        Ok(self.rows.next().map(OwnedRow::row))
    }

    fn next_rows(&mut self) -> Result<Vec<StateRow<'_>>> {
        Ok(self.rows.by_ref().take(BATCH_ROWS).map(OwnedRow::row).collect())
    }

    fn is_continued(&self) -> bool {
        self.is_continued
    }
}
