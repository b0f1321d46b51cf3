//! How many subtasks each operator has.

use crate::plan::{Exchange, Node, NodeId, OperatorSpec, Parallelism, PhysicalPlan, SourceKind};

/// The number of subtasks per node of a plan.
///
/// Sources have as many as they can use, outputs of this process one. Behind an exchange there are as many as wished for;
/// along forward edges an operator has as many as the one before it, so that rows are redistributed only where a plan says
/// so. The plan and the connectors set limits.
pub(super) fn widths(
    plan: &PhysicalPlan,
    wished: usize,
    limit: impl Fn(NodeId) -> Option<usize>,
) -> Vec<usize> {
    let mut widths: Vec<usize> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let own = match &node.spec {
            OperatorSpec::InProcessSink(_) => 1,
            OperatorSpec::Source(source) => match source.kind {
                SourceKind::Connector { .. } => wished,
                SourceKind::InProcess | SourceKind::Values(_) | SourceKind::DeadLetters => 1,
            },
            _ => behind_inputs(plan, node, wished, &widths),
        };
        let planned = match node.parallelism {
            Parallelism::Any => usize::MAX,
            Parallelism::AtMost(count) => count,
        };
        widths.push(own.min(planned).min(limit(node.id).unwrap_or(usize::MAX)).max(1));
    }
    widths
}

fn behind_inputs(plan: &PhysicalPlan, node: &Node, wished: usize, widths: &[usize]) -> usize {
    if plan
        .inputs(node.id)
        .any(|edge| edge.exchange != Exchange::Forward)
    {
        return wished;
    }
    plan.inputs(node.id)
        .map(|edge| widths[edge.from.0])
        .max()
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::testing::PlanBuilder;

    #[test]
    fn operators_widen_at_exchanges_and_gather_at_outputs() {
        let mut plan = PlanBuilder::new();
        let source = plan.input("s");
        let calc = plan.operator("calc", Parallelism::Any);
        let aggregate = plan.operator("aggregate", Parallelism::Any);
        let total = plan.operator("total", Parallelism::AtMost(1));
        let union = plan.operator("union", Parallelism::Any);
        let out = plan.outlet("out");
        plan.edge(source, calc, 0, Exchange::Forward);
        plan.edge(calc, aggregate, 0, Exchange::Hash(vec![0]));
        plan.edge(aggregate, total, 0, Exchange::Hash(vec![]));
        plan.edge(aggregate, union, 0, Exchange::Forward);
        plan.edge(total, union, 1, Exchange::Forward);
        plan.edge(union, out, 0, Exchange::Forward);
        let plan = plan.build();
        assert_eq!(widths(&plan, 4, |_| None), [1, 1, 4, 1, 4, 1]);
        let limit = |node: NodeId| (node == aggregate).then_some(3);
        assert_eq!(widths(&plan, 4, limit), [1, 1, 3, 1, 3, 1]);
    }
}
