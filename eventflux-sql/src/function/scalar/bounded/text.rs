//! How large text becomes.

use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs};

use super::super::limit::{Budget, ROW_BYTES_MAX, ROW_STEPS_MAX, SUM_BYTES_MAX};
use super::argument::Argument;

/// As large as all arguments together.
pub(super) fn sum(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    check_sum(name, &Argument::all(args)?, args.number_rows, (0, |_| 0))
}

/// As large as all arguments together, with the first between the others.
pub(super) fn join(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let separator = Argument::at(args, 0)?;
    let gap_count = args.args.len();
    let gaps_of_all = separator.bytes_of_all(args.number_rows).saturating_mul(gap_count);
    let gaps = |row| separator.bytes(row).saturating_mul(gap_count);
    check_sum(name, &Argument::all(args)?, args.number_rows, (gaps_of_all, gaps))
}

/// The text of `||`, whose result is as large as both sides.
pub(in crate::function) fn check_concatenation(
    left: &ColumnarValue,
    right: &ColumnarValue,
    row_count: usize,
) -> Result<()> {
    check_sum(
        "||",
        &[Argument::new(left)?, Argument::new(right)?],
        row_count,
        (0, |_| 0),
    )
}

fn check_sum(
    name: &'static str,
    arguments: &[Argument],
    row_count: usize,
    (gaps_of_all, gaps): (usize, impl Fn(usize) -> usize),
) -> Result<()> {
    // Usually all rows together are smaller than one may be.
    let total = arguments.iter().map(|argument| argument.bytes_of_all(row_count));
    if total.fold(gaps_of_all, usize::saturating_add) <= SUM_BYTES_MAX {
        return Ok(());
    }
    let mut budget = Budget::new(name, SUM_BYTES_MAX);
    for row in 0..row_count {
        let sum = arguments
            .iter()
            .fold(gaps(row), |sum, argument| sum.saturating_add(argument.bytes(row)));
        budget.take(sum, 1, "bytes")?;
    }
    Ok(())
}

/// The first argument, so many times as the second says.
pub(super) fn repeat(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let (text, counts) = (Argument::at(args, 0)?, Argument::at(args, 1)?.as_integers()?);
    let mut budget = Budget::new(name, ROW_BYTES_MAX);
    for row in 0..args.number_rows {
        let count = counts.integer(row).unwrap_or(0);
        budget.take(
            text.bytes(row)
                .saturating_mul(usize::try_from(count).unwrap_or(0)),
            1,
            "bytes",
        )?;
    }
    Ok(())
}

/// The third argument wherever the second is in the first.
pub(super) fn replace(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let [text, from, to] = [0, 1, 2].map(|index| Argument::at(args, index));
    let (text, from, to) = (text?, from?, to?);
    let mut budget = Budget::new(name, ROW_BYTES_MAX);
    for row in 0..args.number_rows {
        let (Some(within), Some(from), Some(to)) = (text.text(row), from.text(row), to.text(row)) else {
            continue;
        };
        let bytes_max = ROW_BYTES_MAX.max(within.len());
        let bytes = |places: usize| within.len().saturating_add(places.saturating_mul(to.len()));
        // Places are counted only where all that there can be would be too many.
        let bytes = match bytes(within.len() / from.len().max(1) + 1) {
            most if most <= bytes_max => most,
            _ => bytes(within.matches(from).count()) - within.matches(from).count() * from.len(),
        };
        budget.take_within(bytes_max, bytes, 1, "bytes")?;
    }
    Ok(())
}

/// A character of the third argument for each of the first.
pub(super) fn translate(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let text = Argument::at(args, 0)?;
    let mut budget = Budget::new(name, SUM_BYTES_MAX);
    for row in 0..args.number_rows {
        budget.take(text.bytes(row).saturating_mul(4), 1, "bytes")?;
    }
    Ok(())
}

/// As many steps as the characters of one text times those of the other.
pub(super) fn product(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let (left, right) = (Argument::at(args, 0)?, Argument::at(args, 1)?);
    let mut budget = Budget::new(name, ROW_STEPS_MAX);
    for row in 0..args.number_rows {
        budget.take(left.bytes(row).saturating_mul(right.bytes(row)), 0, "steps")?;
    }
    Ok(())
}
