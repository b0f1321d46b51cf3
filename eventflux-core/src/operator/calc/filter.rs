//! Which rows pass.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::{BooleanBuffer, MutableBuffer};
use arrow::compute::{FilterBuilder, FilterPredicate};
use arrow::datatypes::{DataType, Schema};
use arrow::util::bit_util;

use super::narrow::Narrow;
use crate::error::{Error, Result};
use crate::expr::Expression;

/// A filter that cannot fail is evaluated for all rows rather than for a choice of them, if the choice is at least the
/// n-th part of all: copying columns together costs more than a few comparisons in vain.
const WORTH_CHOOSING: usize = 4;

/// One filter.
pub(super) struct Filter {
    /// Over all columns.
    wide: Expression,
    /// Over the columns that it reads.
    narrow: Expression,
    columns: Narrow,
    can_fail: bool,
}

impl Filter {
    /// A filter over rows of this schema.
    pub(super) fn new(expression: Expression, input: &Schema) -> Result<Self> {
        if *expression.data_type() != DataType::Boolean {
            let (text, data_type) = (expression.text(), expression.data_type());
            return Err(Error::Bug(format!("filter `{text}` is {data_type}, not BOOLEAN")));
        }
        let columns = Narrow::of([&expression], input)?;
        Ok(Self {
            narrow: columns.expression(&expression)?,
            can_fail: expression.can_fail(input),
            wide: expression,
            columns,
        })
    }

    /// Those of the selected rows that pass.
    fn pass(&self, rows: &RecordBatch, selected: Option<BooleanBuffer>) -> Result<BooleanBuffer> {
        let Some(selected) = selected else {
            return Ok(truths(&self.wide.evaluate(rows)?));
        };
        let count = selected.count_set_bits();
        if count == rows.num_rows() || (!self.can_fail && count >= rows.num_rows() / WORTH_CHOOSING) {
            return Ok(&truths(&self.wide.evaluate(rows)?) & &selected);
        }
        let chosen = self.columns.select(rows, Some(&predicate(&selected, 1)))?;
        Ok(scatter(&selected, &truths(&self.narrow.evaluate(&chosen)?)))
    }
}

/// The rows for which all filters are true, each seeing only rows that passed the one before it; `None` if that is all.
pub(super) fn passing(filters: &[Filter], rows: &RecordBatch) -> Result<Option<BooleanBuffer>> {
    let mut selected: Option<BooleanBuffer> = None;
    for filter in filters {
        if selected.as_ref().is_some_and(|selected| !selected.has_true()) {
            break;
        }
        selected = Some(filter.pass(rows, selected)?);
    }
    Ok(selected.filter(BooleanBuffer::has_false))
}

/// Selects rows of columns; `uses` is how many columns it will be applied to.
pub(super) fn predicate(selected: &BooleanBuffer, uses: usize) -> FilterPredicate {
    let builder = FilterBuilder::new(&BooleanArray::new(selected.clone(), None));
    if uses > 1 {
        builder.optimize().build()
    } else {
        builder.build()
    }
}

/// Where a BOOLEAN column is true; NULL is not.
fn truths(values: &ArrayRef) -> BooleanBuffer {
    let values = values.as_boolean();
    match values.nulls() {
        Some(nulls) => values.values() & nulls.inner(),
        None => values.values().clone(),
    }
}

/// Of the selected rows those whose answer, in their order, is true.
fn scatter(selected: &BooleanBuffer, answers: &BooleanBuffer) -> BooleanBuffer {
    let mut bits = MutableBuffer::from_len_zeroed(bit_util::ceil(selected.len(), 8));
    for (position, row) in selected.set_indices().enumerate() {
        if answers.value(position) {
            bit_util::set_bit(bits.as_slice_mut(), row);
        }
    }
    BooleanBuffer::new(bits.into(), 0, selected.len())
}
