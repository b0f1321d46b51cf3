//! Which casts are ours.

use arrow::datatypes::DataType;
use datafusion_common::{Result, plan_err};

use crate::catalog::TypeName;

/// What a cast does instead of what DataFusion's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// To the nearest integer: floating-point halves to the even one, decimal halves away from zero.
    Round,
    /// To text as the language writes it.
    Text,
}

/// The rule for a cast, if it is not DataFusion's.
///
/// **Errors** The cast has no meaning that all would agree on.
pub(super) fn rule(from: &DataType, to: &DataType) -> Result<Option<Rule>> {
    // NULL is a value of every type.
    if from.is_null() {
        return Ok(None);
    }
    let is_text = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    };
    let is_list = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)
        )
    };
    if to.is_integer() && (from.is_floating() || from.is_decimal()) {
        return Ok(Some(Rule::Round));
    }
    if is_text(to)
        && (from.is_floating() || from.is_temporal() || from.is_nested())
        && *from != DataType::Date32
    {
        return Ok(Some(Rule::Text));
    }
    // Numbers of days that are added to a date pass through a duration.
    let is_time = |data_type: &DataType| {
        data_type.is_temporal() && !matches!(data_type, DataType::Interval(_) | DataType::Duration(_))
    };
    if from.is_numeric() && matches!(to, DataType::Timestamp(..)) {
        return plan_err!(
            "a {} is not a {}: `to_timestamp(x)` takes it for seconds since 1970, `to_timestamp_millis(x)` and \
             `to_timestamp_micros(x)` for what their names say",
            TypeName(from),
            TypeName(to)
        );
    }
    if to.is_numeric() && matches!(from, DataType::Timestamp(..)) {
        return plan_err!(
            "a {} is not a {}: `extract(epoch from x)` gives seconds since 1970",
            TypeName(from),
            TypeName(to)
        );
    }
    if (from.is_numeric() && is_time(to))
        || (to.is_numeric() && is_time(from))
        || (is_list(to) && !is_list(from))
    {
        return plan_err!("a {} cannot be cast to {}", TypeName(from), TypeName(to));
    }
    Ok(None)
}
