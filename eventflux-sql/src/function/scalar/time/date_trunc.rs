//! `date_trunc`: a time cut off at a unit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, FieldRef, Int64Type, TimeUnit};
use datafusion_common::{Result, exec_datafusion_err};
use datafusion_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, Signature, Volatility};
use eventflux_core::time::calendar::{civil_from_days, days_from_civil};

use super::super::builtin::{Builtin, strict};
use super::super::column::Arguments;
use super::unit::Unit;
use crate::catalog::TypeName;
use crate::function::ArgumentError;
use crate::function::reference::Chapter;

const DAY_US: i64 = 86_400_000_000;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let signature = Signature::any(2, Volatility::Immutable);
    vec![
        Builtin::new("date_trunc", signature, field, truncate)
            .documented(
                Chapter::Time,
                "date_trunc(unit, time)",
                "A TIMESTAMP, TIMESTAMPTZ, DATE or TIME cut off at `microsecond`, `millisecond`, `second`, `minute`, `hour`, \
                 `day`, `week` (Monday), `month`, `quarter`, `year` or `decade`. A DATE becomes a TIMESTAMP.",
                "date_trunc('hour', TIMESTAMP '2024-03-05 06:07:08') => 2024-03-05T06:00:00.000000Z",
            )
            .udf(),
    ]
}

fn field(name: &'static str, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    let [unit, time] = args.arg_fields else {
        return Err(ArgumentError::new(0, format!("{name} takes a unit and a time")).into());
    };
    if !(unit.data_type().is_string() || unit.data_type().is_null()) {
        let message = format!("a unit of time is STRING, not {}", TypeName(unit.data_type()));
        return Err(ArgumentError::new(0, message)
            .with_help("the unit comes first: `date_trunc('hour', ts)`")
            .into());
    }
    let Some(data_type) = result_type(time.data_type()) else {
        let message = format!("{name} takes a time, not {}", TypeName(time.data_type()));
        return Err(ArgumentError::new(1, message).into());
    };
    if let Some(Some(unit)) = args.scalar_arguments.first()
        && let Some(unit) = unit.try_as_str().flatten()
    {
        Unit::named(unit)?;
    }
    Ok(strict(name, data_type, args))
}

/// The type of the result, for a time of this type.
fn result_type(time: &DataType) -> Option<DataType> {
    Some(match time {
        DataType::Timestamp(..) | DataType::Time32(_) | DataType::Time64(_) => time.clone(),
        DataType::Date32 | DataType::Null => DataType::Timestamp(TimeUnit::Microsecond, None),
        text if text.is_string() => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}

fn truncate(args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let arguments = Arguments::new(args)?.with_text(0)?;
    let (units, times) = (arguments.text(0)?, arguments.column(1)?);
    let Some(result) = result_type(times.data_type()) else {
        return Err(exec_datafusion_err!(
            "date_trunc does not take {}",
            TypeName(times.data_type())
        ));
    };
    let in_us = match &result {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        _ => DataType::Time64(TimeUnit::Microsecond),
    };
    let strictly = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let counts = cast(&cast_with_options(times, &in_us, &strictly)?, &DataType::Int64)?;
    let counts = counts.as_primitive::<Int64Type>();
    let mut last: Option<(&str, Unit)> = None;
    let truncated = (0..arguments.row_count).map(|row| {
        if units.is_null(row) || counts.is_null(row) {
            return Ok(None);
        }
        let unit = match last {
            Some((name, unit)) if name == units.value(row) => unit,
            _ => Unit::named(units.value(row))?,
        };
        last = Some((units.value(row), unit));
        let us = counts.value(row);
        let start =
            start_of(us, unit).ok_or_else(|| exec_datafusion_err!("date_trunc: {us} is out of range"))?;
        Ok(Some(start))
    });
    let truncated: Int64Array = truncated.collect::<Result<_>>()?;
    let truncated: ArrayRef = cast(&truncated, &in_us)?;
    Ok(ColumnarValue::Array(cast_with_options(
        &truncated, &result, &strictly,
    )?))
}

/// When the unit began that these microseconds are in; `None` if that cannot be said.
fn start_of(us: i64, unit: Unit) -> Option<i64> {
    let days = us.div_euclid(DAY_US);
    match unit {
        Unit::Fixed(length) => us.checked_sub(us.rem_euclid(length)),
        // 1970-01-01 was a Thursday.
        Unit::Week => (days - (days + 3).rem_euclid(7)).checked_mul(DAY_US),
        Unit::Months(count) => {
            let (year, month, _) = civil_from_days(days);
            let months = year * 12 + i64::from(month) - 1;
            let start = months - months.rem_euclid(count);
            let month = u32::try_from(start.rem_euclid(12)).ok()? + 1;
            days_from_civil(start.div_euclid(12), month, 1).checked_mul(DAY_US)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_are_cut_off_downwards() {
        let check = |us: i64, unit: &str, expected: i64| {
            assert_eq!(
                start_of(us, Unit::named(unit).unwrap()),
                Some(expected),
                "{us} {unit}"
            );
        };
        check(-1, "millisecond", -1_000);
        check(-1, "hours", -3_600_000_000);
        check(-1, "day", -DAY_US);
        check(-1, "week", -3 * DAY_US);
        check(-1, "month", -31 * DAY_US);
        check(-1, "quarter", -92 * DAY_US);
        check(-1, "YEAR", -365 * DAY_US);
        check(-1, "decade", -3_653 * DAY_US);
        assert_eq!(start_of(i64::MIN, Unit::Week), None);
    }
}
