//! The canonical bytes of many keys, one after the other in one buffer.

use arrow::array::{ArrayRef, RecordBatch};

use super::KeyColumn;
use crate::error::Result;

/// Canonical bytes of the rows of a batch. Reuse one for batch after batch: it keeps its memory.
#[derive(Debug, Default)]
pub struct KeyBytes {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeyBytes {
    /// Takes the keys of all rows of a batch in place of what it holds.
    ///
    /// **Errors** A column's type cannot be part of a key.
    pub fn fill(&mut self, rows: &RecordBatch, columns: &[usize]) -> Result<()> {
        self.fill_from(&KeyColumn::of_columns(rows.columns(), columns)?, rows.num_rows());
        Ok(())
    }

    /// Takes the keys made of all these columns, which have `row_count` rows, in place of what it holds.
    ///
    /// **Errors** A column's type cannot be part of a key.
    pub fn fill_columns(&mut self, columns: &[ArrayRef], row_count: usize) -> Result<()> {
        let columns = columns
            .iter()
            .map(|column| KeyColumn::new(column.as_ref()))
            .collect::<Result<Vec<_>>>()?;
        self.fill_from(&columns, row_count);
        Ok(())
    }

    /// As [`KeyBytes::fill_columns`], with [`KeyColumn::exact`] columns: whole rows to be kept.
    ///
    /// **Errors** A column's type cannot be part of a key.
    pub fn fill_exact(&mut self, columns: &[ArrayRef], row_count: usize) -> Result<()> {
        let columns = columns
            .iter()
            .map(|column| KeyColumn::exact(column.as_ref()))
            .collect::<Result<Vec<_>>>()?;
        self.fill_from(&columns, row_count);
        Ok(())
    }

    fn fill_from(&mut self, columns: &[KeyColumn<'_>], row_count: usize) {
        self.bytes.clear();
        self.ends.clear();
        for row in 0..row_count {
            for column in columns {
                column.write(row, &mut self.bytes);
            }
            self.ends.push(self.bytes.len());
        }
    }

    /// The bytes of one row's key.
    pub fn row(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }

    /// How many keys it holds.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}
