//! The columns of the result.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};

use super::filter::predicate;
use super::narrow::Narrow;
use crate::error::{Error, Result};
use crate::expr::Expression;
use crate::plan::NamedExpression;

/// What is made of the rows that passed.
pub(super) enum Projection {
    /// All columns.
    Keep,
    /// These.
    Compute {
        /// Over the columns that they read.
        expressions: Vec<Expression>,
        columns: Narrow,
        schema: SchemaRef,
    },
}

impl Projection {
    /// A projection of rows of schema `input` to columns of schema `output`.
    pub(super) fn new(
        projection: Option<&[NamedExpression]>,
        input: &Schema,
        output: &SchemaRef,
    ) -> Result<Self> {
        let Some(named) = projection else {
            return Ok(Projection::Keep);
        };
        check_types(named, output)?;
        let columns = Narrow::of(named.iter().map(|named| &named.expression), input)?;
        let expressions = named
            .iter()
            .map(|named| columns.expression(&named.expression))
            .collect::<Result<_>>()?;
        Ok(Projection::Compute {
            expressions,
            columns,
            schema: Arc::clone(output),
        })
    }

    /// The columns over the selected rows; `None` selects all.
    pub(super) fn project(
        &self,
        rows: &RecordBatch,
        selected: Option<&BooleanBuffer>,
    ) -> Result<RecordBatch> {
        match self {
            Projection::Keep => match selected {
                Some(selected) => Ok(filter_record_batch(rows, &selected.clone().into())?),
                None => Ok(rows.clone()),
            },
            Projection::Compute {
                expressions,
                columns,
                schema,
            } => {
                if selected.is_some_and(|selected| !selected.has_true()) {
                    // An expression over constants fails also where there is no row; nobody has asked for it.
                    return Ok(RecordBatch::new_empty(Arc::clone(schema)));
                }
                let predicate = selected.map(|selected| predicate(selected, rows.num_columns()));
                let chosen = columns.select(rows, predicate.as_ref())?;
                let results = expressions.iter().map(|expression| evaluate(expression, &chosen));
                let options = RecordBatchOptions::new().with_row_count(Some(chosen.num_rows()));
                let results = results.collect::<Result<_>>()?;
                Ok(RecordBatch::try_new_with_options(
                    Arc::clone(schema),
                    results,
                    &options,
                )?)
            }
        }
    }
}

fn evaluate(expression: &Expression, rows: &RecordBatch) -> Result<ArrayRef> {
    match expression.as_column() {
        Some(index) => Ok(Arc::clone(rows.column(index))),
        None => expression.evaluate(rows),
    }
}

fn check_types(named: &[NamedExpression], output: &Schema) -> Result<()> {
    if named.len() != output.fields().len() {
        let (has, wants) = (named.len(), output.fields().len());
        return Err(Error::Bug(format!(
            "a projection of {has} columns for a schema of {wants}"
        )));
    }
    for (named, field) in named.iter().zip(output.fields()) {
        let (has, wants) = (named.expression.data_type(), field.data_type());
        if has != wants {
            let text = named.expression.text();
            return Err(Error::Bug(format!(
                "`{text}` is {has}, column {} is {wants}",
                field.name()
            )));
        }
    }
    Ok(())
}
