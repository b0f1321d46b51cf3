//! From delivered columns to the stream's: computed columns and event time.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::buffer::ScalarBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;

use crate::batch::json::JsonRows;
use crate::error::{Error, Result};
use crate::expr::RowResults;
use crate::operator::BadRow;
use crate::plan::{NamedExpression, SourceSpec};
use crate::time::event_times;

/// Completes the rows of one source.
#[derive(Debug)]
pub(super) struct Columns {
    computed: Vec<NamedExpression>,
    event_time: Option<usize>,
    schema: SchemaRef,
}

/// Rows with all columns; their event times, if these come from a column.
pub(super) struct Completed {
    pub(super) rows: RecordBatch,
    pub(super) event_times: Option<ScalarBuffer<i64>>,
    pub(super) bad: Vec<BadRow>,
}

impl Columns {
    pub(super) fn new(spec: &SourceSpec) -> Self {
        let delivered = spec.columns.iter().map(|column| &column.field);
        let computed = spec.computed.iter().map(|computed| &computed.field);
        let fields: Vec<_> = delivered.chain(computed).map(Arc::clone).collect();
        Self {
            computed: spec.computed.clone(),
            event_time: spec.event_time.as_ref().map(|event_time| event_time.column),
            schema: Arc::new(Schema::new(fields)),
        }
    }

    /// Computes columns and event times. Rows for which that fails, or that have no event time, are bad.
    pub(super) fn complete(&self, rows: RecordBatch, partition: Option<&str>) -> Result<Completed> {
        let mut bad = Vec::new();
        let rows = self.compute(rows, partition, &mut bad)?;
        let Some(column) = self.event_time else {
            return Ok(Completed {
                rows,
                event_times: None,
                bad,
            });
        };
        let (times, nulls) = event_times(rows.column(column))?;
        let Some(nulls) = nulls else {
            return Ok(Completed {
                rows,
                event_times: Some(times),
                bad,
            });
        };
        let name = self.schema.field(column).name();
        let without = (0..rows.num_rows()).filter(|row| nulls.is_null(*row));
        let without = without.map(|row| (row, format!("event time `{name}` is null")));
        push_bad(&rows, without.collect(), partition, &mut bad)?;
        let rows = filter_record_batch(&rows, &BooleanArray::new(nulls.inner().clone(), None))?;
        let (times, _) = event_times(rows.column(column))?;
        Ok(Completed {
            rows,
            event_times: Some(times),
            bad,
        })
    }

    fn compute(
        &self,
        rows: RecordBatch,
        partition: Option<&str>,
        bad: &mut Vec<BadRow>,
    ) -> Result<RecordBatch> {
        if self.computed.is_empty() {
            return Ok(rows);
        }
        let results = RowResults::of(&rows, |rows| {
            let columns = self.computed.iter().map(|computed| {
                let column = computed.expression.evaluate(rows)?;
                match column.null_count() {
                    nulls if nulls > 0 && !computed.field.is_nullable() => Err(Error::Columns(format!(
                        "column `{}` is null",
                        computed.field.name()
                    ))),
                    _ => Ok(column),
                }
            });
            columns.collect()
        })?;
        let rows = match results.good(rows.num_rows()) {
            None => rows,
            Some(good) => {
                let reasons = results
                    .bad
                    .into_iter()
                    .map(|(row, error)| (row, error.to_string()))
                    .collect();
                push_bad(&rows, reasons, partition, bad)?;
                filter_record_batch(&rows, &good)?
            }
        };
        if rows.num_rows() == 0 {
            return Ok(RecordBatch::new_empty(Arc::clone(&self.schema)));
        }
        let columns = rows.columns().iter().cloned().chain(results.columns).collect();
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}

fn push_bad(
    rows: &RecordBatch,
    reasons: Vec<(usize, String)>,
    partition: Option<&str>,
    bad: &mut Vec<BadRow>,
) -> Result<()> {
    let json = JsonRows::new(rows)?;
    for (row, reason) in reasons {
        let mut raw = Vec::new();
        json.write(row, &mut raw);
        bad.push(BadRow {
            partition: partition.map(str::to_owned),
            offset: None,
            reason,
            raw: Bytes::from(raw),
        });
    }
    Ok(())
}
