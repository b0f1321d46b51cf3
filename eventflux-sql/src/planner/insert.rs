//! What is inserted into a relation: as many columns, of the right types.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::ScalarValue;
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use sqlparser::ast::{Expr as SqlExpr, SelectItem, SetExpr, Spanned, Value, ValueWithSpan};

use super::bind::{BoundQuery, OutputColumn};
use super::not_null::not_null;
use crate::catalog::{Column, Relation, TypeName, canonical, find_name, type_name_of};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceText, Span, did_you_mean};
use crate::statement::Insert;

/// The columns that an INSERT fills: all but the computed ones.
pub(crate) fn insertable(relation: &Relation) -> Vec<usize> {
    (0..relation.columns.len())
        .filter(|index| !relation.columns[*index].is_computed())
        .collect()
}

/// Refuses a query that gives more or fewer columns than are named for it.
pub(crate) fn check_count(given: usize, named: usize, span: Span) -> Result<(), Diagnostics> {
    if given == named {
        return Ok(());
    }
    let message = format!("the query must give as many columns as are named: {given} given, {named} named");
    Err(vec![Diagnostic::error(Code::ColumnCount, span, message)])
}

/// Gives the query's columns the names and types of the relation's.
pub(crate) fn align(
    plan: LogicalPlan,
    query: &BoundQuery,
    relation: &Relation,
    insert: &Insert,
    source: &SourceText,
) -> Result<LogicalPlan, Diagnostics> {
    let all = insertable(relation);
    let targets = targets(relation, &all, insert, source)?;
    if targets.len() != query.columns.len() {
        let given = query.columns.len();
        let message = match insert.columns.is_empty() {
            true => format!(
                "the query must give as many columns as `{}` has: {given} given, {} there",
                relation.name,
                targets.len()
            ),
            false => format!(
                "the query must give as many columns as are named: {given} given, {} named",
                targets.len()
            ),
        };
        let names: Vec<_> = targets
            .iter()
            .map(|index| relation.columns[*index].name())
            .collect();
        return Err(vec![
            Diagnostic::error(Code::ColumnCount, insert.query.span, message)
                .with_help(format!("the columns are {}", names.join(", "))),
        ]);
    }
    let mut diagnostics = Vec::new();
    let mut exprs = Vec::new();
    let given = plan.schema().columns();
    for index in &all {
        let column = &relation.columns[*index];
        let value = match targets.iter().position(|target| target == index) {
            Some(position) => {
                let field = Arc::clone(plan.schema().field(position));
                let output = &query.columns[position];
                let literals = literals(&query.body.body, position);
                let value = Given {
                    expr: Expr::Column(given[position].clone()),
                    field: &field,
                    output,
                    literals,
                };
                value.fit(column, relation, source)
            }
            None => absent(column, relation, insert),
        };
        match value {
            Ok(value) => exprs.push(value.alias(column.name())),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let projected = LogicalPlanBuilder::from(plan)
        .project(exprs)
        .and_then(LogicalPlanBuilder::build);
    projected.map_err(|error| vec![super::locate::plain(insert.query.span, &error)])
}

/// The relation's columns that the query's columns are for, in the query's order.
fn targets(
    relation: &Relation,
    all: &[usize],
    insert: &Insert,
    source: &SourceText,
) -> Result<Vec<usize>, Diagnostics> {
    if insert.columns.is_empty() {
        return Ok(all.to_vec());
    }
    let mut targets = Vec::new();
    let mut diagnostics = Vec::new();
    for ident in &insert.columns {
        let span = source.span_of(ident.span);
        match find_name(ident, relation.column_names()) {
            Some(index) if relation.columns[index].is_computed() => {
                let message = format!("column `{}` is computed and cannot be inserted", ident.value);
                diagnostics.push(Diagnostic::error(Code::InvalidColumn, span, message));
            }
            Some(index) => targets.push(index),
            None => {
                let message = format!("there is no column `{}` in `{}`", ident.value, relation.name);
                let help = did_you_mean(&ident.value, relation.column_names());
                diagnostics.push(Diagnostic::error(Code::UnknownColumn, span, message).with_help_opt(help));
            }
        }
    }
    if diagnostics.is_empty() {
        Ok(targets)
    } else {
        Err(diagnostics)
    }
}

/// A column that the INSERT leaves out is NULL.
fn absent(column: &Column, relation: &Relation, insert: &Insert) -> Result<Expr, Diagnostic> {
    if column.field.is_nullable() {
        return Ok(cast(lit(ScalarValue::Null), column.field.data_type().clone()));
    }
    let message = format!(
        "column `{}` of `{}` is NOT NULL and is not given a value",
        column.name(),
        relation.name
    );
    Err(Diagnostic::error(
        Code::NullInNotNull,
        insert.target_span,
        message,
    ))
}

/// A value on its way into a column.
struct Given<'a> {
    expr: Expr,
    field: &'a arrow::datatypes::Field,
    output: &'a OutputColumn,
    literals: Option<Vec<&'a SqlExpr>>,
}

impl Given<'_> {
    fn fit(self, column: &Column, relation: &Relation, source: &SourceText) -> Result<Expr, Diagnostic> {
        let wanted = column.field.data_type();
        self.check(column, relation, source)?;
        let fitted = if self.field.data_type() == wanted {
            self.expr
        } else {
            cast(self.expr, wanted.clone())
        };
        if column.field.is_nullable() || !self.field.is_nullable() {
            return Ok(fitted);
        }
        Ok(not_null(
            fitted,
            &format!("column `{}` of `{}`", column.name(), relation.name),
        ))
    }

    /// Whether the value may go into the column.
    fn check(&self, column: &Column, relation: &Relation, source: &SourceText) -> Result<(), Diagnostic> {
        let wanted = column.field.data_type();
        let name = format!("column `{}` of `{}`", column.name(), relation.name);
        let literals = self.literals.iter().flatten();
        if let Some(null) = literals
            .clone()
            .find(|literal| is_null(literal))
            .filter(|_| !column.field.is_nullable())
        {
            let span = source.span_of(null.span());
            return Err(Diagnostic::error(
                Code::NullInNotNull,
                span,
                format!("{name} is NOT NULL"),
            ));
        }
        match assignment(self.field.data_type(), wanted) {
            Assignment::Fits => Ok(()),
            Assignment::FromText if self.literals.is_some() => {
                for literal in literals {
                    let Some(text) = text_of(literal) else { continue };
                    if ScalarValue::from(text).cast_to(wanted).is_err() {
                        let message = format!(
                            "'{text}' is no {}, the type of {name}",
                            type_name_of(&column.field)
                        );
                        let span = source.span_of(literal.span());
                        return Err(Diagnostic::error(Code::TypeMismatch, span, message));
                    }
                }
                Ok(())
            }
            Assignment::FromText | Assignment::Refused => {
                let message = format!(
                    "{name} is {}, and the query gives {}",
                    type_name_of(&column.field),
                    type_name_of(self.field)
                );
                let help = format!("write `CAST(… AS {})`", type_name_of(&column.field));
                Err(Diagnostic::error(Code::TypeMismatch, self.span(), message).with_help(help))
            }
        }
    }

    fn span(&self) -> Span {
        self.output.span
    }
}

enum Assignment {
    /// Of the same type, or converted as a rule.
    Fits,
    /// Text into another type: only constants are converted.
    FromText,
    Refused,
}

/// What PostgreSQL converts in an assignment.
fn assignment(from: &DataType, to: &DataType) -> Assignment {
    let (from, to) = (canonical(from), canonical(to));
    let is_time = |data_type: &DataType| matches!(data_type, DataType::Timestamp(..) | DataType::Date32);
    let is_clock = |data_type: &DataType| matches!(data_type, DataType::Time32(_) | DataType::Time64(_));
    let fits = from == to
        || from == DataType::Null
        || datafusion_common::DFSchema::datatype_is_logically_equal(&from, &to)
        || (from.is_numeric() && to.is_numeric())
        || (is_time(&from) && is_time(&to))
        || (is_clock(&from) && is_clock(&to))
        || (to == DataType::Utf8 && !from.is_nested() && from != DataType::Binary);
    if fits {
        return Assignment::Fits;
    }
    let is_readable = !to.is_nested() && to != DataType::Binary;
    if from == DataType::Utf8 && is_readable {
        Assignment::FromText
    } else {
        Assignment::Refused
    }
}

/// The constants that make a column of a query, if nothing else does.
fn literals(body: &SetExpr, position: usize) -> Option<Vec<&SqlExpr>> {
    let exprs: Vec<&SqlExpr> = match body {
        SetExpr::Values(values) => values
            .rows
            .iter()
            .filter_map(|row| row.content.get(position))
            .collect(),
        SetExpr::Select(select) => match select.projection.get(position)? {
            SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => vec![expr],
            _ => return None,
        },
        SetExpr::Query(query) => return literals(&query.body, position),
        _ => return None,
    };
    exprs
        .iter()
        .all(|expr| matches!(expr, SqlExpr::Value(_)))
        .then_some(exprs)
}

fn is_null(expr: &SqlExpr) -> bool {
    matches!(
        expr,
        SqlExpr::Value(ValueWithSpan {
            value: Value::Null,
            ..
        })
    )
}

fn text_of(expr: &SqlExpr) -> Option<&str> {
    match expr {
        SqlExpr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

/// The columns of a relation that the first INSERT into it creates.
pub(crate) fn inferred_columns(plan: &LogicalPlan, query: &BoundQuery) -> Result<Vec<Column>, Diagnostics> {
    let mut diagnostics = Vec::new();
    let mut columns = Vec::new();
    for (field, output) in plan.schema().fields().iter().zip(&query.columns) {
        if let Some(written) = &output.written {
            let message = format!("two columns are named `{written}`");
            diagnostics.push(
                Diagnostic::error(Code::DuplicateColumn, output.span, message)
                    .with_help("give one of them another name"),
            );
        }
        if matches!(canonical(field.data_type()), DataType::Union(..)) {
            let message = format!("a stream has no column of type {}", TypeName(field.data_type()));
            diagnostics.push(Diagnostic::error(Code::TypeMismatch, output.span, message));
        }
        let plain =
            arrow::datatypes::Field::new(&output.name, canonical(field.data_type()), field.is_nullable())
                .with_metadata(field.metadata().clone());
        columns.push(Column {
            field: Arc::new(plain),
            origin: crate::catalog::ColumnOrigin::Physical,
            span: Some(output.span),
        });
    }
    if diagnostics.is_empty() {
        Ok(columns)
    } else {
        Err(diagnostics)
    }
}

/// Gives the query's columns these names and types.
pub(crate) fn renamed(plan: LogicalPlan, columns: &[Column], span: Span) -> Result<LogicalPlan, Diagnostics> {
    let given = plan.schema().columns();
    let exprs: Vec<Expr> = given
        .into_iter()
        .zip(plan.schema().fields())
        .zip(columns)
        .map(|((given, field), column)| {
            let value = Expr::Column(given);
            let wanted = column.field.data_type();
            let value = if field.data_type() == wanted {
                value
            } else {
                cast(value, wanted.clone())
            };
            value.alias(column.name())
        })
        .collect();
    let projected = LogicalPlanBuilder::from(plan)
        .project(exprs)
        .and_then(LogicalPlanBuilder::build);
    projected.map_err(|error| vec![super::locate::plain(span, &error)])
}
