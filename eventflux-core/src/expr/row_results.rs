//! Expressions that fail for some rows only.

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::concat;

use super::halves::in_halves;
use crate::error::{Error, Result};

/// What an evaluation gave: columns over the rows that did not fail, and the rows that did.
#[derive(Debug)]
pub struct RowResults {
    /// The results, over the good rows only, in their order; empty if no row is good.
    pub columns: Vec<ArrayRef>,
    /// Index and error of each bad row, ascending.
    pub bad: Vec<(usize, Error)>,
}

impl RowResults {
    /// Evaluates something over all rows, so that one bad row does not take the others with it.
    ///
    /// `evaluate` gives the same number of columns for any slice, and has no effect beside its result.
    pub fn of(
        rows: &RecordBatch,
        mut evaluate: impl FnMut(&RecordBatch) -> Result<Vec<ArrayRef>>,
    ) -> Result<Self> {
        let (mut pieces, mut bad, mut row) = (Vec::new(), Vec::new(), 0);
        in_halves(rows, &mut evaluate, &mut |row_count, result| {
            match result {
                Ok(columns) => pieces.push(columns),
                Err(error) => bad.push((row, error)),
            }
            row += row_count;
        });
        let columns = match <[_; 1]>::try_from(pieces) {
            Ok([columns]) => columns,
            Err(pieces) => concat_columns(&pieces)?,
        };
        Ok(Self { columns, bad })
    }

    /// Which of `row_count` rows are good; `None` if all are.
    pub fn good(&self, row_count: usize) -> Option<BooleanArray> {
        if self.bad.is_empty() {
            return None;
        }
        let mut good = vec![true; row_count];
        self.bad.iter().for_each(|(row, _)| good[*row] = false);
        Some(good.into())
    }
}

fn concat_columns(pieces: &[Vec<ArrayRef>]) -> Result<Vec<ArrayRef>> {
    let width = pieces.first().map_or(0, Vec::len);
    let column = |index: usize| {
        let arrays: Vec<_> = pieces.iter().map(|piece| piece[index].as_ref()).collect();
        Ok(concat(&arrays)?)
    };
    (0..width).map(column).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;

    use super::*;

    /// 100 / n, which fails where n is zero.
    fn divide(rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let numbers = rows.column(0).as_primitive::<Int64Type>();
        let quotients: Option<Int64Array> = numbers
            .values()
            .iter()
            .map(|n| 100i64.checked_div(*n).map(Some))
            .collect();
        match quotients {
            Some(quotients) => Ok(vec![Arc::new(quotients)]),
            None => Err(Error::Columns("division by zero".into())),
        }
    }

    fn batch(numbers: &[i64]) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    }

    #[test]
    fn rows_that_all_fail_leave_no_columns() {
        let results = RowResults::of(&batch(&[0, 0, 0]), divide).unwrap();
        assert!(results.columns.is_empty());
        assert_eq!(
            results.bad.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
            [0, 1, 2]
        );
        assert_eq!(results.bad[0].1.to_string(), "columns: division by zero");
    }

    proptest! {
        #[test]
        fn exactly_the_failing_rows_are_bad(numbers in prop::collection::vec(0i64..6, 1..80)) {
            let results = RowResults::of(&batch(&numbers), divide).unwrap();
            let bad: Vec<usize> = results.bad.iter().map(|(row, _)| *row).collect();
            let zeros: Vec<usize> = (0..numbers.len()).filter(|row| numbers[*row] == 0).collect();
            let expected: Vec<i64> = numbers.iter().filter(|n| **n != 0).map(|n| 100 / n).collect();
            prop_assert_eq!(bad, zeros);
            let column = results.columns.first().map(|column| column.as_primitive::<Int64Type>());
            prop_assert_eq!(column.map_or(&[][..], |column| column.values()), expected.as_slice());
            let good = results.good(numbers.len()).map_or(numbers.len(), |good| good.true_count());
            prop_assert_eq!(good, expected.len());
        }
    }
}
