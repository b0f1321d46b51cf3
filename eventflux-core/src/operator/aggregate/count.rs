//! `count(*)` and `count(x, …)`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::function::Function;
use super::stored::Stored;
use super::{AggregateRows, Evaluated};
use crate::error::Result;

/// Counts the rows in which no argument is NULL.
pub(super) struct Count {
    pub(super) output: DataType,
}

impl Function for Count {
    type State = i64;
    type Column<'a> = Option<NullBuffer>;
    type Value = i64;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        let nulls = rows.arguments.iter().fold(None, |nulls, argument| {
            NullBuffer::union(nulls.as_ref(), argument.logical_nulls().as_ref())
        });
        Ok(nulls.filter(|nulls| nulls.null_count() > 0))
    }

    fn add(&self, state: &mut i64, column: &Self::Column<'_>, row: usize) {
        *state += i64::from(column.as_ref().is_none_or(|nulls| nulls.is_valid(row)));
    }

    fn subtract(&self, state: &mut i64, column: &Self::Column<'_>, row: usize) {
        *state -= i64::from(column.as_ref().is_none_or(|nulls| nulls.is_valid(row)));
    }

    fn merge(&self, state: &mut i64, other: &i64) -> Result<()> {
        *state += other;
        Ok(())
    }

    fn result(&self, state: &i64) -> i64 {
        *state
    }

    fn finish(&self, values: Vec<i64>) -> Result<Evaluated> {
        let array: ArrayRef = Arc::new(Int64Array::from(values));
        if self.output == DataType::Int64 {
            return Ok(Evaluated::fits(array));
        }
        Ok(Evaluated::fits(cast(&array, &self.output)?))
    }

    fn encode(&self, state: &i64, out: &mut Vec<u8>) {
        out.extend_from_slice(&state.to_be_bytes());
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<i64> {
        input.i64()
    }
}
