//! Several batches as one.

use arrow::buffer::ScalarBuffer;
use arrow::compute::concat_batches;

use super::{EventBatch, RowKind, RowKinds};
use crate::error::{Error, Result};

impl EventBatch {
    /// The rows of all batches, in order; they have one schema, and are partial aggregates all or none.
    ///
    /// **Errors** There is no batch, or the schemas differ.
    pub fn concat(batches: &[EventBatch]) -> Result<Self> {
        let first = match batches {
            [] => return Err(Error::Bug("no batches to put together".into())),
            [only] => return Ok(only.clone()),
            [first, ..] => first,
        };
        let rows = concat_batches(&first.schema(), batches.iter().map(EventBatch::rows))?;
        let times = batches
            .iter()
            .flat_map(|batch| batch.event_time().iter().copied());
        let batch =
            Self::new(rows, times.collect::<ScalarBuffer<i64>>())?.with_kinds(concat_kinds(batches))?;
        Ok(match first.is_partial() {
            true => batch.as_partial(),
            false => batch,
        })
    }
}

fn concat_kinds(batches: &[EventBatch]) -> Option<RowKinds> {
    batches.iter().any(|batch| batch.kinds().is_some()).then(|| {
        let kinds = batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(|row| batch.kind(row)));
        kinds.collect::<Vec<RowKind>>().into()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch};

    use super::*;

    fn batch(values: Vec<i64>) -> EventBatch {
        let column: ArrayRef = Arc::new(Int64Array::from(values.clone()));
        EventBatch::new(
            RecordBatch::try_from_iter([("n", column)]).unwrap(),
            values.into(),
        )
        .unwrap()
    }

    #[test]
    fn rows_times_and_kinds_keep_their_order() {
        let update = batch(vec![3])
            .with_kinds(Some(vec![RowKind::UpdateAfter].into()))
            .unwrap();
        let all = EventBatch::concat(&[batch(vec![1, 2]), update]).unwrap();
        assert_eq!(all.event_time().as_ref(), [1, 2, 3]);
        assert_eq!(
            all.kinds().unwrap().as_ref(),
            [RowKind::Insert, RowKind::Insert, RowKind::UpdateAfter]
        );
        assert_eq!(all.num_rows(), 3);
    }

    #[test]
    fn no_batches_are_an_error() {
        assert!(EventBatch::concat(&[]).is_err());
    }
}
