//! Only the columns that an expression reads: filtering the others would be wasted.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::FilterPredicate;
use arrow::datatypes::{Schema, SchemaRef};

use crate::error::Result;
use crate::expr::Expression;

/// A choice of columns.
pub(super) struct Narrow {
    columns: Vec<usize>,
    schema: SchemaRef,
}

impl Narrow {
    /// The columns that these expressions read.
    pub(super) fn of<'a>(
        expressions: impl IntoIterator<Item = &'a Expression>,
        input: &Schema,
    ) -> Result<Self> {
        let mut columns: Vec<usize> = expressions.into_iter().flat_map(Expression::columns).collect();
        columns.sort_unstable();
        columns.dedup();
        let schema = Arc::new(input.project(&columns)?);
        Ok(Self { columns, schema })
    }

    /// An expression over the chosen columns.
    pub(super) fn expression(&self, expression: &Expression) -> Result<Expression> {
        expression.over(&self.columns)
    }

    /// The chosen columns of the rows that are selected; `None` selects all.
    pub(super) fn select(
        &self,
        rows: &RecordBatch,
        selected: Option<&FilterPredicate>,
    ) -> Result<RecordBatch> {
        let columns = self.columns.iter().map(|index| {
            let column = rows.column(*index);
            match selected {
                Some(predicate) => predicate.filter(column),
                None => Ok(Arc::clone(column)),
            }
        });
        let row_count = selected.map_or(rows.num_rows(), FilterPredicate::count);
        let options = RecordBatchOptions::new().with_row_count(Some(row_count));
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}
