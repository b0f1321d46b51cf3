//! Which loops the channels of a plan join.

use super::{Layout, LoopShape};
use crate::checkpoint::LoopId;
use crate::plan::PhysicalPlan;
use crate::runtime::edge::EdgeId;

/// The loops of a plan, and which of them each channel joins. The same on every node, since planning is deterministic.
#[derive(Debug, Clone)]
pub struct Wiring {
    loops: Vec<LoopShape>,
    /// By edge: the first loop of its senders, and of its receivers, and how many of each there are.
    edges: Vec<(Ends, Ends)>,
}

type Ends = Option<(LoopId, usize)>;

impl Wiring {
    pub(crate) fn new(plan: &PhysicalPlan, layout: &Layout, loops: Vec<LoopShape>) -> Self {
        let of_node = |node| {
            let head = layout.head_of(plan, node);
            let first = loops.iter().position(|shape| shape.head == head)?;
            Some((first, layout.width(head)))
        };
        let edges = plan.edges.iter();
        let edges = edges.map(|edge| (of_node(edge.from), of_node(edge.to))).collect();
        Self { loops, edges }
    }

    /// The loops, by their numbers.
    pub fn loops(&self) -> &[LoopShape] {
        &self.loops
    }

    /// The loop that sends over a channel.
    pub fn sender(&self, id: EdgeId) -> Option<LoopId> {
        at(self.edges.get(id.edge)?.0, id.sender)
    }

    /// The loop that a channel leads to.
    pub fn receiver(&self, id: EdgeId) -> Option<LoopId> {
        at(self.edges.get(id.edge)?.1, id.receiver)
    }
}

/// Loops of one head follow each other by subtask.
fn at(ends: Ends, subtask: usize) -> Option<LoopId> {
    let (first, width) = ends?;
    (subtask < width).then_some(first + subtask)
}
