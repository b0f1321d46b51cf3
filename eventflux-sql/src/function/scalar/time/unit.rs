//! Units of time by name.

use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Expr;
use datafusion_expr::expr::ScalarFunction;

use crate::diagnostic::did_you_mean;
use crate::function::ArgumentError;

/// What `date_part` and EXTRACT can take out of a time.
pub(crate) const TIME_PARTS: &[&str] = &[
    "year",
    "isoyear",
    "quarter",
    "month",
    "week",
    "day",
    "dow",
    "isodow",
    "doy",
    "hour",
    "minute",
    "second",
    "millisecond",
    "microsecond",
    "nanosecond",
    "epoch",
];

/// Shorter spellings of parts, as PostgreSQL has them.
const SHORT_PARTS: &[&str] = &[
    "y", "yr", "mon", "w", "d", "h", "hr", "m", "min", "s", "sec", "ms", "msec", "msecond", "us", "usec",
    "usecond", "qtr",
];

/// A unit that a time can be cut off at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// So many microseconds.
    Fixed(i64),
    Week,
    /// So many months.
    Months(i64),
}

/// By name.
const UNITS: &[(&str, Unit)] = &[
    ("microsecond", Unit::Fixed(1)),
    ("millisecond", Unit::Fixed(1_000)),
    ("second", Unit::Fixed(1_000_000)),
    ("minute", Unit::Fixed(60_000_000)),
    ("hour", Unit::Fixed(3_600_000_000)),
    ("day", Unit::Fixed(86_400_000_000)),
    ("week", Unit::Week),
    ("month", Unit::Months(1)),
    ("quarter", Unit::Months(3)),
    ("year", Unit::Months(12)),
    ("decade", Unit::Months(120)),
];

impl Unit {
    /// The unit of this name, in the singular or the plural, in any case.
    ///
    /// **Errors** There is none.
    pub(super) fn named(name: &str) -> Result<Self> {
        let wanted = name.trim().to_ascii_lowercase();
        let is_wanted = |unit: &str| wanted == unit || wanted.strip_suffix('s') == Some(unit);
        match UNITS.iter().find(|(unit, _)| is_wanted(unit)) {
            Some((_, unit)) => Ok(*unit),
            None => Err(unknown(name, UNITS.iter().map(|(unit, _)| *unit).collect()).into()),
        }
    }
}

/// Whether the part that a call of `date_part` names is one, if it stands in the query.
pub(in crate::function) fn check_unit(function: &ScalarFunction) -> Result<()> {
    let part = match function.args.first() {
        Some(Expr::Literal(part, _)) if function.func.name() == "date_part" => part,
        _ => return Ok(()),
    };
    let Some(name) = ScalarValue::try_as_str(part).flatten() else {
        return Ok(());
    };
    let wanted = name.to_ascii_lowercase();
    let is_wanted = |part: &&str| wanted == **part || wanted.strip_suffix('s') == Some(*part);
    if TIME_PARTS.iter().chain(SHORT_PARTS).any(is_wanted) {
        return Ok(());
    }
    Err(unknown(name, TIME_PARTS.to_vec()).into())
}

fn unknown(name: &str, known: Vec<&'static str>) -> ArgumentError {
    let error = ArgumentError::new(0, format!("there is no unit of time `{name}`"));
    let help = did_you_mean(&name.to_ascii_lowercase(), known.iter().copied());
    error.with_help(help.unwrap_or_else(|| format!("there are {}", known.join(", "))))
}
