//! How large arrays become.

use datafusion_common::{Result, exec_err};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs};

use super::super::limit::{Budget, ROW_BYTES_MAX, ROW_ITEMS_MAX, ROW_STEPS_MAX, SUM_BYTES_MAX};
use super::argument::Argument;

/// Bytes of a number or a time as text, at most.
const ITEM_TEXT_BYTES_MAX: usize = 48;

/// No array has a place beyond, from either end.
const PLACE_MAX: u64 = 1 << 30;

/// The first argument, so many times as the second says.
pub(super) fn repeat(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let (value, counts) = (Argument::at(args, 0)?, Argument::at(args, 1)?.as_integers()?);
    let mut items = Budget::new(name, ROW_ITEMS_MAX);
    let mut bytes = Budget::new(name, SUM_BYTES_MAX);
    for row in 0..args.number_rows {
        let count = usize::try_from(counts.integer(row).unwrap_or(0)).unwrap_or(0);
        items.take(count, 8, "elements")?;
        bytes.take(count.saturating_mul(value.bytes(row)), 1, "bytes")?;
    }
    Ok(())
}

/// So many elements as the second argument says, filled up with the third.
pub(super) fn resize(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let counts = Argument::at(args, 1)?.as_integers()?;
    let (value, filling) = (Argument::at(args, 0)?, Argument::optional(args, 2)?);
    let mut items = Budget::new(name, ROW_ITEMS_MAX);
    let mut bytes = Budget::new(name, SUM_BYTES_MAX);
    for row in 0..args.number_rows {
        let count = counts.integer(row).unwrap_or(0);
        let Ok(count) = usize::try_from(count) else {
            return exec_err!("{name} takes a size of 0 or more, not {count}");
        };
        items.take(if count > value.items(row) { count } else { 0 }, 8, "elements")?;
        let each = filling.as_ref().map_or(8, |filling| filling.bytes(row));
        bytes.take(count.saturating_mul(each), 1, "bytes")?;
    }
    Ok(())
}

/// The third argument in the place of elements.
pub(super) fn replace(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let (array, to) = (Argument::at(args, 0)?, Argument::at(args, 2)?);
    let mut budget = Budget::new(name, SUM_BYTES_MAX);
    for row in 0..args.number_rows {
        let replaced = array.items(row).saturating_mul(to.bytes(row));
        budget.take(array.bytes(row).saturating_add(replaced), 1, "bytes")?;
    }
    Ok(())
}

/// The elements as text, with the second argument between them and the third for NULLs.
pub(super) fn join(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let (array, between) = (Argument::at(args, 0)?, Argument::at(args, 1)?);
    let absent = Argument::optional(args, 2)?;
    let mut budget = Budget::new(name, ROW_BYTES_MAX);
    for row in 0..args.number_rows {
        let (bytes, leaves) = (array.bytes(row), leaf_count(&array, row));
        let gap = between
            .bytes(row)
            .saturating_add(absent.as_ref().map_or(0, |absent| absent.bytes(row)));
        // What the elements are as text is no more than a few times what they are.
        let elements = bytes.saturating_add(leaves.saturating_mul(ITEM_TEXT_BYTES_MAX));
        let bytes_max = ROW_BYTES_MAX.saturating_add(elements);
        budget.take_within(
            bytes_max,
            elements.saturating_add(leaves.saturating_mul(gap)),
            1,
            "bytes",
        )?;
    }
    Ok(())
}

/// Elements of arrays within arrays: no more than the bytes of all of them, as each takes one or more.
fn leaf_count(array: &Argument, row: usize) -> usize {
    let is_nested =
        matches!(array.data_type(), arrow::datatypes::DataType::List(field) if field.data_type().is_nested());
    if is_nested {
        array.bytes(row)
    } else {
        array.items(row)
    }
}

/// As large as the first two arguments together.
pub(super) fn sum_of_two(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let (left, right) = (Argument::at(args, 0)?, Argument::at(args, 1)?);
    let mut budget = Budget::new(name, SUM_BYTES_MAX);
    for row in 0..args.number_rows {
        budget.take(left.bytes(row).saturating_add(right.bytes(row)), 1, "bytes")?;
    }
    Ok(())
}

/// Elements are counted from 1.
pub(super) fn position(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let Some(starts) = Argument::optional(args, 2)? else {
        return Ok(());
    };
    let starts = starts.as_integers()?;
    for row in 0..args.number_rows {
        match starts.integer(row) {
            Some(start) if start < 1 => return exec_err!("{name} counts elements from 1, not from {start}"),
            _ => {}
        }
    }
    Ok(())
}

/// Places are within what an array can have.
pub(super) fn places(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    for index in 1..args.args.len() {
        let places = Argument::at(args, index)?.as_integers()?;
        for row in 0..args.number_rows {
            match places.integer(row) {
                Some(place) if place.unsigned_abs() > PLACE_MAX => {
                    return exec_err!("{name} has no place {place}");
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The order is that of the first row for all of them: so it must be the same for all.
pub(super) fn constant_order(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    match args
        .args
        .iter()
        .skip(1)
        .all(|order| matches!(order, ColumnarValue::Scalar(_)))
    {
        true => Ok(()),
        false => exec_err!("{name} takes its order as a constant"),
    }
}

/// As many keys as values, in each row.
pub(super) fn pairs(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    super::text::sum(name, args)?;
    let (keys, values) = (Argument::at(args, 0)?, Argument::at(args, 1)?);
    for row in 0..args.number_rows {
        let (keys, values) = (keys.items(row), values.items(row));
        if keys != values {
            return exec_err!("{name} takes as many values as keys, not {keys} keys and {values} values");
        }
    }
    Ok(())
}

/// As many steps as the elements of one array times those of the other.
pub(super) fn product_of_two(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let (left, right) = (Argument::at(args, 0)?, Argument::at(args, 1)?);
    let mut budget = Budget::new(name, ROW_STEPS_MAX);
    for row in 0..args.number_rows {
        budget.take(left.items(row).saturating_mul(right.items(row)), 0, "steps")?;
    }
    Ok(())
}
