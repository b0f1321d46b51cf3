//! The rows of a snapshot as the loop leaves them: copied once, encoded later.

use crate::error::{Error, Result};
use crate::state::{KeyGroup, StateRow, StateWriter};

/// Bytes of keys and values per chunk, so that growing never moves what is there.
const CHUNK_BYTES: usize = 1 << 20;
/// The longest key and the longest value.
const FIELD_BYTES_MAX: usize = i32::MAX as usize;

/// Takes the rows of one operator. Cheap: the loop stands still while it is filled.
#[derive(Debug, Default)]
pub struct SnapshotRows {
    chunks: Vec<Chunk>,
    row_count: usize,
    size_bytes: usize,
}

#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    start: u32,
    key_bytes: u32,
    /// [`TOMBSTONE`], or the value's length.
    value_bytes: u32,
    key_group: KeyGroup,
    table: u8,
}

const TOMBSTONE: u32 = u32::MAX;

/// The place of a row in [`SnapshotRows`].
///
/// Ordered by key group, then as the rows were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowPlace {
    pub(super) key_group: KeyGroup,
    chunk: u32,
    row: u32,
}

impl SnapshotRows {
    /// Adds the rows of another snapshot, after its own.
    pub fn append(&mut self, other: Self) {
        self.chunks.extend(other.chunks);
        self.row_count += other.row_count;
        self.size_bytes += other.size_bytes;
    }

    /// How many rows it has.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Bytes of keys and values.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Bytes that they take in memory.
    pub fn memory_bytes(&self) -> usize {
        let chunks = self.chunks.iter();
        let bytes = chunks.map(|chunk| chunk.bytes.capacity() + chunk.rows.capacity() * size_of::<Row>());
        bytes.sum()
    }

    /// The row that was written last.
    pub(super) fn last(&self) -> Option<RowPlace> {
        let chunk = self.chunks.last()?;
        Some(RowPlace {
            key_group: chunk.rows.last()?.key_group,
            chunk: (self.chunks.len() - 1) as u32,
            row: (chunk.rows.len() - 1) as u32,
        })
    }

    /// All rows by key group; those of one key group in the order in which they were written.
    pub(super) fn places(&self) -> Vec<RowPlace> {
        let mut places: Vec<_> = self
            .chunks
            .iter()
            .enumerate()
            .flat_map(|(chunk, of_chunk)| {
                of_chunk
                    .rows
                    .iter()
                    .enumerate()
                    .map(move |(row, of_row)| RowPlace {
                        key_group: of_row.key_group,
                        chunk: chunk as u32,
                        row: row as u32,
                    })
            })
            .collect();
        places.sort();
        places
    }

    /// Bytes that the row at a place takes, about.
    pub(super) fn row_bytes(&self, place: RowPlace) -> usize {
        let row = self.chunks[place.chunk as usize].rows[place.row as usize];
        let value_bytes = if row.value_bytes == TOMBSTONE {
            0
        } else {
            row.value_bytes
        };
        row.key_bytes as usize + value_bytes as usize + size_of::<Row>()
    }

    /// All rows in the order in which they were written.
    pub fn rows(&self) -> impl Iterator<Item = StateRow<'_>> {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.rows.iter().map(|row| chunk.row(*row)))
    }

    /// The row at a place.
    pub(super) fn row(&self, place: RowPlace) -> StateRow<'_> {
        let chunk = &self.chunks[place.chunk as usize];
        chunk.row(chunk.rows[place.row as usize])
    }
}

impl Chunk {
    fn row(&self, row: Row) -> StateRow<'_> {
        let bytes = &self.bytes[row.start as usize..];
        let (key, rest) = bytes.split_at(row.key_bytes as usize);
        StateRow {
            table: row.table,
            key_group: row.key_group,
            key,
            value: (row.value_bytes != TOMBSTONE).then(|| &rest[..row.value_bytes as usize]),
        }
    }
}

impl StateWriter for SnapshotRows {
    fn write(&mut self, row: StateRow<'_>) -> Result<()> {
        let value_bytes = row.value.map_or(0, <[u8]>::len);
        if row.key.len().max(value_bytes) > FIELD_BYTES_MAX {
            return Err(Error::Columns(format!(
                "a row of state with a key of {} and a value of {value_bytes} bytes is too large",
                row.key.len()
            )));
        }
        let bytes = row.key.len() + value_bytes;
        let is_full = |chunk: &Chunk| !chunk.rows.is_empty() && chunk.bytes.len() + bytes > CHUNK_BYTES;
        let chunk = match self.chunks.last_mut() {
            Some(chunk) if !is_full(chunk) => chunk,
            full => {
                let next = full.map_or_else(Chunk::default, |full| Chunk {
                    bytes: Vec::with_capacity(CHUNK_BYTES.max(bytes)),
                    rows: Vec::with_capacity(full.rows.len()),
                });
                self.chunks.push(next);
                let last = self.chunks.len() - 1;
                &mut self.chunks[last]
            }
        };
        chunk.rows.push(Row {
            start: chunk.bytes.len() as u32,
            key_bytes: row.key.len() as u32,
            value_bytes: row.value.map_or(TOMBSTONE, |value| value.len() as u32),
            key_group: row.key_group,
            table: row.table,
        });
        chunk.bytes.extend_from_slice(row.key);
        chunk.bytes.extend_from_slice(row.value.unwrap_or_default());
        self.row_count += 1;
        self.size_bytes += bytes;
        Ok(())
    }
}
