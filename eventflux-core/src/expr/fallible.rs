//! Which expressions can fail for a row.
//!
//! An expression that cannot fail may be evaluated for rows that do not need it; one that can must not be, since a row that
//! nobody asked for would fail. **Invariants** The answer is on the safe side: whatever is not known here can fail.

use arrow::datatypes::{DataType, Schema};
use datafusion_expr::Operator;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::ScalarFunctionExpr;
use datafusion_physical_expr::expressions::{
    BinaryExpr, CaseExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr, Literal,
    NotExpr, TryCastExpr,
};

use super::lazy_logical::LazyLogical;

/// Functions that have a value for every value of their arguments.
const TOTAL_FUNCTIONS: &[&str] = &[
    "ascii",
    "bit_length",
    "btrim",
    "cardinality",
    "character_length",
    "contains",
    "ends_with",
    "get_field",
    "isnan",
    "iszero",
    "lower",
    "ltrim",
    "octet_length",
    "rtrim",
    "starts_with",
    "strpos",
    "upper",
];

/// Whether the evaluation of some row can fail. `schema` is that of the rows.
pub fn can_fail(expression: &dyn PhysicalExpr, schema: &Schema) -> bool {
    node_can_fail(expression, schema)
        || expression
            .children()
            .into_iter()
            .any(|child| can_fail(child.as_ref(), schema))
}

fn node_can_fail(expression: &dyn PhysicalExpr, schema: &Schema) -> bool {
    if let Some(binary) = expression.downcast_ref::<BinaryExpr>() {
        return binary_can_fail(binary, schema);
    }
    if let Some(cast) = expression.downcast_ref::<CastExpr>() {
        let from = cast.expr().data_type(schema);
        return from.map_or(true, |from| !is_total_cast(&from, cast.cast_type()));
    }
    if let Some(function) = expression.downcast_ref::<ScalarFunctionExpr>() {
        return TOTAL_FUNCTIONS.binary_search(&function.name()).is_err();
    }
    if let Some(like) = expression.downcast_ref::<LikeExpr>() {
        // A pattern becomes a program of bounded size; only one that stands in the text is known to fit.
        return !like.pattern().is::<Literal>();
    }
    !(expression.is::<Column>()
        || expression.is::<Literal>()
        || expression.is::<NotExpr>()
        || expression.is::<IsNullExpr>()
        || expression.is::<IsNotNullExpr>()
        || expression.is::<InListExpr>()
        || expression.is::<CaseExpr>()
        || expression.is::<LazyLogical>()
        || expression.is::<TryCastExpr>())
}

fn binary_can_fail(binary: &BinaryExpr, schema: &Schema) -> bool {
    match binary.op() {
        Operator::Eq
        | Operator::NotEq
        | Operator::Lt
        | Operator::LtEq
        | Operator::Gt
        | Operator::GtEq
        | Operator::And
        | Operator::Or
        | Operator::IsDistinctFrom
        | Operator::IsNotDistinctFrom
        | Operator::BitwiseAnd
        | Operator::BitwiseOr
        | Operator::BitwiseXor => false,
        // Floats do not overflow into an error.
        Operator::Plus | Operator::Minus | Operator::Multiply => !binary
            .data_type(schema)
            .is_ok_and(|data_type| data_type.is_floating()),
        _ => true,
    }
}

/// Whether every value of `from` has one of `to`.
fn is_total_cast(from: &DataType, to: &DataType) -> bool {
    let text = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    };
    if from == to || (text(from) && text(to)) {
        return true;
    }
    let width = |data_type: &DataType| data_type.primitive_width().unwrap_or(0);
    match (from, to) {
        (from, to) if from.is_signed_integer() && to.is_signed_integer() => width(from) <= width(to),
        (from, to) if from.is_unsigned_integer() && to.is_unsigned_integer() => width(from) <= width(to),
        (from, to) if from.is_unsigned_integer() && to.is_signed_integer() => width(from) < width(to),
        (from, DataType::Float64) => from.is_integer() || *from == DataType::Float32,
        (from, to) if text(to) => from.is_integer() || *from == DataType::Boolean,
        _ => false,
    }
}
