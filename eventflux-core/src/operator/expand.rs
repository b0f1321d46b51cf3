//! Grouping sets: each row once per set, with NULL in the keys that the set does not group by.

use arrow::array::{ArrayRef, RecordBatch, UInt32Array, UInt64Array, new_null_array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::SchemaRef;

use super::{Operator, Output};
use crate::batch::EventBatch;
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::plan::ExpandSpec;
use crate::state::{StateReader, StateWriter};

/// Emits each row once per grouping set, all copies of a row next to each other, in the order of the sets.
#[derive(Debug)]
pub struct Expand {
    spec: ExpandSpec,
    output: SchemaRef,
    rows_max: usize,
}

impl Expand {
    /// The operator of a spec. Emits at most `rows_max` rows per batch.
    ///
    /// **Errors** The spec does not fit its schemas.
    pub fn new(spec: &ExpandSpec, input: &SchemaRef, output: &SchemaRef, rows_max: usize) -> Result<Self> {
        let column_count = input.fields().len();
        let fits = spec.sets.len() == spec.grouping_ids.len()
            && spec.sets.iter().all(|set| set.len() == spec.keys.len())
            && spec.keys.iter().all(|key| *key < column_count)
            && output.fields().len() == column_count + spec.keys.len() + 1;
        if !fits {
            return Err(Error::Bug("grouping sets do not fit their keys".into()));
        }
        Ok(Self {
            spec: spec.clone(),
            output: output.clone(),
            rows_max: rows_max.max(1),
        })
    }

    fn expand(&self, batch: &EventBatch) -> Result<EventBatch> {
        let (row_count, set_count) = (batch.num_rows(), self.spec.sets.len());
        let source = UInt32Array::from_iter_values(
            (0..row_count as u32).flat_map(|row| std::iter::repeat_n(row, set_count)),
        );
        let copies = batch.take(&source)?;
        let mut columns = copies.rows().columns().to_vec();
        for (position, key) in self.spec.keys.iter().enumerate() {
            let column = batch.column(*key);
            let with_null: ArrayRef = concat(&[column.as_ref(), &new_null_array(column.data_type(), 1)])?;
            let in_set = |set: &Vec<bool>| set[position];
            let picked = (0..row_count as u32).flat_map(|row| {
                self.spec
                    .sets
                    .iter()
                    .map(move |set| if in_set(set) { row } else { row_count as u32 })
            });
            columns.push(take(&with_null, &UInt32Array::from_iter_values(picked), None)?);
        }
        let ids = (0..row_count).flat_map(|_| self.spec.grouping_ids.iter().copied());
        let ids: ArrayRef = std::sync::Arc::new(UInt64Array::from_iter_values(ids));
        columns.push(cast(
            &ids,
            self.output.field(self.output.fields().len() - 1).data_type(),
        )?);
        copies.with_rows(RecordBatch::try_new(self.output.clone(), columns)?)
    }
}

impl Operator for Expand {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let step = (self.rows_max / self.spec.sets.len().max(1)).max(1);
        for offset in (0..batch.num_rows()).step_by(step) {
            out.emit(self.expand(&batch.slice(offset, step.min(batch.num_rows() - offset)))?)?;
        }
        Ok(())
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, _epoch: u64, _state: &mut dyn StateWriter) -> Result<()> {
        Ok(())
    }

    fn restore(&mut self, _state: &mut dyn StateReader) -> Result<()> {
        Ok(())
    }
}
