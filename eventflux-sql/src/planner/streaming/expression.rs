//! Expressions of a logical plan, compiled over slots.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef};
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_common::{DFSchema, DataFusionError, Result};
use datafusion_expr::{Expr, ExprSchemable};
use datafusion_physical_expr::expressions::Column;
use eventflux_core::expr::Expression;
use eventflux_core::plan::NamedExpression;

use super::rel::{Place, Rel};
use crate::function::{compile_expression, compile_filters};
use crate::planner::not_null::checked_value;

/// The index of the logical column that an expression is, if it is nothing else.
pub(super) fn as_column(expr: &Expr, schema: &DFSchema) -> Option<usize> {
    match expr {
        Expr::Column(column) => schema.maybe_index_of_column(column),
        Expr::Alias(alias) => as_column(&alias.expr, schema),
        _ => None,
    }
}

/// The index of the logical column whose values an expression has, one for one: it is the column, or the column under a
/// check or a conversion that keeps different values different.
pub(super) fn same_values(expr: &Expr, schema: &DFSchema) -> Option<usize> {
    match expr {
        Expr::Alias(alias) => same_values(&alias.expr, schema),
        Expr::ScalarFunction(call) => same_values(checked_value(call)?, schema),
        Expr::Cast(cast) => {
            let (_, from) = cast.expr.to_field(schema).ok()?;
            let (from, to) = (from.data_type(), cast.field.data_type());
            let is_wider =
                from.is_integer() && to.is_integer() && from.primitive_width() < to.primitive_width();
            let keeps_sign = from.is_signed_integer() == to.is_signed_integer();
            if is_wider && keeps_sign {
                same_values(&cast.expr, schema)
            } else {
                None
            }
        }
        other => as_column(other, schema),
    }
}

/// Whether an expression needs a bound of the pending window.
pub(super) fn needs_bounds(expr: &Expr, rel: &Rel) -> bool {
    expr.column_refs().into_iter().any(|column| {
        rel.schema
            .maybe_index_of_column(column)
            .is_some_and(|index| !matches!(rel.columns[index], Place::Slot(_)))
    })
}

/// Slots as the columns that expressions are compiled over.
pub(super) struct SlotSchema(DFSchema);

impl SlotSchema {
    /// Slots of one name are told apart by a number.
    pub(super) fn new(slots: &[FieldRef]) -> Result<Self> {
        let mut taken = HashSet::with_capacity(slots.len());
        let mut fields = Vec::with_capacity(slots.len());
        for field in slots {
            let mut name = field.name().clone();
            let mut number = 2_u32;
            while taken.contains(&name) {
                name = format!("{}_{number}", field.name());
                number += 1;
            }
            fields.push((None, Arc::new(field.as_ref().clone().with_name(&name))));
            taken.insert(name);
        }
        Ok(Self(DFSchema::new_with_metadata(fields, Default::default())?))
    }

    /// An expression over the slots of `rel`, which must have no pending projection.
    fn compile(&self, expr: &Expr, rel: &Rel) -> Result<Expression> {
        compile_expression(&over_slots(expr, rel, &self.0)?, &self.0)
    }

    /// The filters of a condition over the slots of `rel`, which must have no pending projection.
    pub(super) fn compile_condition(&self, condition: &Expr, rel: &Rel) -> Result<Vec<Expression>> {
        compile_filters(&over_slots(condition, rel, &self.0)?, &self.0)
    }

    /// An expression with the name that it is given, or else its text. `slots` are those of the schema.
    pub(super) fn compile_named(
        &self,
        expr: &Expr,
        rel: &Rel,
        slots: &[FieldRef],
    ) -> Result<NamedExpression> {
        let (_, field) = expr.to_field(&rel.schema)?;
        let expression = self.compile(expr, rel)?;
        let name = match (expr, expression.as_column()) {
            (Expr::Alias(alias), _) => alias.name.clone(),
            (_, Some(slot)) => slots[slot].name().clone(),
            _ => expression.text().to_owned(),
        };
        Ok(NamedExpression {
            expression,
            field: Arc::new(field.as_ref().clone().with_name(name)),
        })
    }
}

/// An expression over columns of a schema that are at these indices of a batch.
pub(super) fn compile_over(
    expr: &Expr,
    schema: &DFSchema,
    slot: impl Fn(usize) -> Option<usize>,
) -> Result<Expression> {
    let expression = compile_expression(expr, schema)?;
    expression
        .move_columns(slot)
        .map_err(|error| DataFusionError::Internal(error.to_string()))
}

/// A slot under its name.
pub(super) fn slot_expression(slot: usize, field: &Arc<Field>) -> NamedExpression {
    let physical = Arc::new(Column::new(field.name(), slot));
    let expression = Expression::new(physical, field.name().as_str(), field.data_type().clone());
    NamedExpression {
        expression,
        field: Arc::clone(field),
    }
}

/// The expression with slots in the place of logical columns.
fn over_slots(expr: &Expr, rel: &Rel, slots: &DFSchema) -> Result<Expr> {
    expr.clone()
        .transform(|part| {
            let Expr::Column(column) = &part else {
                return Ok(Transformed::no(part));
            };
            let slot = rel.slot(rel.schema.index_of_column(column)?);
            let slot =
                slot.ok_or_else(|| DataFusionError::Internal(format!("column {} has no slot", column.name)))?;
            Ok(Transformed::yes(Expr::Column(
                datafusion_common::Column::new_unqualified(slots.field(slot).name()),
            )))
        })
        .data()
}
