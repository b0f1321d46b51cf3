//! Computed columns: expressions over the other columns of their stream.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion_common::{DFSchema, Result, TableReference};
use datafusion_expr::{Expr, ExprSchemable};

use super::bind::{Binder, COMPUTED_QUALIFIER};
use super::locate::locate_expr;
use super::logical::coerce;
use super::provider::Provider;
use super::sql_to_rel::plan_expr;
use crate::catalog::{Catalog, Column};
use crate::diagnostic::{Diagnostics, SourceText};
use crate::function::FunctionRegistry;

/// The columns that a computed column can name.
pub(crate) fn schema(columns: &[Column]) -> Result<DFSchema> {
    let qualifier = TableReference::bare(COMPUTED_QUALIFIER);
    let fields = columns
        .iter()
        .map(|column| (Some(qualifier.clone()), Arc::clone(&column.field)));
    DFSchema::new_with_metadata(fields.collect(), Default::default())
}

/// The typed form of a computed column's expression, and its field.
pub(crate) fn plan_computed(
    expr: &sqlparser::ast::Expr,
    columns: &[Column],
    source: &SourceText,
    functions: &FunctionRegistry,
) -> Result<(Expr, FieldRef), Diagnostics> {
    let catalog = Catalog::default();
    let bound = Binder::new(source, &catalog, functions).computed(expr, columns)?;
    let provider = Provider::new(&catalog, functions, Vec::new());
    let planned = schema(columns).and_then(|schema| {
        let expr = coerce(plan_expr(bound.clone(), &schema, &provider)?, &schema)?;
        let (_, field) = expr.to_field(&schema)?;
        Ok((expr, field))
    });
    planned.map_err(|error| match schema(columns) {
        Ok(schema) => vec![locate_expr(&bound, &schema, &provider, source, &error)],
        Err(_) => vec![super::locate::bug(source, &bound, &error)],
    })
}
