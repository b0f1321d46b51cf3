//! Filters and projections: they wait, and become calcs.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::{DFSchemaRef, Result};
use datafusion_expr::Expr;
use eventflux_core::plan::{CalcSpec, Exchange, NamedExpression, OperatorSpec};

use super::expression::{SlotSchema, as_column, needs_bounds, same_values, slot_expression};
use super::graph::NewNode;
use super::rel::{Bounds, Changes, PendingCalc, Place, Rel};
use super::translator::Translator;
use super::window;

impl Translator<'_> {
    /// Keeps the rows for which the predicate is true.
    pub(super) fn filter(&mut self, rel: Rel, predicate: &Expr) -> Result<Rel> {
        let is_behind_window =
            rel.window.as_ref().is_some_and(|window| !window.filters_before) || needs_bounds(predicate, &rel);
        let mut rel = if is_behind_window {
            self.assign_window(rel)?
        } else {
            rel
        };
        if rel.calc.projection.is_some() {
            rel = self.calc(rel);
        }
        let filters = SlotSchema::new(&self.slot_fields(&rel))?.compile_condition(predicate, &rel)?;
        rel.calc.filters.extend(filters);
        Ok(rel)
    }

    /// Replaces the logical columns.
    pub(super) fn project(&mut self, rel: Rel, exprs: &[Expr], schema: DFSchemaRef) -> Result<Rel> {
        let needs_window = |expr: &Expr| as_column(expr, &rel.schema).is_none() && needs_bounds(expr, &rel);
        let mut rel = if exprs.iter().any(needs_window) {
            self.assign_window(rel)?
        } else {
            rel
        };
        let places: Vec<Option<Place>> = exprs
            .iter()
            .map(|expr| as_column(expr, &rel.schema).map(|column| rel.columns[column]))
            .collect();
        let sources: Vec<Option<usize>> = exprs.iter().map(|expr| same_values(expr, &rel.schema)).collect();
        if places.iter().any(Option::is_none) {
            if rel.calc.projection.is_some() {
                rel = self.calc(rel);
            }
            let places = exprs
                .iter()
                .map(|expr| as_column(expr, &rel.schema).map(|column| rel.columns[column]));
            let places: Vec<_> = places.collect();
            self.compute(&mut rel, exprs, &places)?;
        } else {
            rel.columns = places.into_iter().flatten().collect();
        }
        let moved = |column: Option<usize>| {
            column.and_then(|column| sources.iter().position(|source| *source == Some(column)))
        };
        rel.time = moved(rel.time);
        rel.bounds = Bounds {
            start: moved(rel.bounds.start),
            end: moved(rel.bounds.end),
            time: moved(rel.bounds.time),
        };
        if let Changes::Changelog { unique_key } = &mut rel.changes {
            *unique_key = unique_key
                .take()
                .and_then(|key| key.into_iter().map(|column| moved(Some(column))).collect());
        }
        rel.schema = schema;
        Ok(rel)
    }

    /// Makes the expressions the slots; equal columns share one.
    fn compute(&mut self, rel: &mut Rel, exprs: &[Expr], places: &[Option<Place>]) -> Result<()> {
        let slots_before = self.slot_fields(rel);
        let slot_schema = SlotSchema::new(&slots_before)?;
        let mut projection: Vec<NamedExpression> = Vec::new();
        let mut columns = Vec::new();
        for (expr, place) in exprs.iter().zip(places) {
            match place {
                Some(bound @ (Place::WindowStart | Place::WindowEnd | Place::WindowTime)) => {
                    columns.push(*bound)
                }
                Some(Place::Slot(_)) | None => {
                    columns.push(Place::Slot(projection.len()));
                    projection.push(slot_schema.compile_named(expr, rel, &slots_before)?);
                }
            }
        }
        let kept = |projection: &[NamedExpression], slot: usize| {
            projection
                .iter()
                .position(|named| named.expression.as_column() == Some(slot))
        };
        for slot in rel.carried() {
            if kept(&projection, slot).is_none() {
                projection.push(slot_expression(slot, &slots_before[slot]));
            }
        }
        rel.renumber_carried(|slot| kept(&projection, slot).unwrap_or(slot));
        rel.columns = columns;
        rel.calc.projection = Some(projection);
        Ok(())
    }

    /// The slots of expressions; what is no column yet is computed behind the slots there are.
    pub(super) fn append(&mut self, rel: Rel, exprs: &[Expr]) -> Result<(Rel, Vec<usize>)> {
        let place = |expr: &Expr| as_column(expr, &rel.schema).and_then(|column| rel.slot(column));
        if let Some(slots) = exprs.iter().map(place).collect::<Option<Vec<_>>>() {
            return Ok((rel, slots));
        }
        let mut rel = if rel.calc.projection.is_some() {
            self.calc(rel)
        } else {
            rel
        };
        let slots_before = self.slot_fields(&rel);
        let slot_schema = SlotSchema::new(&slots_before)?;
        let kept = slots_before
            .iter()
            .enumerate()
            .map(|(slot, field)| slot_expression(slot, field));
        let mut projection: Vec<NamedExpression> = kept.collect();
        let mut slots = Vec::new();
        for expr in exprs {
            match as_column(expr, &rel.schema).and_then(|column| rel.slot(column)) {
                Some(slot) => slots.push(slot),
                None => {
                    slots.push(projection.len());
                    projection.push(slot_schema.compile_named(expr, &rel, &slots_before)?);
                }
            }
        }
        rel.calc.projection = Some(projection);
        Ok((rel, slots))
    }

    /// Does what waits so that the expressions are columns of the node, and gives their indices. Columns that none of
    /// them is are dropped where that costs nothing; the logical columns are gone.
    pub(super) fn arrange(&mut self, rel: Rel, exprs: &[Expr]) -> Result<(Rel, Vec<usize>)> {
        let exprs: Vec<Expr> = exprs.iter().map(|expr| expr.clone().unalias()).collect();
        let place = |expr: &Expr| as_column(expr, &rel.schema).and_then(|column| rel.slot(column));
        if let Some(slots) = exprs.iter().map(place).collect::<Option<Vec<_>>>()
            && (rel.calc.filters.is_empty() || rel.calc.projection.is_some())
        {
            let mut rel = rel;
            let slots = share_slots(&mut rel, slots);
            return Ok((self.calc(rel), slots));
        }
        let mut rel = if rel.calc.projection.is_some() {
            self.calc(rel)
        } else {
            rel
        };
        let mut distinct: Vec<Expr> = Vec::new();
        let mut slots = Vec::new();
        for expr in exprs {
            // Two columns may be names of one slot.
            let slot = |expr: &Expr| as_column(expr, &rel.schema).and_then(|column| rel.slot(column));
            let is_same =
                |known: &Expr| *known == expr || slot(known).is_some_and(|own| Some(own) == slot(&expr));
            let known = distinct.iter().position(is_same);
            slots.push(known.unwrap_or(distinct.len()));
            if known.is_none() {
                distinct.push(expr);
            }
        }
        self.compute(&mut rel, &distinct, &vec![None; distinct.len()])?;
        Ok((self.calc(rel), slots))
    }

    /// The fields of the slots.
    pub(super) fn slot_fields(&self, rel: &Rel) -> Vec<arrow::datatypes::FieldRef> {
        match &rel.calc.projection {
            Some(projection) => projection.iter().map(|named| Arc::clone(&named.field)).collect(),
            None => self
                .graph
                .node(rel.node)
                .schema
                .fields()
                .iter()
                .cloned()
                .collect(),
        }
    }

    /// Does what waits: behind it, the slots are the node's columns.
    pub(super) fn calc(&mut self, mut rel: Rel) -> Rel {
        let PendingCalc { filters, projection } = std::mem::take(&mut rel.calc);
        if filters.is_empty()
            && projection
                .as_ref()
                .is_none_or(|projection| self.is_identity(&rel, projection))
        {
            return rel;
        }
        let schema = match &projection {
            Some(projection) => {
                let fields: Vec<_> = projection.iter().map(|named| Arc::clone(&named.field)).collect();
                Arc::new(Schema::new(fields))
            }
            None => Arc::clone(&self.graph.node(rel.node).schema),
        };
        let name = match (&filters[..], &projection) {
            ([], _) => "project",
            (_, None) => "filter",
            _ => "filter and project",
        };
        let spec = CalcSpec {
            filters,
            projection,
            error_policy: rel.errors.policy,
        };
        let node = self.add(
            NewNode {
                operator_id: self.operator_id("calc"),
                name: name.to_owned(),
                spec: OperatorSpec::Calc(spec),
                schema,
                changelog: rel.changelog(),
                parallelism: rel.parallelism,
                span: self.span,
            },
            &rel.errors,
        );
        self.graph.connect(rel.node, node, 0, Exchange::Forward);
        rel.node = node;
        rel
    }

    /// Whether a projection gives the node's columns as they are.
    fn is_identity(&self, rel: &Rel, projection: &[NamedExpression]) -> bool {
        let fields = self.graph.node(rel.node).schema.fields();
        fields.len() == projection.len()
            && projection
                .iter()
                .zip(fields)
                .enumerate()
                .all(|(index, (named, field))| {
                    named.expression.as_column() == Some(index) && named.field.name() == field.name()
                })
    }

    /// Does what waits and makes the logical columns the node's only columns, in their order and by their names.
    pub(super) fn settle(&mut self, rel: Rel) -> Result<Rel> {
        let has_bounds = rel.columns.iter().any(|place| !matches!(place, Place::Slot(_)));
        let is_session = rel.window.as_ref().is_some_and(window::PendingWindow::is_session);
        let mut rel = if has_bounds || is_session || rel.window.is_some() {
            self.assign_window(rel)?
        } else {
            rel
        };
        rel.lateness.origin = None;
        let slots = self.slot_fields(&rel);
        let is_in_order = slots.len() == rel.columns.len()
            && rel.columns.iter().enumerate().all(|(column, place)| {
                *place == Place::Slot(column) && slots[column].name() == rel.field(column).name()
            });
        if !is_in_order {
            if rel.calc.projection.is_some() {
                rel = self.calc(rel);
            }
            let columns = 0..rel.columns.len();
            let projection: Option<Vec<NamedExpression>> = columns
                .map(|column| Some(slot_expression(rel.slot(column)?, rel.field(column))))
                .collect();
            rel.calc.projection = projection;
            rel.columns = (0..rel.columns.len()).map(Place::Slot).collect();
        }
        Ok(self.calc(rel))
    }
}

/// Leaves nothing in a pending projection but these slots and those that are carried, each value once, and gives the places
/// of these slots. The logical columns are gone.
fn share_slots(rel: &mut Rel, slots: Vec<usize>) -> Vec<usize> {
    let Some(written) = rel.calc.projection.take() else {
        return slots;
    };
    let is_same = |a: &NamedExpression, b: &NamedExpression| {
        a.expression.text() == b.expression.text() && a.field.data_type() == b.field.data_type()
    };
    let mut kept: Vec<NamedExpression> = Vec::new();
    let mut places: Vec<Option<usize>> = vec![None; written.len()];
    for slot in slots.iter().copied().chain(rel.carried()) {
        let known = kept.iter().position(|known| is_same(known, &written[slot]));
        places[slot] = Some(known.unwrap_or(kept.len()));
        if known.is_none() {
            kept.push(written[slot].clone());
        }
    }
    let place = |slot: usize| places[slot].unwrap_or(slot);
    rel.renumber_carried(place);
    rel.calc.projection = Some(kept);
    slots.into_iter().map(place).collect()
}
