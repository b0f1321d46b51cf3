//! `WATERMARK FOR c AS c - INTERVAL '5' SECOND`.

use arrow::datatypes::DataType;
use sqlparser::ast::{BinaryOperator, DateTimeField, Expr, Interval, Spanned, Value, ValueWithSpan};

use super::{Column, EventTimeColumn, TypeName, find_name};
use crate::diagnostic::{Code, Diagnostic, SourceText, did_you_mean};
use crate::duration::{DurationError, parse_interval};
use crate::statement::Watermark;

/// The event time that a watermark clause declares.
pub(super) fn event_time(
    watermark: &Watermark,
    columns: &[Column],
    source: &SourceText,
) -> Result<EventTimeColumn, Diagnostic> {
    let names = || columns.iter().map(Column::name);
    let Some(column) = find_name(&watermark.column, names()) else {
        let span = source.span_of(watermark.column.span);
        let message = format!(
            "there is no column `{}` to be the event time",
            watermark.column.value
        );
        return Err(Diagnostic::error(Code::InvalidWatermark, span, message)
            .with_help_opt(did_you_mean(&watermark.column.value, names())));
    };
    let field = &columns[column].field;
    if !matches!(field.data_type(), DataType::Timestamp(..)) {
        let span = source.span_of(watermark.column.span);
        let message = format!(
            "the event time `{}` must be a TIMESTAMP, and it is {}",
            field.name(),
            TypeName(field.data_type())
        );
        return Err(
            Diagnostic::error(Code::InvalidWatermark, span, message).with_help(
                "add a computed column, such as `at AS to_timestamp_millis(ms)`, and a watermark for it",
            ),
        );
    }
    let delay_us = match &watermark.expr {
        None => 0,
        Some(expr) => delay(expr, field.name(), source)?,
    };
    Ok(EventTimeColumn { column, delay_us })
}

fn delay(expr: &Expr, column: &str, source: &SourceText) -> Result<i64, Diagnostic> {
    let is_column = |expr: &Expr| match unnested(expr) {
        Expr::Identifier(ident) => find_name(ident, std::iter::once(column)).is_some(),
        _ => false,
    };
    let other_form = || {
        let message = format!("a watermark is the column `{column}`, or the column less a fixed time");
        Diagnostic::error(Code::InvalidWatermark, source.span_of(expr.span()), message).with_help(format!(
            "write `WATERMARK FOR {column} AS {column} - INTERVAL '5' SECOND`"
        ))
    };
    match unnested(expr) {
        whole if is_column(whole) => Ok(0),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Minus,
            right,
        } if is_column(left) => {
            let Expr::Interval(interval) = unnested(right) else {
                return Err(other_form());
            };
            let span = source.span_of(right.span());
            let delay_us = interval_us(interval)
                .ok_or_else(other_form)?
                .map_err(|error| error.at(span))?;
            if delay_us < 0 {
                let message = "a watermark cannot be ahead of the event time";
                return Err(Diagnostic::error(Code::InvalidWatermark, span, message));
            }
            Ok(delay_us)
        }
        _ => Err(other_form()),
    }
}

fn unnested(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => unnested(inner),
        other => other,
    }
}

/// The length of an interval whose value is a literal with at most one unit behind it.
pub(crate) fn interval_us(interval: &Interval) -> Option<Result<i64, DurationError>> {
    if interval.last_field.is_some()
        || interval.leading_precision.is_some()
        || interval.fractional_seconds_precision.is_some()
    {
        return None;
    }
    let Expr::Value(ValueWithSpan {
        value: Value::SingleQuotedString(text) | Value::Number(text, _),
        ..
    }) = unnested(&interval.value)
    else {
        return None;
    };
    let unit = interval.leading_field.as_ref().map(|field| match field {
        DateTimeField::Custom(name) => name.value.clone(),
        field => field.to_string(),
    });
    Some(parse_interval(text, unit.as_deref()))
}
