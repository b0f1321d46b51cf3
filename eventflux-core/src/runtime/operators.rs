//! The operator of each node between the ends of a plan.

use crate::error::Result;
use crate::operator::{Operator, OperatorContext, OperatorInput, build_operator};
use crate::plan::{Node, PhysicalPlan};

/// Makes the operator of a node.
pub(super) fn make_operator(
    plan: &PhysicalPlan,
    node: &Node,
    context: &OperatorContext,
) -> Result<Box<dyn Operator>> {
    let input = |edge| {
        let (schema, changelog) = plan.rows_of(edge);
        OperatorInput { schema, changelog }
    };
    let inputs: Vec<_> = plan.inputs(node.id).map(input).collect();
    build_operator(&node.spec, &inputs, &node.schema, context.clone())
}
