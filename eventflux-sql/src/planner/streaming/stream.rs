//! Streams between queries: sources, and what queries insert.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, Schema};
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_common::{DFSchema, DataFusionError, Result};
use datafusion_expr::Expr;
use eventflux_core::connector::{Options, SourceRequest};
use eventflux_core::plan::{
    AfterImageSpec, ChangelogMode, ErrorPolicy, EventTimeSpec, Exchange, NamedExpression, NodeId,
    OperatorSpec, Parallelism, SourceColumn, SourceKind, SourceSpec,
};

use super::dead_letter::Target;
use super::expression::compile_over;
use super::graph::NewNode;
use super::rel::{Changes, ErrorRoute, Rel};
use super::translator::Translator;
use crate::app::ConnectorMode;
use crate::catalog::{ColumnOrigin, ConnectorUse, Relation, RelationId};

/// The rows of a stream, ready to be read by queries.
#[derive(Debug, Clone)]
pub(super) struct StreamRows {
    /// The operator that gives them.
    pub(super) node: NodeId,
    /// For each column of the relation, where it is; `None` for columns that nobody reads.
    pub(super) slots: Vec<Option<usize>>,
    /// The column that is the event time.
    pub(super) time: Option<usize>,
    pub(super) changes: Changes,
    pub(super) parallelism: Parallelism,
    pub(super) errors: ErrorRoute,
}

/// The route of rows that no stream's options decide about.
pub(super) fn default_route() -> ErrorRoute {
    ErrorRoute {
        policy: ErrorPolicy::DeadLetter,
        target: Target::BUILT_IN,
        is_dead_letter: false,
    }
}

/// How long a partition may be silent before the watermark goes on without it.
pub(crate) const IDLE_TIMEOUT_US: i64 = 30_000_000;

impl Translator<'_> {
    /// The route of a stream's failing rows, by its options.
    pub(super) fn route(&self, relation: &Relation) -> ErrorRoute {
        let target = relation
            .engine
            .dead_letter
            .as_ref()
            .and_then(|name| self.catalog.find(name));
        ErrorRoute {
            policy: relation.engine.error_policy.unwrap_or(ErrorPolicy::DeadLetter),
            target: target.map_or(Target::BUILT_IN, Target),
            is_dead_letter: false,
        }
    }

    /// A source of rows from outside, with the columns that are used.
    pub(super) fn source(&mut self, id: RelationId, used: &BTreeSet<usize>) -> Result<StreamRows> {
        let relation = self.catalog.get(id);
        let connector = relation
            .connector
            .as_ref()
            .filter(|_| self.connectors == ConnectorMode::Real);
        let used = with_inputs(relation, used, connector.is_none());
        let mut columns = Vec::new();
        let mut slots: Vec<Option<usize>> = vec![None; relation.columns.len()];
        for (index, column) in relation.columns.iter().enumerate() {
            let metadata = match &column.origin {
                ColumnOrigin::Computed(_) => continue,
                ColumnOrigin::Metadata { key, .. } if connector.is_some() => Some(key.clone()),
                ColumnOrigin::Metadata { .. } | ColumnOrigin::Physical => None,
            };
            if used.contains(&index) {
                slots[index] = Some(columns.len());
                columns.push(SourceColumn {
                    field: Arc::clone(&column.field),
                    metadata,
                });
            }
        }
        let mut fields: Vec<FieldRef> = columns.iter().map(|column| Arc::clone(&column.field)).collect();
        let computed = computed_columns(relation, &used, &mut slots, &mut fields)?;
        let event_time = relation.event_time.and_then(|time| {
            Some(EventTimeSpec {
                column: slots[time.column]?,
                delay_us: time.delay_us,
            })
        });
        let declared = Arc::new(Schema::new(declared_fields(relation, connector.is_some())));
        let errors = self.route(relation);
        let (kind, parallelism) = match connector {
            Some(connector) => self.connect_source(relation, connector, &columns, &declared),
            None => (SourceKind::InProcess, Parallelism::AtMost(1)),
        };
        let spec = SourceSpec {
            stream: relation.name.clone(),
            kind,
            columns,
            declared,
            computed,
            event_time,
            idle_timeout_us: relation.engine.idle_timeout_us.unwrap_or(self.idle_timeout_us),
            error_policy: errors.policy,
        };
        let new = NewNode {
            operator_id: format!("source:{}", relation.name),
            name: format!("source {}", relation.name),
            spec: OperatorSpec::Source(spec),
            schema: Arc::new(Schema::new(fields)),
            changelog: ChangelogMode::Append,
            parallelism,
            span: relation.span,
        };
        let time = relation.event_time.map(|time| time.column);
        let node = self.add(new, &errors);
        Ok(StreamRows {
            node,
            slots,
            time,
            changes: Changes::Append,
            parallelism,
            errors,
        })
    }

    /// The connector's word on its options and its width.
    fn connect_source(
        &mut self,
        relation: &Relation,
        connector: &ConnectorUse,
        columns: &[SourceColumn],
        declared: &arrow::datatypes::SchemaRef,
    ) -> (SourceKind, Parallelism) {
        let options = Options::unresolved(&connector.options);
        let request = SourceRequest {
            stream: &relation.name,
            columns,
            declared,
            options: &options,
            registry: self.registry,
        };
        let plan = self
            .registry
            .source(&connector.name)
            .map(|source| source.plan(&request));
        let parallelism = match plan {
            Some(Ok(plan)) => plan
                .parallelism_max()
                .map_or(Parallelism::Any, Parallelism::AtMost),
            Some(Err(error)) => {
                self.diagnostics.push(connector.diagnostic(&error));
                Parallelism::Any
            }
            None => Parallelism::Any,
        };
        let kind = SourceKind::Connector {
            connector: connector.name.clone(),
            options: connector.options.clone(),
        };
        (kind, parallelism)
    }

    /// The stream of bad rows that are sent to `id`.
    pub(super) fn dead_letter_source(&mut self, id: RelationId) -> Result<Rel> {
        let relation = self.catalog.get(id);
        let schema = eventflux_core::plan::dead_letter_schema();
        let errors = ErrorRoute {
            policy: ErrorPolicy::Drop,
            target: Target(id),
            is_dead_letter: true,
        };
        let spec = SourceSpec {
            stream: relation.name.clone(),
            kind: SourceKind::DeadLetters,
            columns: schema
                .fields()
                .iter()
                .map(|field| SourceColumn {
                    field: Arc::clone(field),
                    metadata: None,
                })
                .collect(),
            declared: Arc::clone(&schema),
            computed: Vec::new(),
            event_time: None,
            idle_timeout_us: self.idle_timeout_us,
            error_policy: errors.policy,
        };
        let node = self.graph.add(NewNode {
            operator_id: format!("dead-letters:{}", relation.name),
            name: format!("bad rows {}", relation.name),
            spec: OperatorSpec::Source(spec),
            schema: Arc::clone(&schema),
            changelog: ChangelogMode::Append,
            parallelism: Parallelism::AtMost(1),
            span: None,
        });
        let schema = Arc::new(DFSchema::try_from(schema)?);
        Ok(super::app::plain_rel(
            node,
            schema,
            Parallelism::AtMost(1),
            errors,
        ))
    }

    /// A changelog as the stream of its after-images.
    pub(super) fn after_image(&mut self, rel: Rel) -> Rel {
        if rel.changes.is_append() {
            return rel;
        }
        let mut rel = self.calc(rel);
        let new = NewNode {
            operator_id: self.operator_id("after-image"),
            name: "after image".to_owned(),
            spec: OperatorSpec::AfterImage(AfterImageSpec {}),
            schema: Arc::clone(&self.graph.node(rel.node).schema),
            changelog: ChangelogMode::Append,
            parallelism: rel.parallelism,
            span: self.span,
        };
        let node = self.add(new, &rel.errors);
        self.graph.connect(rel.node, node, 0, Exchange::Forward);
        rel.node = node;
        rel.changes = Changes::Append;
        rel
    }

    /// What is inserted into a stream as its rows: computed columns and event time included. `needed` are the columns
    /// that `rel` has, in their order.
    pub(super) fn inserted_rows(&mut self, id: RelationId, rel: Rel, needed: &[usize]) -> Result<StreamRows> {
        let relation = self.catalog.get(id);
        let mut rel = rel;
        let mut slots: Vec<Option<usize>> = vec![None; relation.columns.len()];
        for (position, column) in needed.iter().enumerate() {
            slots[*column] = rel.slot(position);
        }
        let computed: BTreeSet<usize> = (0..relation.columns.len())
            .filter(|index| relation.columns[*index].is_computed())
            .collect();
        if !computed.is_empty() {
            rel = self.computed_rel(relation, rel, &mut slots)?;
        }
        let mut time = rel.time.and_then(|time| needed.get(time).copied());
        if let Some(declared) = relation.event_time {
            let column = slots[declared.column]
                .ok_or_else(|| DataFusionError::Internal("the event time was pruned".to_owned()))?;
            rel = self.calc(rel);
            let new = NewNode {
                operator_id: format!("stream:{}/event-time", relation.name),
                name: format!("event time of {}", relation.name),
                spec: OperatorSpec::EventTime(EventTimeSpec {
                    column,
                    delay_us: declared.delay_us,
                }),
                schema: Arc::clone(&self.graph.node(rel.node).schema),
                changelog: ChangelogMode::Append,
                parallelism: rel.parallelism,
                span: relation.span,
            };
            let errors = rel.errors.clone();
            let node = self.add(new, &errors);
            self.graph.connect(rel.node, node, 0, Exchange::Forward);
            rel.node = node;
            time = Some(declared.column);
        }
        let rel = self.calc(rel);
        let errors = match relation.engine.error_policy {
            Some(policy) => ErrorRoute {
                policy,
                ..rel.errors.clone()
            },
            None => rel.errors.clone(),
        };
        Ok(StreamRows {
            node: rel.node,
            slots,
            time,
            changes: rel.changes,
            parallelism: rel.parallelism,
            errors,
        })
    }

    fn computed_rel(&mut self, relation: &Relation, rel: Rel, slots: &mut [Option<usize>]) -> Result<Rel> {
        let mut rel = self.calc(rel);
        let mut projection: Vec<NamedExpression> = self
            .slot_fields(&rel)
            .iter()
            .enumerate()
            .map(|(slot, field)| super::expression::slot_expression(slot, field))
            .collect();
        let (schema, indices) = physical_schema(relation)?;
        for (index, column) in relation.columns.iter().enumerate() {
            let ColumnOrigin::Computed(expr) = &column.origin else {
                continue;
            };
            let expression = compile_over(expr, &schema, |column| slots[indices[column]])?;
            slots[index] = Some(projection.len());
            projection.push(NamedExpression {
                expression,
                field: Arc::clone(&column.field),
            });
        }
        rel.calc.projection = Some(projection);
        Ok(self.calc(rel))
    }
}

/// The columns used, those that used columns are computed from, and the event time. With `all`, every given column.
fn with_inputs(relation: &Relation, used: &BTreeSet<usize>, all: bool) -> BTreeSet<usize> {
    let mut used = used.clone();
    used.extend(relation.event_time.map(|time| time.column));
    let given = |index: &usize| !relation.columns[*index].is_computed();
    if all {
        used.extend((0..relation.columns.len()).filter(given));
    }
    for index in used.clone() {
        if let ColumnOrigin::Computed(expr) = &relation.columns[index].origin {
            let names = columns_of(expr);
            used.extend(
                (0..relation.columns.len()).filter(|index| names.contains(relation.columns[*index].name())),
            );
        }
    }
    if !used.iter().any(given) {
        // Rows have to be counted: the column that costs least to decode stands for them.
        let cheapest = (0..relation.columns.len())
            .filter(given)
            .min_by_key(|index| (!relation.columns[*index].field.data_type().is_primitive(), *index));
        used.extend(cheapest);
    }
    used
}

fn columns_of(expr: &Expr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    // The closure never fails.
    let _ = expr.apply(|part| {
        if let Expr::Column(column) = part {
            names.insert(column.name.clone());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    names
}

fn computed_columns(
    relation: &Relation,
    used: &BTreeSet<usize>,
    slots: &mut [Option<usize>],
    fields: &mut Vec<FieldRef>,
) -> Result<Vec<NamedExpression>> {
    let (schema, indices) = physical_schema(relation)?;
    let mut computed = Vec::new();
    for (index, column) in relation.columns.iter().enumerate() {
        let ColumnOrigin::Computed(expr) = &column.origin else {
            continue;
        };
        if !used.contains(&index) {
            continue;
        }
        let expression = compile_over(expr, &schema, |column| slots[indices[column]])?;
        slots[index] = Some(fields.len());
        fields.push(Arc::clone(&column.field));
        computed.push(NamedExpression {
            expression,
            field: Arc::clone(&column.field),
        });
    }
    Ok(computed)
}

/// The columns that are not computed, as the expressions of computed columns see them, and their indices.
pub(crate) fn physical_schema(relation: &Relation) -> Result<(DFSchema, Vec<usize>)> {
    let given: Vec<usize> = (0..relation.columns.len())
        .filter(|index| !relation.columns[*index].is_computed())
        .collect();
    let columns: Vec<_> = given
        .iter()
        .map(|index| relation.columns[*index].clone())
        .collect();
    Ok((crate::planner::computed::schema(&columns)?, given))
}

fn declared_fields(relation: &Relation, has_metadata: bool) -> Vec<FieldRef> {
    let is_declared = |column: &&crate::catalog::Column| match column.origin {
        ColumnOrigin::Computed(_) => false,
        ColumnOrigin::Metadata { .. } => !has_metadata,
        ColumnOrigin::Physical => true,
    };
    relation
        .columns
        .iter()
        .filter(is_declared)
        .map(|column| Arc::clone(&column.field))
        .collect()
}
