//! Expressions: walked for what stands within them, and for forms that nothing plans.

use arrow::array::timezone::Tz;
use sqlparser::ast::{
    AccessExpr, Array, ArrayElemTypeDef, CaseWhen, CeilFloorKind, DataType, Expr, Interval, StructField,
    Subscript, TypedString, Value, ValueWithSpan,
};
use sqlparser::tokenizer::Span as TokenSpan;

use super::instead::ONE_RELATION;
use super::{Lower, table::name_place};
use crate::{
    diagnostic::{Code, Diagnostic, Span},
    statement::SqlType,
};

impl Lower<'_> {
    #[recursive::recursive]
    pub(super) fn expr(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..) => {}
            Expr::Function(_) => self.call(expr),
            Expr::BinaryOp { left, op: _, right }
            | Expr::IsDistinctFrom(left, right)
            | Expr::IsNotDistinctFrom(left, right)
            | Expr::AnyOp {
                left,
                compare_op: _,
                right,
                is_some: _,
            }
            | Expr::AllOp {
                left,
                compare_op: _,
                right,
            }
            | Expr::Position {
                expr: left,
                r#in: right,
            } => {
                self.expr(left);
                self.expr(right);
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                self.expr(timestamp);
                self.expr(time_zone);
                self.time_zone(time_zone);
            }
            Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner)
            | Expr::Nested(inner)
            | Expr::UnaryOp { op: _, expr: inner }
            | Expr::Extract {
                field: _,
                syntax: _,
                expr: inner,
            }
            | Expr::Named { expr: inner, name: _ } => self.expr(inner),
            Expr::CompoundFieldAccess { root, access_chain } => self.field_access(root, access_chain),
            Expr::InList {
                expr,
                list,
                negated: _,
            } => {
                self.expr(expr);
                list.iter_mut().for_each(|item| self.expr(item));
            }
            Expr::InSubquery {
                expr,
                subquery,
                negated: _,
            } => {
                self.expr(expr);
                self.query(subquery);
            }
            Expr::InUnnest {
                expr,
                array_expr,
                negated: _,
            } => {
                self.expr(expr);
                self.expr(array_expr);
                self.refuse_expr("IN UNNEST", "write `x = ANY(array)`");
            }
            Expr::Between {
                expr,
                negated: _,
                low,
                high,
            } => {
                [expr, low, high].into_iter().for_each(|part| self.expr(part));
            }
            Expr::Like {
                negated: _,
                any,
                expr,
                pattern,
                escape_char: _,
            }
            | Expr::ILike {
                negated: _,
                any,
                expr,
                pattern,
                escape_char: _,
            } => {
                self.expr(expr);
                self.expr(pattern);
                if *any {
                    self.refuse_expr("LIKE ANY", "write the patterns with OR");
                }
            }
            Expr::SimilarTo {
                negated: _,
                expr,
                pattern,
                escape_char: _,
            } => {
                self.expr(expr);
                self.expr(pattern);
            }
            Expr::RLike {
                negated: _,
                expr,
                pattern,
                regexp: _,
            } => {
                self.expr(expr);
                self.expr(pattern);
                self.refuse_expr("RLIKE", "write `text ~ 'pattern'`");
            }
            Expr::Cast {
                kind: _,
                expr,
                data_type,
                array,
                format,
            } => {
                self.expr(expr);
                self.data_type(data_type, place_within(expr));
                if *array || format.is_some() {
                    self.refuse_expr("this form of CAST", "use `to_timestamp` for formats");
                }
            }
            Expr::Ceil { expr, field } | Expr::Floor { expr, field } => {
                self.expr(expr);
                match field {
                    CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) => {}
                    CeilFloorKind::DateTimeField(_) | CeilFloorKind::Scale(_) => {
                        self.refuse_expr("a unit or scale in CEIL or FLOOR", "use `date_trunc` or `round`");
                    }
                }
            }
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                special: _,
                shorthand: _,
            } => {
                self.expr(expr);
                [substring_from, substring_for]
                    .into_iter()
                    .flatten()
                    .for_each(|part| self.expr(part));
            }
            Expr::Trim {
                trim_where: _,
                trim_what,
                expr,
                trim_characters,
            } => {
                self.expr(expr);
                trim_what.iter_mut().for_each(|what| self.expr(what));
                trim_characters
                    .iter_mut()
                    .flatten()
                    .for_each(|part| self.expr(part));
            }
            Expr::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                [expr, overlay_what, overlay_from]
                    .into_iter()
                    .for_each(|part| self.expr(part));
                overlay_for.iter_mut().for_each(|part| self.expr(part));
            }
            Expr::Value(value) => self.value(value),
            Expr::TypedString(TypedString {
                data_type,
                value,
                uses_odbc_syntax,
            }) => {
                self.data_type(data_type, value.span);
                if *uses_odbc_syntax {
                    let span = self.places.span(value.span);
                    self.refuse(span, "`{d '…'}`", "write `DATE '…'` or `TIMESTAMP '…'`");
                }
            }
            Expr::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => {
                operand.iter_mut().for_each(|operand| self.expr(operand));
                for CaseWhen { condition, result } in conditions {
                    self.expr(condition);
                    self.expr(result);
                }
                else_result.iter_mut().for_each(|result| self.expr(result));
            }
            Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => self.query(subquery),
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                sets.iter_mut().flatten().for_each(|expr| self.expr(expr));
            }
            Expr::Tuple(exprs)
            | Expr::Array(Array {
                elem: exprs,
                named: _,
            }) => {
                exprs.iter_mut().for_each(|expr| self.expr(expr));
            }
            Expr::Struct { values, fields } => {
                values.iter_mut().for_each(|value| self.expr(value));
                if let Some(StructField {
                    field_name,
                    field_type: _,
                    options: _,
                }) = fields.first()
                {
                    let place = field_name
                        .as_ref()
                        .map_or(self.places.whole(), |name| self.places.span(name.span));
                    self.refuse(
                        place,
                        "a STRUCT with types",
                        "write `named_struct('name', value, …)`",
                    );
                }
            }
            Expr::Interval(interval) => self.interval_parts(interval),
            Expr::JsonAccess { .. }
            | Expr::IsNormalized { .. }
            | Expr::Convert { .. }
            | Expr::Collate { .. }
            | Expr::Prefixed { .. }
            | Expr::Dictionary(_)
            | Expr::Map(_)
            | Expr::MatchAgainst { .. }
            | Expr::OuterJoin(_)
            | Expr::Prior(_)
            | Expr::Lambda(_)
            | Expr::MemberOf(_) => self.refused(expr),
        }
    }

    /// What follows AT TIME ZONE.
    fn time_zone(&mut self, time_zone: &Expr) {
        let Expr::Value(value) = time_zone else {
            return self.refuse(
                self.places.span(place_within(time_zone)),
                "a time zone that is computed",
                "write its name, such as 'Europe/Berlin' or '+02:00'",
            );
        };
        if let Value::SingleQuotedString(name) = &value.value
            && name.parse::<Tz>().is_err()
        {
            let span = self.places.span(value.span);
            let message = format!("there is no time zone `{name}`");
            self.report(
                Diagnostic::error(Code::InvalidType, span, message).with_help(
                    "a time zone is a name such as 'Europe/Berlin', or an offset such as '+02:00'",
                ),
            );
        }
    }

    /// Forms that no planner of ours knows.
    fn refused(&mut self, expr: &Expr) {
        let (what, help) = match expr {
            Expr::JsonAccess { .. } => ("access with `:`", "write `json ->> 'key'`"),
            Expr::IsNormalized { .. } => ("IS NORMALIZED", ""),
            Expr::Convert { .. } => ("CONVERT", "write `CAST(x AS TYPE)`"),
            Expr::Collate { .. } => ("COLLATE", "strings compare by their bytes"),
            Expr::Prefixed { .. } => ("a string with a character set", "strings are UTF-8"),
            Expr::Dictionary(_) => ("a dictionary in braces", "write `map(keys, values)`"),
            Expr::Map(_) => ("a map in braces", "write `map(keys, values)`"),
            Expr::MatchAgainst { .. } => ("MATCH AGAINST", ""),
            Expr::OuterJoin(_) => ("`(+)`", ONE_RELATION),
            Expr::Prior(_) => ("PRIOR", ""),
            Expr::Lambda(_) => ("a lambda", ""),
            Expr::MemberOf(_) => ("MEMBER OF", "write `x = ANY(array)`"),
            // `expr` walks everything else.
            _ => ("this expression", ""),
        };
        self.refuse_expr(what, help);
    }

    /// Refuses an expression that has no place of its own.
    fn refuse_expr(&mut self, what: &str, help: &str) {
        if self.has_enough() {
            return;
        }
        let words: Vec<&str> = what
            .split(' ')
            .filter(|word| word.chars().all(|c| c.is_ascii_uppercase()))
            .collect();
        let span = self.places.word(&words).unwrap_or(self.places.whole());
        self.refuse(span, what, help);
    }

    fn field_access(&mut self, root: &mut Expr, access_chain: &mut [AccessExpr]) {
        self.expr(root);
        for access in access_chain {
            match access {
                AccessExpr::Dot(expr) => self.expr(expr),
                AccessExpr::Subscript(Subscript::Index { index }) => self.expr(index),
                AccessExpr::Subscript(Subscript::Slice {
                    lower_bound,
                    upper_bound,
                    stride,
                }) => {
                    [lower_bound, upper_bound, stride]
                        .into_iter()
                        .flatten()
                        .for_each(|bound| self.expr(bound));
                }
            }
        }
    }

    /// The type of a CAST: one of ours, whose parameters are carried out.
    fn data_type(&mut self, data_type: &DataType, place: TokenSpan) {
        if let Err(mut diagnostic) = SqlType::from_ast(data_type, self.places.span(place)) {
            let mut base = data_type;
            while let DataType::Array(ArrayElemTypeDef::SquareBracket(inner, _)) = base {
                base = inner;
            }
            let written = base.to_string();
            let word = written
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default();
            if let Some(span) = self.places.near(place, word) {
                diagnostic.span = span;
            }
            self.report(diagnostic);
        }
    }

    fn value(&mut self, value: &ValueWithSpan) {
        let ValueWithSpan { value, span } = value;
        if let Value::Placeholder(text) = value {
            let span: Span = self.places.span(*span);
            self.refuse(
                span,
                &format!("the parameter `{}`", text.escape_debug()),
                "write the value itself",
            );
        }
    }

    fn interval_parts(&mut self, interval: &mut Interval) {
        let Interval {
            value,
            leading_field,
            leading_precision,
            last_field,
            fractional_seconds_precision,
        } = interval;
        self.expr(value);
        if let (Expr::Value(value), None) = (value.as_ref(), leading_field)
            && let Some((span, unit)) = self.places.mistyped_unit(value.span)
        {
            let found = unit.0;
            let diagnostic = Diagnostic::error(
                Code::InvalidDuration,
                span,
                format!("no unit of time is named `{found}`"),
            )
            .with_help(format!("did you mean `{}`?", unit.1));
            self.report(diagnostic);
        }
        if leading_precision.is_some() || last_field.is_some() || fractional_seconds_precision.is_some() {
            let span = match value.as_ref() {
                Expr::Value(value) => self.places.interval(value.span),
                _ => self.places.whole(),
            };
            self.refuse(
                span,
                "a range of units in an interval",
                "write `INTERVAL '1 day 2 hours'`",
            );
        }
    }
}

/// A place at or near the beginning of an expression.
fn place_within(expr: &Expr) -> TokenSpan {
    let mut expr = expr;
    loop {
        expr = match expr {
            Expr::Identifier(name) => return name.span,
            Expr::CompoundIdentifier(parts) => {
                return parts.first().map_or(TokenSpan::empty(), |part| part.span);
            }
            Expr::Value(value) => return value.span,
            Expr::TypedString(typed) => return typed.value.span,
            Expr::Function(function) => return name_place(&function.name).unwrap_or(TokenSpan::empty()),
            Expr::Case { case_token, .. } => return case_token.0.span,
            Expr::BinaryOp { left, .. } => left.as_ref(),
            Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } | Expr::Cast { expr: inner, .. } => {
                inner.as_ref()
            }
            Expr::CompoundFieldAccess { root, .. } => root.as_ref(),
            _ => return TokenSpan::empty(),
        }
    }
}
