//! `CREATE STREAM | SOURCE | SINK | TABLE` as a relation of the catalog.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use eventflux_core::connector::Registry;
use sqlparser::ast::Expr as SqlExpr;

use super::connector::{With, read_with};
use super::data_type::{canonical, type_name_of};
use super::watermark::event_time;
use super::{
    Column, ColumnOrigin, ConnectorUse, EngineOptions, Name, Relation, RelationType, Role, TypeName, field,
    find_name,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceText, Span, did_you_mean};
use crate::statement::{ColumnKind, CreateRelation, RelationKind};

/// Plans the expression of a computed column over the columns that are not computed.
pub(crate) type PlanComputed<'a> =
    dyn FnMut(&SqlExpr, &[Column]) -> Result<(datafusion_expr::Expr, FieldRef), Diagnostics> + 'a;

/// The relation that a statement declares.
pub(crate) fn declare(
    statement: &CreateRelation,
    source: &SourceText,
    registry: &Registry,
    plan_computed: &mut PlanComputed<'_>,
) -> Result<Relation, Diagnostics> {
    let with = match &statement.options {
        Some(options) => read_with(options, registry)?,
        None => With {
            connector: None,
            engine: EngineOptions::default(),
        },
    };
    let kind = relation_type(statement.kind);
    let columns = columns(statement, plan_computed)?;
    let mut diagnostics = Vec::new();
    if let Some(connector) = &with.connector {
        diagnostics.extend(
            columns
                .iter()
                .filter_map(|column| metadata(column, connector, registry).err()),
        );
    } else {
        diagnostics.extend(columns.iter().filter_map(metadata_without_connector));
    }
    diagnostics.extend(shape(statement, with.connector.as_ref()).err());
    let event_time = statement
        .watermark
        .as_ref()
        .map(|watermark| event_time(watermark, &columns, source));
    let event_time = event_time.transpose().unwrap_or_else(|diagnostic| {
        diagnostics.push(diagnostic);
        None
    });
    let primary_key = primary_key(statement, &columns, source).unwrap_or_else(|diagnostic| {
        diagnostics.push(diagnostic);
        Vec::new()
    });
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    Ok(Relation {
        name: Name::of_object(&statement.name, source).text(),
        kind,
        columns: with_keys_not_null(columns, &primary_key),
        event_time,
        primary_key,
        primary_key_span: statement.primary_key.as_ref().map(|key| key.span),
        connector: with.connector,
        engine: with.engine,
        view: None,
        span: Some(statement.name_span),
    })
}

fn relation_type(kind: RelationKind) -> RelationType {
    match kind {
        RelationKind::Stream => RelationType::Stream,
        RelationKind::Source => RelationType::Source,
        RelationKind::Sink => RelationType::Sink,
        RelationKind::Table => RelationType::Table,
    }
}

fn columns(statement: &CreateRelation, plan: &mut PlanComputed<'_>) -> Result<Vec<Column>, Diagnostics> {
    let mut columns: Vec<Option<Column>> = Vec::new();
    for declared in &statement.columns {
        let name = declared.name.value.as_str();
        let (field, origin) = match &declared.kind {
            ColumnKind::Physical { data_type } => (
                field(name, data_type, !declared.is_not_null),
                ColumnOrigin::Physical,
            ),
            ColumnKind::Metadata {
                data_type,
                key,
                key_span,
            } => {
                let key = key.clone().unwrap_or_else(|| name.to_owned());
                let origin = ColumnOrigin::Metadata {
                    key,
                    key_span: *key_span,
                };
                (field(name, data_type, !declared.is_not_null), origin)
            }
            ColumnKind::Computed { .. } => {
                columns.push(None);
                continue;
            }
        };
        columns.push(Some(Column {
            field,
            origin,
            span: Some(declared.span),
        }));
    }
    let given: Vec<Column> = columns.iter().flatten().cloned().collect();
    let mut diagnostics = Vec::new();
    for (place, declared) in columns.iter_mut().zip(&statement.columns) {
        let ColumnKind::Computed { expr, .. } = &declared.kind else {
            continue;
        };
        match plan(expr, &given) {
            Ok((expr, field)) => {
                let data_type = canonical(field.data_type());
                let field = Field::new(&declared.name.value, data_type, field.is_nullable())
                    .with_metadata(field.metadata().clone());
                let origin = ColumnOrigin::Computed(Box::new(expr));
                *place = Some(Column {
                    field: Arc::new(field),
                    origin,
                    span: Some(declared.span),
                });
            }
            Err(errors) => diagnostics.extend(errors),
        }
    }
    if diagnostics.is_empty() {
        Ok(columns.into_iter().flatten().collect())
    } else {
        Err(diagnostics)
    }
}

fn metadata(column: &Column, connector: &ConnectorUse, registry: &Registry) -> Result<(), Diagnostic> {
    let ColumnOrigin::Metadata { key, key_span } = &column.origin else {
        return Ok(());
    };
    let doc = registry.source(&connector.name).map(|source| source.doc());
    let known = doc.map_or(&[][..], |doc| doc.metadata);
    let Some((_, sql_type, _)) = known.iter().find(|(name, _, _)| name == key) else {
        let message = format!("the connector `{}` has no metadata `{key}`", connector.name);
        let names = known.iter().map(|(name, _, _)| *name);
        let help = did_you_mean(key, names.clone()).or_else(|| {
            let names: Vec<_> = names.collect();
            (!names.is_empty()).then(|| format!("its metadata are {}", names.join(", ")))
        });
        return Err(Diagnostic::error(Code::InvalidColumn, *key_span, message).with_help_opt(help));
    };
    let plain = |text: &str| text.to_ascii_uppercase().replace(' ', "");
    let given = type_name_of(&column.field);
    if plain(sql_type) == plain(&given) {
        return Ok(());
    }
    let message = format!("the metadata `{key}` is {sql_type}, not {given}");
    Err(
        Diagnostic::error(Code::InvalidColumn, column.span.unwrap_or(*key_span), message)
            .with_help("declare it with its own type, and cast it where it is used"),
    )
}

fn metadata_without_connector(column: &Column) -> Option<Diagnostic> {
    let ColumnOrigin::Metadata { key_span, .. } = &column.origin else {
        return None;
    };
    let message = "a stream without a connector has no metadata";
    Some(Diagnostic::error(Code::InvalidColumn, *key_span, message))
}

/// What each kind of relation must have and cannot have.
fn shape(statement: &CreateRelation, connector: Option<&ConnectorUse>) -> Result<(), Diagnostic> {
    let refused = |span: Span, message: &str, help: &str| {
        Err(Diagnostic::error(Code::InvalidRelation, span, message).with_help(help))
    };
    let name_span = statement.name_span;
    let says_role = connector.and_then(|connector| connector.role);
    match (statement.kind, connector) {
        (RelationKind::Table, None) => Err(Diagnostic::error(
            Code::NotSupportedYet,
            name_span,
            "a table without a connector is not supported yet",
        )
        .with_help("today: write changes to a sink with `'connector' = '…'`, or use a stream")),
        (RelationKind::Source | RelationKind::Sink, None) => refused(
            name_span,
            if statement.kind == RelationKind::Source {
                "the source has no connector"
            } else {
                "the sink has no connector"
            },
            "name one: `WITH ('connector' = '…')`",
        ),
        (RelationKind::Source, _) if says_role.is_some_and(|(role, _)| role == Role::Sink) => {
            let span = says_role.map_or(name_span, |(_, span)| span);
            refused(
                span,
                "a source cannot be of type `sink`",
                "write CREATE STREAM or CREATE SINK",
            )
        }
        (RelationKind::Sink, _) if says_role.is_some_and(|(role, _)| role == Role::Source) => {
            let span = says_role.map_or(name_span, |(_, span)| span);
            refused(
                span,
                "a sink cannot be of type `source`",
                "write CREATE STREAM or CREATE SOURCE",
            )
        }
        (RelationKind::Sink, _) => match &statement.watermark {
            Some(watermark) => refused(watermark.span, "a sink has no watermark", "leave the clause out"),
            None => Ok(()),
        },
        (kind, _) if statement.columns.is_empty() => match kind {
            RelationKind::Table => refused(name_span, "the table has no columns", "declare its columns"),
            _ => refused(name_span, "the stream has no columns", "declare its columns"),
        },
        _ => Ok(()),
    }
}

fn primary_key(
    statement: &CreateRelation,
    columns: &[Column],
    source: &SourceText,
) -> Result<Vec<usize>, Diagnostic> {
    let Some(key) = &statement.primary_key else {
        return Ok(Vec::new());
    };
    let mut indices = Vec::new();
    for ident in &key.columns {
        let span = source.span_of(ident.span);
        let Some(index) = find_name(ident, columns.iter().map(Column::name)) else {
            let message = format!("there is no column `{}` to be the key", ident.value);
            let help = did_you_mean(&ident.value, columns.iter().map(Column::name));
            return Err(Diagnostic::error(Code::UnknownColumn, span, message).with_help_opt(help));
        };
        if indices.contains(&index) {
            let message = format!("column `{}` is twice in the key", ident.value);
            return Err(Diagnostic::error(Code::DuplicateColumn, span, message));
        }
        let data_type = columns[index].field.data_type();
        if matches!(data_type, DataType::Map(..) | DataType::Interval(_)) {
            let message = format!("a column of type {} cannot be a key", TypeName(data_type));
            return Err(Diagnostic::error(Code::TypeMismatch, span, message));
        }
        indices.push(index);
    }
    Ok(indices)
}

/// A key's columns have a value, said or not.
fn with_keys_not_null(mut columns: Vec<Column>, key: &[usize]) -> Vec<Column> {
    for index in key {
        let field = columns[*index].field.as_ref().clone().with_nullable(false);
        columns[*index].field = Arc::new(field);
    }
    columns
}
