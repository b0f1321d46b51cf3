//! What `SET state_ttl` makes of a graph: operators that keep something for every key forget what is written no more.

use std::collections::BTreeSet;

use eventflux_core::plan::{
    NodeId, OperatorSpec, Parallelism, PhysicalPlan, Port, SourceKind, StateTtl, WindowSpec,
};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};

/// Has the operators of a plan that keep something for every key forget it when it was not written for so long.
///
/// **Errors** Rows of one of them have no event time, by which it could be told, or come from subtasks that are not in step.
pub(super) fn with_state_ttl(mut plan: PhysicalPlan, ttl_us: i64) -> Result<PhysicalPlan, Diagnostics> {
    let keeping = plan.nodes.iter().filter(|node| keeps_every_key(&node.spec));
    let keeping: Vec<NodeId> = keeping.map(|node| node.id).collect();
    let mut diagnostics = Diagnostics::new();
    let mut forgetting = Vec::new();
    for id in keeping {
        let origins = Origins::of(&plan, id);
        if let Some(parallel) = parallel_before(&plan, id) {
            diagnostics.push(out_of_order(&plan, id, parallel));
        }
        match origins.timeless {
            Some(timeless) => diagnostics.push(no_event_time(&plan, id, timeless)),
            // Rows that the text gives come to an end.
            None if !origins.has_timed => {}
            None => forgetting.push(id),
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    for id in forgetting {
        let ttl = StateTtl {
            ttl_us,
            repeats_results: is_kept_behind(&plan, id),
        };
        if let OperatorSpec::GroupAggregate(spec) = &mut plan.nodes[id.0].spec {
            spec.state_ttl = Some(ttl);
        }
    }
    Ok(plan)
}

/// Whether an operator has state that nothing else ever drops.
fn keeps_every_key(spec: &OperatorSpec) -> bool {
    matches!(spec, OperatorSpec::GroupAggregate(_))
}

/// A keyed operator somewhere before another one. Its subtasks are not in step, so rows of a key of what is behind it come in no fixed
/// order, and whether one begins anew would differ from run to run.
fn parallel_before(plan: &PhysicalPlan, id: NodeId) -> Option<NodeId> {
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<NodeId> = plan.inputs(id).map(|edge| edge.from).collect();
    while let Some(id) = waiting.pop() {
        let node = plan.node(id);
        if is_keyed(&node.spec) && node.parallelism != Parallelism::AtMost(1) {
            return Some(id);
        }
        if seen.insert(id) {
            waiting.extend(plan.inputs(id).map(|edge| edge.from));
        }
    }
    None
}

/// Whether an operator has its rows divided among its subtasks by a key.
fn is_keyed(spec: &OperatorSpec) -> bool {
    match spec {
        OperatorSpec::GroupAggregate(_) | OperatorSpec::WindowAggregate(_) => true,
        OperatorSpec::WindowAssign(assign) => matches!(assign.window, WindowSpec::Session { .. }),
        _ => false,
    }
}

/// Where the rows of an operator get their event time.
#[derive(Default)]
struct Origins {
    has_timed: bool,
    /// A source whose rows have none.
    timeless: Option<NodeId>,
}

impl Origins {
    fn of(plan: &PhysicalPlan, id: NodeId) -> Self {
        let mut origins = Self::default();
        let mut given = None;
        let mut seen = BTreeSet::new();
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            match &plan.node(id).spec {
                // Whatever the time of the rows was before.
                OperatorSpec::EventTime(_) => origins.has_timed = true,
                OperatorSpec::Source(source) if source.event_time.is_some() => origins.has_timed = true,
                OperatorSpec::Source(source) => match &source.kind {
                    SourceKind::Values(rows) if rows.num_rows() == 0 => {}
                    SourceKind::Values(_) => given = Some(id),
                    _ => origins.timeless = origins.timeless.max(Some(id)),
                },
                _ => waiting.extend(plan.inputs(id).map(|edge| edge.from)),
            }
        }
        // Rows that the text gives have the time of the start: beside others they would be from the future.
        if origins.has_timed {
            origins.timeless = origins.timeless.or(given);
        }
        origins
    }
}

/// Whether the rows of an operator go to another one that forgets, as changes.
fn is_kept_behind(plan: &PhysicalPlan, id: NodeId) -> bool {
    let mut waiting = vec![id];
    while let Some(id) = waiting.pop() {
        for edge in plan.outputs(id).filter(|edge| edge.port == Port::Main) {
            match &plan.node(edge.to).spec {
                spec if keeps_every_key(spec) => return true,
                OperatorSpec::Calc(_) | OperatorSpec::Union | OperatorSpec::Expand(_) => {
                    waiting.push(edge.to);
                }
                _ => {}
            }
        }
    }
    false
}

fn out_of_order(plan: &PhysicalPlan, id: NodeId, parallel: NodeId) -> Diagnostic {
    let (node, from) = (plan.node(id), plan.node(parallel));
    let span = node
        .span
        .map_or(Span::default(), |span| Span::new(span.start, span.end));
    let message = format!(
        "`state_ttl` is not supported yet for the {}, which takes rows of the {}: they come in no fixed order",
        node.name, from.name
    );
    Diagnostic::error(Code::NotSupportedYet, span, message)
        .with_help("aggregate once, or over a window; `SET state_ttl = 'none'` keeps all state")
}

fn no_event_time(plan: &PhysicalPlan, id: NodeId, timeless: NodeId) -> Diagnostic {
    let node = plan.node(id);
    let from = match &plan.node(timeless).spec {
        OperatorSpec::Source(source) => match &source.kind {
            SourceKind::Values(_) => "VALUES".to_owned(),
            _ => format!("`{}`", source.stream),
        },
        _ => plan.node(timeless).name.clone(),
    };
    let span = node
        .span
        .map_or(Span::default(), |span| Span::new(span.start, span.end));
    let message = format!(
        "`state_ttl` is counted in event time, and rows of {from}, which the {} takes, have none",
        node.name
    );
    Diagnostic::error(Code::NoEventTime, span, message).with_help(
        "declare a TIMESTAMP column and `WATERMARK FOR` it with the stream; `SET state_ttl = 'none'` keeps all state",
    )
}
