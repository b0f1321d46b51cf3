//! Finding the rows that fail.

use arrow::array::RecordBatch;

use crate::error::Result;

/// Evaluates something over all rows at once. If that fails, over each half, until the rows that fail stand alone: f bad rows
/// among n cost f · log n evaluations more.
///
/// `each` gets the results in the order of the rows, with the number of rows that a result stands for; an error stands for one
/// row. `evaluate` has no effect beside its result.
pub(crate) fn in_halves<T>(
    rows: &RecordBatch,
    evaluate: &mut impl FnMut(&RecordBatch) -> Result<T>,
    each: &mut impl FnMut(usize, Result<T>),
) {
    let row_count = rows.num_rows();
    match evaluate(rows) {
        Err(_) if row_count > 1 => {
            let half = row_count / 2;
            in_halves(&rows.slice(0, half), evaluate, each);
            in_halves(&rows.slice(half, row_count - half), evaluate, each);
        }
        result => each(row_count, result),
    }
}
