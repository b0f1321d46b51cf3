//! Window functions: arguments by position or by name, in any of their spellings.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Interval, ObjectName,
    TableFactor, UnaryOperator, Value, ValueWithSpan,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::{
    Lower,
    length::{Slots, name_of, usage},
    table::{as_call, named},
};
use crate::{
    diagnostic::{Code, Diagnostic, Span, did_you_mean},
    duration::{Duration, parse_interval},
    statement::{Window, WindowForm, splice::PARTITION_ARGUMENT, window::FunctionKind},
};

/// Arguments sorted by what they are.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) input: Option<Expr>,
    pub(super) time_column: Option<(Vec<Ident>, Span)>,
    pub(super) partition_by: Vec<Expr>,
    /// Lengths by position.
    pub(super) lengths: Vec<Duration>,
    /// Lengths by name.
    named: Vec<(String, Duration)>,
}

/// The names of a window function's arguments.
const ARGUMENT_NAMES: &[&str] = &["DATA", "TIMECOL", "SIZE", "SLIDE", "STEP", "GAP", "OFFSET"];

impl Lower<'_> {
    /// A window function of FROM, whose first argument is what it cuts into windows.
    pub(super) fn window_function(
        &mut self,
        kind: FunctionKind,
        place: TokenSpan,
        args: Vec<FunctionArg>,
    ) -> Result<Window, Diagnostic> {
        let span = self.places.call(place);
        let mut arguments = self.arguments(kind, span, args, true)?;
        let Some(input) = arguments.input.take() else {
            let message = format!("{} is not told what to cut into windows", name_of(kind));
            return Err(Diagnostic::error(Code::InvalidWindow, span, message).with_help(usage(kind)));
        };
        if kind != FunctionKind::Session && !arguments.partition_by.is_empty() {
            let message = format!("{} takes no PARTITION BY", name_of(kind));
            return Err(Diagnostic::error(Code::InvalidWindow, span, message)
                .with_help("windows of this kind are the same for all keys; put the key into GROUP BY"));
        }
        let (mut input, input_span) = self.input(kind, input, span)?;
        self.table_factor(&mut input);
        for key in &mut arguments.partition_by {
            self.expr(key);
        }
        self.window(kind, WindowForm::Function, input, input_span, place, arguments)
    }

    /// A window from its sorted arguments.
    pub(super) fn window(
        &mut self,
        kind: FunctionKind,
        form: WindowForm,
        input: TableFactor,
        input_span: Span,
        place: TokenSpan,
        arguments: Arguments,
    ) -> Result<Window, Diagnostic> {
        let span = self.places.call(place);
        let Arguments {
            input: _,
            time_column,
            partition_by,
            lengths,
            named,
        } = arguments;
        let names: &[&str] = match kind {
            FunctionKind::Tumble => &["SIZE"],
            FunctionKind::Hop => &["SLIDE", "SIZE"],
            FunctionKind::Cumulate => &["STEP", "SIZE"],
            FunctionKind::Session => &["GAP"],
        };
        let takes_offset = kind != FunctionKind::Session;
        let mut slots = Slots {
            kind,
            span,
            names,
            takes_offset,
            found: vec![None; names.len()],
            offset: None,
        };
        for (position, length) in lengths.into_iter().enumerate() {
            slots.put_at(position, length)?;
        }
        for (name, length) in named {
            slots.put(&name, length)?;
        }
        let offset = slots.offset;
        let window_kind = slots.window_kind()?;
        let (time_column, time_span) = match time_column {
            Some((column, place)) => (Some(column), place),
            None => (None, span),
        };
        let name_span = self.places.span(place);
        Ok(Window {
            kind: window_kind,
            form,
            input,
            time_column,
            partition_by,
            offset,
            name_span,
            input_span,
            time_span,
            span,
        })
    }

    /// Sorts the arguments of a window function. Without input in FROM, the first is not the input.
    pub(super) fn arguments(
        &mut self,
        kind: FunctionKind,
        span: Span,
        args: Vec<FunctionArg>,
        has_input: bool,
    ) -> Result<Arguments, Diagnostic> {
        let mut sorted = Arguments::default();
        let mut columns: Vec<Expr> = Vec::new();
        let mut is_named = false;
        for arg in args {
            match arg {
                FunctionArg::Named {
                    name,
                    arg,
                    operator: _,
                } => {
                    let place = self.places.span(name.span);
                    let value = expression(arg).ok_or_else(|| not_an_argument(place))?;
                    if name.value != PARTITION_ARGUMENT {
                        is_named = true;
                    }
                    self.named_argument(name, value, place, &mut sorted)?;
                }
                FunctionArg::Unnamed(arg) => {
                    let value = expression(arg).ok_or_else(|| not_an_argument(span))?;
                    if is_named {
                        let message = "an argument without a name stands behind one with a name";
                        return Err(
                            Diagnostic::error(Code::InvalidWindow, span, message).with_help(usage(kind))
                        );
                    }
                    if has_input && sorted.input.is_none() {
                        sorted.input = Some(value);
                    } else if is_length(&value) {
                        sorted.lengths.push(self.length(&value, span)?);
                    } else if sorted.lengths.is_empty() {
                        columns.push(value);
                    } else {
                        return Err(self.not_a_length(&value, span));
                    }
                }
                FunctionArg::ExprNamed {
                    name: _,
                    arg: _,
                    operator: _,
                } => return Err(not_an_argument(span)),
            }
        }
        // The last column is the time column; with PARTITION BY, those before it are keys.
        if let Some(time_column) = columns.pop() {
            if sorted.time_column.is_some() || (!columns.is_empty() && sorted.partition_by.is_empty()) {
                let message = format!("{} has more than one time column", name_of(kind));
                return Err(Diagnostic::error(Code::InvalidWindow, span, message).with_help(usage(kind)));
            }
            sorted.time_column = Some(self.time_column(time_column, span)?);
        }
        sorted.partition_by.extend(columns);
        Ok(sorted)
    }

    fn named_argument(
        &mut self,
        name: Ident,
        value: Expr,
        place: Span,
        sorted: &mut Arguments,
    ) -> Result<(), Diagnostic> {
        let upper = name.value.to_uppercase();
        let twice = || {
            Diagnostic::error(
                Code::InvalidWindow,
                place,
                format!("the argument {} is given twice", name.value),
            )
        };
        match upper.as_str() {
            _ if name.value == PARTITION_ARGUMENT => match value {
                Expr::Tuple(keys) => sorted.partition_by.extend(keys),
                Expr::Nested(key) => sorted.partition_by.push(*key),
                key => sorted.partition_by.push(key),
            },
            "DATA" => {
                if sorted.input.replace(value).is_some() {
                    return Err(twice());
                }
            }
            "TIMECOL" => {
                let column = self.time_column(value, place)?;
                if sorted.time_column.replace(column).is_some() {
                    return Err(twice());
                }
            }
            "SIZE" | "SLIDE" | "STEP" | "GAP" | "OFFSET" => {
                if sorted.named.iter().any(|(known, _)| *known == upper) {
                    return Err(twice());
                }
                let length = self.length(&value, place)?;
                sorted.named.push((upper, length));
            }
            _ => {
                let message = format!("window functions have no argument `{}`", name.value);
                return Err(Diagnostic::error(Code::InvalidWindow, place, message)
                    .with_help_opt(did_you_mean(&name.value, ARGUMENT_NAMES.iter().copied()))
                    .with_help(format!("the arguments are {}", ARGUMENT_NAMES.join(", "))));
            }
        }
        Ok(())
    }

    /// What is cut into windows: a name, a query, or another window.
    fn input(
        &mut self,
        kind: FunctionKind,
        mut expr: Expr,
        span: Span,
    ) -> Result<(TableFactor, Span), Diagnostic> {
        while let Expr::Nested(inner) = expr {
            expr = *inner;
        }
        if let Some(parts) = column_parts(&expr) {
            let first = parts.first().map_or(span, |part| self.places.span(part.span));
            let place = parts
                .last()
                .map_or(first, |part| first.to(self.places.span(part.span)));
            return Ok((named(ObjectName::from(parts)), place));
        }
        if let Expr::Subquery(subquery) = expr {
            let input = TableFactor::Derived {
                lateral: false,
                subquery,
                alias: None,
                sample: None,
            };
            return Ok((input, span));
        }
        if let Expr::Function(function) = &expr {
            let place =
                super::table::name_place(&function.name).map_or(span, |place| self.places.call(place));
            return Ok((TableFactor::TableFunction { expr, alias: None }, place));
        }
        let message = format!(
            "the first argument of {} is a stream, a table or a query in parentheses",
            name_of(kind)
        );
        Err(Diagnostic::error(Code::InvalidWindow, span, message).with_help(usage(kind)))
    }

    fn time_column(&mut self, mut expr: Expr, span: Span) -> Result<(Vec<Ident>, Span), Diagnostic> {
        let not_a_column = || {
            Diagnostic::error(
                Code::InvalidWindow,
                span,
                "the time column is not the name of a column",
            )
            .with_help("compute it in a sub-query or as a column of the stream: `ts AS to_timestamp(t)`")
        };
        let is_descriptor = |expr: &Expr| match expr {
            Expr::Function(function) => function.name.to_string().eq_ignore_ascii_case("descriptor"),
            _ => false,
        };
        if is_descriptor(&expr) {
            let (_, args) = as_call(&mut expr).ok_or_else(not_a_column)?;
            let mut args = args.into_iter();
            expr = match (args.next(), args.next()) {
                (Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(column))), None) => column,
                _ => {
                    let message = "DESCRIPTOR takes the name of one column";
                    return Err(Diagnostic::error(Code::InvalidWindow, span, message));
                }
            };
        }
        let parts = column_parts(&expr).ok_or_else(not_a_column)?;
        let place = parts.first().map_or(span, |part| self.places.span(part.span));
        Ok((parts, place))
    }

    /// An interval as an exact length.
    fn length(&mut self, expr: &Expr, span: Span) -> Result<Duration, Diagnostic> {
        match expr {
            Expr::Nested(inner) => self.length(inner, span),
            Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => {
                let Duration { us, span } = self.length(expr, span)?;
                Ok(Duration {
                    us: us.checked_neg().unwrap_or(us),
                    span,
                })
            }
            Expr::Interval(interval) => self.interval(interval, span),
            other => Err(self.not_a_length(other, span)),
        }
    }

    fn interval(&mut self, interval: &Interval, span: Span) -> Result<Duration, Diagnostic> {
        let Interval {
            value,
            leading_field,
            leading_precision,
            last_field,
            fractional_seconds_precision,
        } = interval;
        let Expr::Value(ValueWithSpan { value, span: place }) = value.as_ref() else {
            return Err(Diagnostic::error(
                Code::InvalidDuration,
                span,
                "the length of an interval is not a constant",
            )
            .with_help("write `INTERVAL '10' SECOND`"));
        };
        let span = self.places.interval(*place);
        if leading_precision.is_some() || last_field.is_some() || fractional_seconds_precision.is_some() {
            let message = "ranges of units such as `DAY TO SECOND` are not supported";
            return Err(Diagnostic::error(Code::InvalidDuration, span, message)
                .with_help("write `INTERVAL '1 day 2 hours'`"));
        }
        let text = match value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => text,
            _ => {
                return Err(Diagnostic::error(
                    Code::InvalidDuration,
                    span,
                    "the length of an interval is not a text",
                ));
            }
        };
        let unit = leading_field.as_ref().map(ToString::to_string);
        let us = parse_interval(text, unit.as_deref()).map_err(|error| error.at(span))?;
        Ok(Duration { us, span })
    }

    fn not_a_length(&self, expr: &Expr, span: Span) -> Diagnostic {
        let span = match expr {
            Expr::Value(value) => self.places.span(value.span),
            Expr::Identifier(name) => self.places.span(name.span),
            _ => span,
        };
        Diagnostic::error(Code::InvalidWindow, span, "a length of time is wanted here")
            .with_help("write `INTERVAL '10' SECOND` or `10 SECONDS`")
    }
}

fn not_an_argument(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::InvalidWindow,
        span,
        "this is no argument of a window function",
    )
}

fn expression(arg: FunctionArgExpr) -> Option<Expr> {
    match arg {
        FunctionArgExpr::Expr(expr) => Some(expr),
        FunctionArgExpr::QualifiedWildcard(_)
        | FunctionArgExpr::Wildcard
        | FunctionArgExpr::WildcardWithOptions(_) => None,
    }
}

/// Whether an argument is a length of time, or tries to be one.
fn is_length(expr: &Expr) -> bool {
    match expr {
        Expr::Interval(_) | Expr::Value(_) => true,
        Expr::Nested(inner) => is_length(inner),
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => is_length(expr),
        _ => false,
    }
}

/// The parts of a name; some words, such as `user`, are read as functions without arguments.
fn column_parts(expr: &Expr) -> Option<Vec<Ident>> {
    match expr {
        Expr::Identifier(name) => Some(vec![name.clone()]),
        Expr::CompoundIdentifier(parts) => Some(parts.clone()),
        Expr::Function(Function {
            name,
            args: FunctionArguments::None,
            ..
        }) => name.0.iter().map(|part| part.as_ident().cloned()).collect(),
        _ => None,
    }
}
