//! An order of rows that does not depend on how many subtasks they came from.
//!
//! Rows that several subtasks emit between two watermarks have no order among each other. A stepped run gives them one: by
//! event time, then by their identity. Changes of one row keep the order in which they were made.
//!
//! | rows | identity | among equals |
//! |---|---|---|
//! | insertions only | the whole row | they are the same |
//! | changelog with a unique key | the key | as they were made, all by one subtask |
//! | changelog without a key | the whole row | additions first, so that nothing is taken back before it is there |

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, RecordBatch, UInt32Array};
use arrow::compute::SortOptions;
use arrow::row::{RowConverter, Rows, SortField};

use crate::batch::EventBatch;
use crate::batch::json::JsonRows;
use crate::error::Result;
use crate::plan::ChangelogMode;

/// Rows in their order, with the time that each is ordered by.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) batch: EventBatch,
    /// Ascending. A row's event time, or that of an earlier change of the same row if that is later.
    pub(super) times: Vec<i64>,
}

/// Brings rows into their order.
pub(super) fn order(batch: EventBatch, mode: &ChangelogMode) -> Result<Ordered> {
    let identities = identities(batch.rows(), mode)?;
    let times = match mode {
        ChangelogMode::Append => batch.event_time().to_vec(),
        ChangelogMode::Changelog { .. } => times_of_changes(&batch, &identities),
    };
    let is_keyless = *mode == ChangelogMode::Changelog { unique_key: None };
    let rank = |row: usize| is_keyless && !batch.kind(row).is_addition();
    let place = |row: usize| (times[row], identities.row(row), rank(row));
    let mut rows: Vec<usize> = (0..batch.num_rows()).collect();
    rows.sort_by(|left, right| place(*left).cmp(&place(*right)));
    let is_ordered = rows.iter().enumerate().all(|(place, row)| place == *row);
    if is_ordered {
        return Ok(Ordered { batch, times });
    }
    let ordered_times = rows.iter().map(|row| times[*row]).collect();
    let indices: UInt32Array = rows.into_iter().map(|row| row as u32).collect();
    Ok(Ordered {
        batch: batch.take(&indices)?,
        times: ordered_times,
    })
}

/// The identity of each row, as bytes that compare as values do, NULLs last.
fn identities(rows: &RecordBatch, mode: &ChangelogMode) -> Result<Rows> {
    let columns: Vec<ArrayRef> = match mode {
        ChangelogMode::Changelog {
            unique_key: Some(key),
        } => key
            .iter()
            .map(|column| comparable(rows, *column))
            .collect::<Result<_>>()?,
        _ => (0..rows.num_columns())
            .map(|column| comparable(rows, column))
            .collect::<Result<_>>()?,
    };
    // An empty key: there is at most one row. Something has to stand for it.
    let columns = match columns.is_empty() {
        true => vec![Arc::new(arrow::array::BooleanArray::from(vec![true; rows.num_rows()])) as ArrayRef],
        false => columns,
    };
    let options = SortOptions {
        descending: false,
        nulls_first: false,
    };
    let fields = columns
        .iter()
        .map(|column| SortField::new_with_options(column.data_type().clone(), options));
    Ok(RowConverter::new(fields.collect())?.convert_columns(&columns)?)
}

/// A column that the row format knows; others are compared as JSON.
fn comparable(rows: &RecordBatch, column: usize) -> Result<ArrayRef> {
    let array = rows.column(column);
    if RowConverter::supports_fields(&[SortField::new(array.data_type().clone())]) {
        return Ok(Arc::clone(array));
    }
    let only = rows.project(&[column])?;
    let json = JsonRows::new(&only)?;
    let texts = (0..only.num_rows()).map(|row| {
        let mut text = Vec::new();
        json.write(row, &mut text);
        text
    });
    Ok(Arc::new(BinaryArray::from_iter_values(texts)))
}

fn times_of_changes(batch: &EventBatch, identities: &Rows) -> Vec<i64> {
    let mut last: HashMap<Vec<u8>, i64> = HashMap::new();
    let change = |(row, time): (usize, &i64)| {
        let last = last
            .entry(identities.row(row).as_ref().to_vec())
            .or_insert(i64::MIN);
        *last = (*last).max(*time);
        *last
    };
    batch.event_time().iter().enumerate().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::RowKind::{self, Delete, Insert, UpdateAfter, UpdateBefore};
    use crate::runtime::testing::{rows, triples};

    fn ordered(
        mode: &ChangelogMode,
        changes: &[(RowKind, i64, i64, i64)],
    ) -> Vec<(&'static str, i64, i64, i64)> {
        let triples_in: Vec<_> = changes.iter().map(|(_, ts, k, v)| (*ts, *k, *v)).collect();
        let times: Vec<i64> = changes.iter().map(|change| change.1).collect();
        let kinds: Vec<_> = changes.iter().map(|change| change.0).collect();
        let batch = EventBatch::new(rows(&triples_in), times.into()).unwrap();
        let batch = batch.with_kinds(Some(kinds.into())).unwrap();
        let ordered = order(batch, mode).unwrap().batch;
        let kinds = (0..ordered.num_rows()).map(|row| ordered.kind(row).symbol());
        kinds
            .zip(triples([&ordered]))
            .map(|(kind, (ts, k, v))| (kind, ts, k, v))
            .collect()
    }

    #[test]
    fn insertions_are_ordered_by_time_and_row() {
        let changes = [
            (Insert, 2, 1, 1),
            (Insert, 1, 9, 9),
            (Insert, 1, 2, 30),
            (Insert, 1, 2, 4),
        ];
        let expected = [
            ("+I", 1, 2, 4),
            ("+I", 1, 2, 30),
            ("+I", 1, 9, 9),
            ("+I", 2, 1, 1),
        ];
        assert_eq!(ordered(&ChangelogMode::Append, &changes), expected);
    }

    #[test]
    fn changes_of_one_key_keep_their_order() {
        let mode = ChangelogMode::Changelog {
            unique_key: Some(vec![1]),
        };
        let changes = [
            (Insert, 5, 2, 7),
            (UpdateBefore, 5, 2, 7),
            (UpdateAfter, 5, 2, 3),
            // Made later, though its time is earlier.
            (Delete, 4, 2, 3),
            (Insert, 5, 1, 9),
            (Insert, 3, 3, 0),
        ];
        let expected = [
            ("+I", 3, 3, 0),
            ("+I", 5, 1, 9),
            ("+I", 5, 2, 7),
            ("-U", 5, 2, 7),
            ("+U", 5, 2, 3),
            ("-D", 4, 2, 3),
        ];
        assert_eq!(ordered(&mode, &changes), expected);
    }

    #[test]
    fn without_a_key_nothing_is_taken_back_before_it_is_there() {
        let mode = ChangelogMode::Changelog { unique_key: None };
        let changes = [(Delete, 1, 1, 1), (Insert, 1, 0, 0), (Insert, 1, 1, 1)];
        assert_eq!(
            ordered(&mode, &changes),
            [("+I", 1, 0, 0), ("+I", 1, 1, 1), ("-D", 1, 1, 1)]
        );
    }

    #[test]
    fn the_only_row_of_an_empty_key_keeps_its_changes_in_order() {
        let mode = ChangelogMode::Changelog {
            unique_key: Some(vec![]),
        };
        let changes = [(Insert, 1, 9, 9), (UpdateBefore, 1, 9, 9), (UpdateAfter, 1, 2, 2)];
        assert_eq!(
            ordered(&mode, &changes),
            [("+I", 1, 9, 9), ("-U", 1, 9, 9), ("+U", 1, 2, 2)]
        );
    }
}
