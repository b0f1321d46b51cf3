//! Expressions as text, for plans and for the reasons of bad rows.
//!
//! **Invariants** Expressions that differ in what they compute differ in their text, but for the relation of a column: the
//! text takes part in a plan's fingerprint.

use std::fmt::{self, Display, Write};

use arrow::datatypes::DataType;
use datafusion_common::ScalarValue;
use datafusion_expr::expr::{AggregateFunction, Between, Case, InList, Like, ScalarFunction};
use datafusion_expr::{BinaryExpr, Expr, Operator};

use super::guard::{CheckedArithmetic, Concatenation, SqlCast};
use crate::catalog::TypeName;

/// An expression as it would stand in SQL: columns without their relation, parentheses where they are needed.
pub fn expression_text(expression: &Expr) -> String {
    Text {
        expression,
        binding: 0,
    }
    .to_string()
}

/// An expression in a place that binds so strongly: what binds weaker needs parentheses.
struct Text<'a> {
    expression: &'a Expr,
    binding: u8,
}

const NOT: u8 = 12;
const COMPARISON: u8 = 15;
const UNARY: u8 = 60;

fn text(expression: &Expr, binding: u8) -> Text<'_> {
    Text { expression, binding }
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = binding_of(self.expression);
        if own < self.binding {
            f.write_char('(')?;
            write_expression(self.expression, own, f)?;
            return f.write_char(')');
        }
        write_expression(self.expression, own, f)
    }
}

/// How strongly an expression binds its parts.
fn binding_of(expression: &Expr) -> u8 {
    match expression {
        Expr::Alias(alias) => binding_of(&alias.expr),
        Expr::BinaryExpr(binary) => binding_of_operator(binary.op),
        Expr::ScalarFunction(function) => checked(function).map_or(u8::MAX, binding_of_operator),
        Expr::Not(_) => NOT,
        Expr::Between(_)
        | Expr::InList(_)
        | Expr::Like(_)
        | Expr::SimilarTo(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_) => COMPARISON,
        Expr::Negative(_) => UNARY,
        _ => u8::MAX,
    }
}

fn binding_of_operator(operator: Operator) -> u8 {
    match operator {
        Operator::Lt | Operator::Gt | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => COMPARISON,
        operator => operator.precedence(),
    }
}

/// The operator that a function stands for.
fn checked(function: &ScalarFunction) -> Option<Operator> {
    let inner = function.func.inner();
    if inner.is::<Concatenation>() {
        return Some(Operator::StringConcat);
    }
    inner
        .downcast_ref::<CheckedArithmetic>()
        .map(CheckedArithmetic::operator)
}

fn write_expression(expression: &Expr, own: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is = |operand: &Expr, what: &str, f: &mut fmt::Formatter<'_>| {
        write!(f, "{} IS {what}", text(operand, own + 1))
    };
    match expression {
        Expr::Alias(alias) => write!(f, "{}", text(&alias.expr, own)),
        Expr::Column(column) => write_name(&column.name, f),
        Expr::Literal(value, _) => write_literal(value, f),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => write_binary(left, *op, right, own, f),
        Expr::Not(operand) => write!(f, "NOT {}", text(operand, own)),
        Expr::Negative(operand) => write!(f, "-{}", text(operand, own + 1)),
        Expr::IsNull(operand) => is(operand, "NULL", f),
        Expr::IsNotNull(operand) => is(operand, "NOT NULL", f),
        Expr::IsTrue(operand) => is(operand, "TRUE", f),
        Expr::IsNotTrue(operand) => is(operand, "NOT TRUE", f),
        Expr::IsFalse(operand) => is(operand, "FALSE", f),
        Expr::IsNotFalse(operand) => is(operand, "NOT FALSE", f),
        Expr::IsUnknown(operand) => is(operand, "UNKNOWN", f),
        Expr::IsNotUnknown(operand) => is(operand, "NOT UNKNOWN", f),
        Expr::Between(Between {
            expr,
            negated,
            low,
            high,
        }) => {
            let (low, high) = (text(low, own + 1), text(high, own + 1));
            write!(
                f,
                "{} {}BETWEEN {low} AND {high}",
                text(expr, own + 1),
                not(*negated)
            )
        }
        Expr::InList(InList { expr, list, negated }) => {
            write!(f, "{} {}IN (", text(expr, own + 1), not(*negated))?;
            write_list(list, f)?;
            f.write_char(')')
        }
        Expr::Like(like) => write_like(like, if like.case_insensitive { "ILIKE" } else { "LIKE" }, own, f),
        Expr::SimilarTo(like) => write_like(like, "SIMILAR TO", own, f),
        Expr::Case(case) => write_case(case, f),
        Expr::Cast(cast) => write!(
            f,
            "CAST({} AS {})",
            text(&cast.expr, 0),
            TypeName(cast.field.data_type())
        ),
        Expr::TryCast(cast) => {
            write!(
                f,
                "TRY_CAST({} AS {})",
                text(&cast.expr, 0),
                TypeName(cast.field.data_type())
            )
        }
        Expr::ScalarFunction(function) => write_call(function, own, f),
        Expr::AggregateFunction(function) => write_aggregate(function, f),
        other => write!(f, "{other}"),
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn write_binary(
    left: &Expr,
    operator: Operator,
    right: &Expr,
    own: u8,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    // All operators associate to the left: equals on the right need parentheses, but AND and OR read better without.
    let is_associative = matches!(operator, Operator::And | Operator::Or);
    let right = text(right, if is_associative { own } else { own + 1 });
    write!(f, "{} {operator} {right}", text(left, own))
}

fn write_call(function: &ScalarFunction, own: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let (Some(operator), [left, right]) = (checked(function), &function.args[..]) {
        let negates = operator == Operator::Minus
            && matches!(left, Expr::Literal(zero, _) if ScalarValue::new_zero(&zero.data_type()).is_ok_and(|z| z == *zero));
        if negates {
            return write!(f, "-{}", text(right, UNARY));
        }
        return write_binary(left, operator, right, own, f);
    }
    if let (Some(cast), [operand]) = (
        function.func.inner().downcast_ref::<SqlCast>(),
        &function.args[..],
    ) {
        let name = function.func.name().to_uppercase();
        return write!(f, "{name}({} AS {})", text(operand, 0), TypeName(cast.to()));
    }
    write!(f, "{}(", function.func.name())?;
    write_list(&function.args, f)?;
    f.write_char(')')
}

fn write_aggregate(function: &AggregateFunction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let params = &function.params;
    let distinct = if params.distinct { "DISTINCT " } else { "" };
    write!(f, "{}({distinct}", function.func.name())?;
    match params.args.as_slice() {
        // What is counted is rows.
        [Expr::Literal(value, _)] if function.func.name() == "count" && !value.is_null() => {
            f.write_char('*')?
        }
        args => write_list(args, f)?,
    }
    for (position, sort) in params.order_by.iter().enumerate() {
        f.write_str(if position == 0 { " ORDER BY " } else { ", " })?;
        let direction = if sort.asc { "" } else { " DESC" };
        write!(f, "{}{direction}", text(&sort.expr, 0))?;
        // PostgreSQL: NULLs are larger than everything.
        match (sort.asc, sort.nulls_first) {
            (true, true) => f.write_str(" NULLS FIRST")?,
            (false, false) => f.write_str(" NULLS LAST")?,
            _ => {}
        }
    }
    f.write_char(')')?;
    if let Some(nulls) = &params.null_treatment {
        write!(f, " {nulls}")?;
    }
    match &params.filter {
        Some(filter) => write!(f, " FILTER (WHERE {})", text(filter, 0)),
        None => Ok(()),
    }
}

fn write_list(list: &[Expr], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (position, item) in list.iter().enumerate() {
        let comma = if position == 0 { "" } else { ", " };
        write!(f, "{comma}{}", text(item, 0))?;
    }
    Ok(())
}

fn write_like(like: &Like, operator: &str, own: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (expr, pattern) = (text(&like.expr, own + 1), text(&like.pattern, own + 1));
    write!(f, "{expr} {}{operator} {pattern}", not(like.negated))?;
    match like.escape_char {
        Some(escape) => write!(f, " ESCAPE '{escape}'"),
        None => Ok(()),
    }
}

fn write_case(case: &Case, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("CASE ")?;
    if let Some(operand) = &case.expr {
        write!(f, "{} ", text(operand, 0))?;
    }
    for (when, then) in &case.when_then_expr {
        write!(f, "WHEN {} THEN {} ", text(when, 0), text(then, 0))?;
    }
    if let Some(otherwise) = &case.else_expr {
        write!(f, "ELSE {} ", text(otherwise, 0))?;
    }
    f.write_str("END")
}

fn write_name(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is_plain = name
        .chars()
        .all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.starts_with(|c: char| !c.is_ascii_digit());
    match is_plain {
        true => f.write_str(name),
        false => write!(f, "\"{}\"", name.replace('"', "\"\"")),
    }
}

fn write_literal(value: &ScalarValue, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if value.is_null() {
        return f.write_str("NULL");
    }
    let data_type = value.data_type();
    match &data_type {
        DataType::Boolean => f.write_str(if *value == ScalarValue::from(true) {
            "TRUE"
        } else {
            "FALSE"
        }),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = value.try_as_str().flatten().unwrap_or_default();
            write!(f, "'{}'", text.replace('\'', "''"))
        }
        data_type if data_type.is_numeric() => write!(f, "{value}"),
        data_type => write!(f, "{} '{value}'", TypeName(data_type)),
    }
}

#[cfg(test)]
mod tests {
    use datafusion_expr::{cast, col, lit, try_cast, when};

    use super::*;

    #[test]
    fn parentheses_stand_where_they_are_needed() {
        let (a, b) = (col("a"), col("b"));
        let check = |expression: Expr, expected: &str| assert_eq!(expression_text(&expression), expected);
        check((a.clone() + b.clone()) * lit(2i64), "(a + b) * 2");
        check(a.clone() + b.clone() * lit(2i64), "a + b * 2");
        check(a.clone() - (b.clone() - lit(1.5)), "a - (b - 1.5)");
        check(
            a.clone().gt(lit(1)).and(b.clone().is_null()).or(lit(true)),
            "a > 1 AND b IS NULL OR TRUE",
        );
        check(
            a.clone().gt(lit(1)).and(b.clone().or(lit(true))),
            "a > 1 AND (b OR TRUE)",
        );
        check(a.clone().not_eq(b.clone()), "a != b");
        check(Expr::Not(Box::new(a.clone().and(b.clone()))), "NOT (a AND b)");
        check(
            a.clone().between(lit(1), b.clone() + lit(1)),
            "a BETWEEN 1 AND b + 1",
        );
    }

    #[test]
    fn names_types_and_text_are_quoted_as_in_sql() {
        let check = |expression: Expr, expected: &str| assert_eq!(expression_text(&expression), expected);
        check(
            cast(Expr::Column("Mixed Case".into()), DataType::Int64),
            "CAST(\"Mixed Case\" AS BIGINT)",
        );
        check(try_cast(col("a"), DataType::Utf8), "TRY_CAST(a AS STRING)");
        check(
            col("a").in_list(vec![lit("it's"), lit(ScalarValue::Utf8(None))], true),
            "a NOT IN ('it''s', NULL)",
        );
        check(col("a").like(lit("x%")), "a LIKE 'x%'");
        let case = when(col("a"), lit(1)).otherwise(lit(2)).unwrap();
        check(case, "CASE WHEN a THEN 1 ELSE 2 END");
    }
}
