//! Results that do not fit their type.

use arrow::array::BooleanArray;

use super::{BadRow, Output};
use crate::batch::{EventBatch, json};
use crate::error::Result;

/// Sends the failed rows to the error policy and keeps the others. `failures` are (row, why).
pub(super) fn drop_failures(
    batch: EventBatch,
    failures: &[(usize, String)],
    out: &mut Output<'_>,
) -> Result<EventBatch> {
    if failures.is_empty() {
        return Ok(batch);
    }
    let mut good = vec![true; batch.num_rows()];
    for (row, reason) in failures {
        good[*row] = false;
        report(&batch, *row, reason, out)?;
    }
    batch.filter(&BooleanArray::from(good))
}

/// Sends one row to the error policy, as JSON.
pub(super) fn report(batch: &EventBatch, row: usize, reason: &str, out: &mut Output<'_>) -> Result<()> {
    let mut raw = Vec::new();
    json::write_row(batch.rows(), row, &mut raw)?;
    let bad = BadRow {
        partition: None,
        offset: None,
        reason: reason.to_owned(),
        raw: raw.into(),
    };
    out.bad_row(bad, batch.event_time()[row])
}
