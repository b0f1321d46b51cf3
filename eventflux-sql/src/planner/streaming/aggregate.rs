//! Aggregates: over windows that close, or over all rows as a changelog.

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema};
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::{Aggregate, Expr, GroupingSet};
use eventflux_core::plan::{
    AggregateCall, ChangelogMode, Exchange, GroupAggregateSpec, OperatorSpec, Parallelism,
    WindowAggregateSpec, WindowSpec, WindowTime,
};

use super::call::Call;
use super::expression::{as_column, needs_bounds};
use super::graph::NewNode;
use super::rel::{Bounds, Changes, Lateness, PendingCalc, Place, Rel};
use super::translator::Translator;
use crate::catalog::timestamp;
use crate::planner::window_node::{WINDOW_END, WINDOW_START, WINDOW_TIME};

/// What a key of GROUP BY is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A bound of the window, by its place behind the aggregates.
    Bound(usize),
    /// The n-th key of the operator.
    Plain(usize),
}

/// Rows arranged for an aggregation.
pub(super) struct Arranged {
    /// The rows, without pending calc.
    pub(super) rel: Rel,
    /// The window of the aggregation, if there is one.
    pub(super) window: Option<WindowTime>,
    /// Columns of the operator's keys.
    pub(super) keys: Vec<usize>,
    /// What each logical key is.
    pub(super) logical_keys: Vec<Key>,
    /// The aggregates.
    pub(super) calls: Vec<AggregateCall>,
}

impl Translator<'_> {
    /// An aggregation of any kind.
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Rel> {
        let rel = self.translate(&aggregate.input)?;
        let arranged = match aggregate.group_expr.as_slice() {
            [Expr::GroupingSet(set)] => self.arrange_sets(rel, set, aggregate)?,
            keys => self.arrange_keys(rel, keys, aggregate)?,
        };
        self.build_aggregate(arranged, aggregate)
    }

    fn arrange_keys(&mut self, rel: Rel, keys: &[Expr], aggregate: &Aggregate) -> Result<Arranged> {
        let calls = self.calls(&aggregate.aggr_expr)?;
        let rel = self.window_for_exprs(rel, keys, &calls)?;
        let (rel, window) = self.window_of_keys(rel, keys)?;
        let logical_keys = logical_keys(keys, &rel, window.is_some());
        let plain: Vec<Expr> = keys
            .iter()
            .zip(&logical_keys)
            .filter(|(_, key)| matches!(key, Key::Plain(_)))
            .map(|(expr, _)| expr.clone())
            .collect();
        let mut exprs = plain.clone();
        exprs.extend(calls.iter().flat_map(Call::exprs));
        let attached = window
            .as_ref()
            .is_some_and(|window| *window == GroupWindow::Attached);
        if attached {
            exprs.extend(bound_exprs(&rel));
        }
        let window_spec = rel.window.as_ref().map(|window| window.spec.clone());
        let (mut rel, slots) = self.arrange(rel, &exprs)?;
        rel.window = None;
        let window = window.and_then(|window| window.time(window_spec, &slots));
        let keys = slots[..plain.len()].to_vec();
        let calls = self.place_calls(calls, &slots[plain.len()..], aggregate, &rel)?;
        Ok(Arranged {
            rel,
            window,
            keys,
            logical_keys,
            calls,
        })
    }

    /// Assigns the window if an expression of a key or a call is computed from its bounds.
    pub(super) fn window_for_exprs(&mut self, rel: Rel, keys: &[Expr], calls: &[Call]) -> Result<Rel> {
        let computed = keys.iter().filter(|key| as_column(key, &rel.schema).is_none());
        let mut exprs = computed.cloned().chain(calls.iter().flat_map(Call::exprs));
        if exprs.any(|expr| needs_bounds(&expr, &rel)) {
            return self.assign_window(rel);
        }
        Ok(rel)
    }

    /// Whether the keys tell windows apart, and how the operator gets at the window.
    pub(super) fn window_of_keys(&mut self, rel: Rel, keys: &[Expr]) -> Result<(Rel, Option<GroupWindow>)> {
        let columns: Vec<Option<usize>> = keys.iter().map(|key| as_column(key, &rel.schema)).collect();
        let has = |bound: Option<usize>| bound.is_some() && columns.contains(&bound);
        if !(has(rel.bounds.start) && has(rel.bounds.end)) {
            return Ok((self.assign_window(rel)?, None));
        }
        let Some(window) = &rel.window else {
            return Ok((rel, Some(GroupWindow::Attached)));
        };
        let plain = columns.iter().filter(|column| {
            ![rel.bounds.start, rel.bounds.end, rel.bounds.time].contains(*column) || column.is_none()
        });
        let mut slots: Vec<Option<usize>> = plain
            .map(|column| column.and_then(|column| rel.slot(column)))
            .collect();
        let mut partitions: Vec<Option<usize>> = window.partition_by.iter().copied().map(Some).collect();
        for list in [&mut slots, &mut partitions] {
            list.sort_unstable();
            list.dedup();
        }
        // Sessions are those of their keys. Grouped by other keys, each row's session has to be known before.
        if window.is_session() && slots != partitions {
            return Ok((self.assign_window(rel)?, Some(GroupWindow::Attached)));
        }
        Ok((rel, Some(GroupWindow::Pending)))
    }

    /// The operator and what it gives.
    fn build_aggregate(&mut self, arranged: Arranged, aggregate: &Aggregate) -> Result<Rel> {
        let Arranged {
            rel,
            window,
            keys,
            logical_keys,
            calls,
        } = arranged;
        let input = self.graph.node(rel.node);
        let mut fields: Vec<FieldRef> = keys
            .iter()
            .map(|key| Arc::clone(&input.schema.fields()[*key]))
            .collect();
        fields.extend(calls.iter().map(|call| Arc::clone(&call.output)));
        let bounds_at = fields.len();
        let is_windowed = window.is_some();
        if is_windowed {
            let bound = |name| Arc::new(Field::new(name, timestamp(), false));
            fields.extend([WINDOW_START, WINDOW_END, WINDOW_TIME].map(bound));
        }
        let call_count = calls.len();
        let places: Vec<Place> = logical_keys
            .iter()
            .map(|key| match key {
                Key::Bound(bound) => Place::Slot(bounds_at + bound),
                Key::Plain(position) => Place::Slot(*position),
            })
            .chain((0..call_count).map(|position| Place::Slot(keys.len() + position)))
            .collect();
        let logical_bound = |bound| logical_keys.iter().position(|key| *key == Key::Bound(bound));
        let (exchange, parallelism) = match keys.as_slice() {
            [] => (Exchange::Forward, Parallelism::AtMost(1)),
            keys => (Exchange::Hash(keys.to_vec()), Parallelism::Any),
        };
        let changes = match &window {
            Some(_) if rel.lateness.allowed_us == 0 => Changes::Append,
            _ => Changes::Changelog {
                unique_key: Some((0..logical_keys.len()).collect()),
            },
        };
        let changelog = node_changelog(&changes, keys.len(), bounds_at, is_windowed);
        let (name, kind) = if is_windowed {
            ("window aggregate", "window-aggregate")
        } else if call_count == 0 {
            ("distinct", "distinct")
        } else {
            ("group aggregate", "aggregate")
        };
        let error_policy = rel.errors.policy;
        let spec = match window {
            Some(window) => OperatorSpec::WindowAggregate(WindowAggregateSpec {
                window,
                keys,
                calls,
                allowed_lateness_us: rel.lateness.allowed_us,
                error_policy,
            }),
            None => OperatorSpec::GroupAggregate(GroupAggregateSpec {
                keys,
                calls,
                // It comes with the whole graph.
                state_ttl: None,
                error_policy,
            }),
        };
        let new = NewNode {
            operator_id: self.operator_id(kind),
            name: name.to_owned(),
            spec,
            schema: Arc::new(Schema::new(fields)),
            changelog,
            parallelism,
            span: self.span,
        };
        let node = self.add(new, &rel.errors);
        self.graph.connect(rel.node, node, 0, exchange);
        if is_windowed {
            self.late_rows(&rel, node);
        } else {
            self.unbounded_state();
        }
        Ok(Rel {
            node,
            schema: Arc::clone(&aggregate.schema),
            columns: places,
            calc: PendingCalc::default(),
            window: None,
            bounds: Bounds {
                start: logical_bound(0),
                end: logical_bound(1),
                time: logical_bound(2),
            },
            time: if is_windowed { logical_bound(2) } else { None },
            changes,
            parallelism,
            errors: rel.errors,
            lateness: Lateness::default(),
        })
    }

    /// Turns calls with expressions into calls with columns.
    pub(super) fn place_calls(
        &mut self,
        calls: Vec<Call>,
        slots: &[usize],
        aggregate: &Aggregate,
        rel: &Rel,
    ) -> Result<Vec<AggregateCall>> {
        let schema = Arc::clone(&self.graph.node(rel.node).schema);
        let outputs = aggregate.schema.fields().len() - calls.len();
        let mut rest = slots;
        let mut placed = Vec::new();
        for (position, call) in calls.into_iter().enumerate() {
            let count = call.exprs().count();
            let (own, behind) = rest.split_at_checked(count).ok_or_else(|| {
                DataFusionError::Internal("an aggregate has fewer columns than expressions".to_owned())
            })?;
            rest = behind;
            let output = aggregate
                .schema
                .field(outputs + position)
                .as_ref()
                .clone()
                .with_name(call.text());
            placed.push(call.place(own, &schema, Arc::new(output)));
        }
        Ok(placed)
    }
}

/// How an aggregation gets at the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupWindow {
    /// The operator assigns the pending one itself.
    Pending,
    /// The bounds are columns, the last ones of what the operator is given.
    Attached,
}

impl GroupWindow {
    /// What the operator is told. `pending`: the window to be assigned; `slots`: the operator's input columns.
    pub(super) fn time(self, pending: Option<WindowSpec>, slots: &[usize]) -> Option<WindowTime> {
        match (self, slots) {
            (Self::Pending, _) => pending.map(WindowTime::Assign),
            (Self::Attached, [.., start, end]) => Some(WindowTime::Attached {
                start: *start,
                end: *end,
            }),
            (Self::Attached, _) => None,
        }
    }
}

/// What each key is; the bounds are special only in a windowed aggregation.
pub(super) fn logical_keys(keys: &[Expr], rel: &Rel, is_windowed: bool) -> Vec<Key> {
    let bounds = [rel.bounds.start, rel.bounds.end, rel.bounds.time];
    let mut plain = 0;
    keys.iter()
        .map(|key| {
            let column = as_column(key, &rel.schema);
            match bounds
                .iter()
                .position(|bound| bound.is_some() && *bound == column)
            {
                Some(bound) if is_windowed => Key::Bound(bound),
                _ => {
                    plain += 1;
                    Key::Plain(plain - 1)
                }
            }
        })
        .collect()
}

/// The columns of the bounds as expressions.
pub(super) fn bound_exprs(rel: &Rel) -> Vec<Expr> {
    let columns = rel.schema.columns();
    [rel.bounds.start, rel.bounds.end]
        .into_iter()
        .flatten()
        .map(|column| Expr::Column(columns[column].clone()))
        .collect()
}

fn node_changelog(changes: &Changes, key_count: usize, bounds_at: usize, is_windowed: bool) -> ChangelogMode {
    match changes {
        Changes::Append => ChangelogMode::Append,
        Changes::Changelog { .. } => {
            let mut unique_key: Vec<usize> = (0..key_count).collect();
            if is_windowed {
                unique_key.extend([bounds_at, bounds_at + 1]);
            }
            ChangelogMode::Changelog {
                unique_key: Some(unique_key),
            }
        }
    }
}

/// The grouping sets of GROUP BY, each as the keys that it has.
pub(super) fn sets_of(set: &GroupingSet) -> Vec<Vec<Expr>> {
    match set {
        GroupingSet::GroupingSets(sets) => sets.clone(),
        GroupingSet::Rollup(keys) => (0..=keys.len())
            .rev()
            .map(|count| keys[..count].to_vec())
            .collect(),
        GroupingSet::Cube(keys) => {
            let subsets = 0..1_usize.checked_shl(keys.len() as u32).unwrap_or(usize::MAX);
            let all = subsets.end - 1;
            subsets
                .map(|excluded| {
                    let included = all ^ excluded;
                    let is_in = |position: &usize| included & (1 << (keys.len() - 1 - position)) != 0;
                    (0..keys.len())
                        .filter(is_in)
                        .map(|position| keys[position].clone())
                        .collect()
                })
                .collect()
        }
    }
}
