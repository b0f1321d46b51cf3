//! A delta in memory: for tests, and for moving state within a process.

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

    /// A reader over the rows of the key groups that `owns` accepts.
    pub fn reader<'a>(&'a self, owns: impl Fn(KeyGroup) -> bool + 'a) -> impl StateReader + 'a {
        Reader {
            rows: Box::new(self.rows.iter().filter(move |row| owns(row.key_group))),
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
}

impl StateReader for Reader<'_> {
    fn next_row(&mut self) -> Result<Option<StateRow<'_>>> {
        Ok(self.rows.next().map(|row| StateRow {
            table: row.table,
            key_group: row.key_group,
            key: &row.key,
            value: row.value.as_deref(),
        }))
    }
}
