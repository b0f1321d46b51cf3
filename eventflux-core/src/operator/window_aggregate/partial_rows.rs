//! How partial aggregates travel.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, RecordBatch, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use super::place::Placement;
use super::slicing::Span;
use crate::batch::EventBatch;
use crate::error::{Error, Result};
use crate::operator::group::{Aggregation, Group, GroupTable};

/// The rows of partial aggregates, one per key and slice.
///
/// **Shapes** The keys; `window_start` and `window_end` where windows are attached to rows; `state`, as
/// [`CallStates`](crate::operator::group::CallStates) encodes it. A row's event time is the start of its slice.
pub(super) struct PartialRows {
    schema: SchemaRef,
    /// The keys, in these rows.
    pub(super) aggregation: Aggregation,
    /// The slices of these rows.
    pub(super) placement: Placement,
}

impl PartialRows {
    /// Those of an operator with this input.
    pub(super) fn new(aggregation: &Aggregation, placement: &Placement, input: &Schema) -> Self {
        let key_count = aggregation.keys.len();
        let keys = aggregation.keys.iter();
        let mut fields: Vec<FieldRef> = keys.map(|key| Arc::clone(&input.fields()[*key])).collect();
        let placement = match placement {
            Placement::EventTime(slicing) => Placement::EventTime(*slicing),
            Placement::Attached { .. } => {
                let time = DataType::Timestamp(TimeUnit::Microsecond, None);
                let bound = |name| Arc::new(Field::new(name, time.clone(), false));
                fields.extend(["window_start", "window_end"].map(bound));
                Placement::Attached {
                    start: key_count,
                    end: key_count + 1,
                }
            }
        };
        fields.push(Arc::new(Field::new("state", DataType::Binary, false)));
        Self {
            schema: Arc::new(Schema::new(fields)),
            aggregation: Aggregation {
                keys: (0..key_count).collect(),
                ..aggregation.clone()
            },
            placement,
        }
    }

    /// These groups of a slice.
    pub(super) fn batch(&self, slice: Span, table: &GroupTable, groups: &[Group]) -> Result<EventBatch> {
        let mut columns = table.keys().columns(groups)?;
        if matches!(self.placement, Placement::Attached { .. }) {
            for bound in [slice.start, slice.end] {
                columns.push(Arc::new(TimestampMicrosecondArray::from(vec![
                    bound;
                    groups.len()
                ])));
            }
        }
        let mut states = BinaryBuilder::with_capacity(groups.len(), 0);
        let mut state = Vec::new();
        for group in groups {
            state.clear();
            table.states().encode(*group, &mut state)?;
            states.append_value(&state);
        }
        columns.push(Arc::new(states.finish()));
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        Ok(EventBatch::at(rows, slice.start).as_partial())
    }

    /// The states of a batch of such rows.
    pub(super) fn states(batch: &EventBatch) -> Result<&BinaryArray> {
        let columns = batch.rows().columns();
        let states = columns
            .last()
            .and_then(|column: &ArrayRef| column.as_binary_opt());
        states
            .filter(|states| states.null_count() == 0)
            .ok_or_else(|| Error::Bug("partial aggregates without states".into()))
    }
}
