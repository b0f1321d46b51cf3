//! How many elements `range` and `generate_series` give.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion_common::{Result, exec_err};
use datafusion_expr::ScalarFunctionArgs;

use super::super::limit::{Budget, ROW_ITEMS_MAX};
use super::argument::Argument;

const DAY_NS: i128 = 86_400_000_000_000;

/// From the first argument to the second in steps of the third.
pub(super) fn series(name: &'static str, args: &ScalarFunctionArgs) -> Result<()> {
    let mut budget = Budget::new(name, ROW_ITEMS_MAX);
    let steps = Argument::optional(args, 2)?;
    if args.args.iter().any(|argument| argument.data_type().is_null()) {
        return Ok(());
    }
    let first = Argument::at(args, 0)?;
    if first.data_type().is_integer() {
        let second = Argument::optional(args, 1)?
            .map(|second| second.as_integers())
            .transpose()?;
        let (start, stop) = match second {
            Some(second) => (Some(first.as_integers()?), second),
            None => (None, first.as_integers()?),
        };
        let steps = steps.map(|steps| steps.as_integers()).transpose()?;
        for row in 0..args.number_rows {
            let start = start.as_ref().map_or(Some(0), |start| start.integer(row));
            let step = steps.as_ref().map_or(Some(1), |steps| steps.integer(row));
            if let (Some(start), Some(stop), Some(step)) = (start, stop.integer(row), step) {
                let span = i128::from(stop) - i128::from(start);
                budget.take(count(span, i128::from(step)), 8, "elements")?;
            }
        }
        return Ok(());
    }
    let nanoseconds = |argument: Argument| {
        argument
            .cast(&DataType::Timestamp(TimeUnit::Microsecond, None))?
            .as_integers()
    };
    let (start, stop) = (nanoseconds(first)?, nanoseconds(Argument::at(args, 1)?)?);
    let Some(steps) = steps else { return Ok(()) };
    let steps = steps.cast(&DataType::Interval(IntervalUnit::MonthDayNano))?;
    for row in 0..args.number_rows {
        let (values, at) = steps.cell(row);
        let (Some(start), Some(stop), true) = (start.integer(row), stop.integer(row), values.is_valid(at))
        else {
            continue;
        };
        let step = values.as_primitive::<IntervalMonthDayNanoType>().value(at);
        let rest = i128::from(step.days) * DAY_NS + i128::from(step.nanoseconds);
        // A month has from 28 to 31 days.
        let [short, long] = [28, 31].map(|days| i128::from(step.months) * days * DAY_NS + rest);
        if short.signum() != long.signum() {
            return exec_err!("the step of {name} goes forwards in some months and backwards in others");
        }
        let step = if short.abs() < long.abs() { short } else { long };
        let span = (i128::from(stop) - i128::from(start)) * 1_000;
        budget.take(count(span, step), 8, "elements")?;
    }
    Ok(())
}

/// At least as many elements as there will be. A step of 0 is refused by the functions themselves.
fn count(span: i128, step: i128) -> usize {
    if step == 0 || (span < 0) != (step < 0) {
        return 1;
    }
    usize::try_from(span / step + 1).unwrap_or(usize::MAX)
}
