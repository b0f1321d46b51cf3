//! Rows of the tests.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use eventflux_core::batch::{EventBatch, RowKind};
use eventflux_core::element::{Barrier, StreamElement};

/// Rows `first .. first + count` of a number and a text, every other one a deletion, with hashes.
pub fn rows(first: i64, count: usize) -> EventBatch {
    let numbers = first..first + count as i64;
    let texts: StringArray = numbers
        .clone()
        .map(|number| Some(format!("row number {number}")))
        .collect();
    let columns: [(&str, ArrayRef); 2] = [
        ("n", Arc::new(Int64Array::from_iter_values(numbers.clone()))),
        ("text", Arc::new(texts)),
    ];
    let times: Vec<i64> = numbers.clone().map(|number| number * 1_000).collect();
    let kinds = (0..count).map(|row| {
        if row % 2 == 0 {
            RowKind::Insert
        } else {
            RowKind::Delete
        }
    });
    EventBatch::new(RecordBatch::try_from_iter(columns).unwrap(), times.into())
        .unwrap()
        .with_kinds(Some(kinds.collect()))
        .unwrap()
}

/// One row per text.
pub fn texts(texts: &[String]) -> EventBatch {
    let column: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    EventBatch::at(RecordBatch::try_from_iter([("text", column)]).unwrap(), 0)
}

/// The numbers in the first column.
pub fn values(batch: &EventBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

pub fn barrier(generation: u64, epoch: u64) -> StreamElement {
    StreamElement::Barrier(Barrier { generation, epoch })
}

/// Everything of the rows is the same.
pub fn assert_rows(left: &EventBatch, right: &EventBatch) {
    assert_eq!(left.rows(), right.rows());
    assert_eq!(left.event_time(), right.event_time());
    let kinds = |batch: &EventBatch| {
        (0..batch.num_rows())
            .map(|row| batch.kind(row))
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(left), kinds(right));
    assert_eq!(left.is_partial(), right.is_partial());
}
