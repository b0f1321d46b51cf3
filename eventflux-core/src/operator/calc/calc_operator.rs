//! The operator.

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::buffer::{BooleanBuffer, ScalarBuffer};
use arrow::datatypes::{Int64Type, SchemaRef};
use bytes::Bytes;

use super::filter::{Filter, passing, predicate};
use super::kind::kinds_of_kept;
use super::piece::{Piece, Pieces};
use super::projection::Projection;
use crate::batch::EventBatch;
use crate::batch::json::JsonRows;
use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::expr::in_halves;
use crate::operator::{BadRow, Operator, OperatorContext, Output};
use crate::plan::CalcSpec;
use crate::state::{StateReader, StateWriter};

/// Keeps the rows for which all filters are true and computes the projection. It has no state.
pub struct CalcOperator {
    filters: Vec<Filter>,
    projection: Projection,
    output_schema: SchemaRef,
}

impl CalcOperator {
    /// An operator from rows of one schema to rows of another.
    ///
    /// **Errors** A filter is not BOOLEAN, or the projection does not fit the schema: the plan is wrong.
    pub fn new(
        spec: CalcSpec,
        input_schema: SchemaRef,
        output_schema: SchemaRef,
        _context: &OperatorContext,
    ) -> Result<Self> {
        let filters = spec
            .filters
            .into_iter()
            .map(|filter| Filter::new(filter, &input_schema));
        Ok(Self {
            filters: filters.collect::<Result<_>>()?,
            projection: Projection::new(spec.projection.as_deref(), &input_schema, &output_schema)?,
            output_schema,
        })
    }

    fn evaluate(&self, rows: &RecordBatch) -> Result<Piece> {
        let kept = passing(&self.filters, rows)?;
        let row_count = rows.num_rows();
        Ok(Piece {
            row_count,
            rows: self.projection.project(rows, kept.as_ref())?,
            kept,
        })
    }
}

impl Operator for CalcOperator {
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let mut pieces = Pieces::default();
        in_halves(
            batch.rows(),
            &mut |rows| self.evaluate(rows),
            &mut |_, result| match result {
                Ok(piece) => pieces.push(piece),
                Err(error) => pieces.push_bad(error, RecordBatch::new_empty(self.output_schema.clone())),
            },
        );
        report(&batch, &pieces.bad, out)?;
        emit(&batch, pieces, out)
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

/// Hands bad rows to the error policy.
fn report(batch: &EventBatch, bad: &[(usize, Error)], out: &mut Output<'_>) -> Result<()> {
    if bad.is_empty() {
        return Ok(());
    }
    let json = JsonRows::new(batch.rows())?;
    for (row, error) in bad {
        let mut raw = Vec::new();
        json.write(*row, &mut raw);
        let bad_row = BadRow {
            partition: None,
            offset: None,
            reason: error.to_string(),
            raw: Bytes::from(raw),
        };
        out.bad_row(bad_row, batch.event_time()[*row])?;
    }
    Ok(())
}

/// Hands the result on with what belongs to its rows.
fn emit(batch: &EventBatch, pieces: Pieces, out: &mut Output<'_>) -> Result<()> {
    let kept = pieces.kept();
    let mut parts = pieces.into_rows();
    if let (None, None, [_]) = (&kept, batch.kinds(), &parts[..]) {
        return parts
            .pop()
            .map_or(Ok(()), |rows| out.emit(batch.clone().with_rows(rows)?));
    }
    let kept = kept.unwrap_or_else(|| BooleanBuffer::new_set(batch.num_rows()));
    let times = kept_times(batch, &kept)?;
    let kinds = batch.kinds().map(|kinds| kinds_of_kept(kinds, &kept));
    let mut start = 0;
    for rows in parts {
        let end = start + rows.num_rows();
        let result = EventBatch::new(rows, times.slice(start, end - start))?
            .with_kinds(kinds.as_ref().map(|kinds| kinds[start..end].into()))?;
        out.emit(result)?;
        start = end;
    }
    Ok(())
}

/// The event times of the rows that are kept.
fn kept_times(batch: &EventBatch, kept: &BooleanBuffer) -> Result<ScalarBuffer<i64>> {
    let times = Int64Array::new(batch.event_time().clone(), None);
    let times: ArrayRef = predicate(kept, 1).filter(&times)?;
    Ok(times.as_primitive::<Int64Type>().values().clone())
}
