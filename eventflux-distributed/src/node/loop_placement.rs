//! Which node runs which loop.

use std::collections::BTreeSet;

use eventflux_core::checkpoint::LoopId;
use eventflux_core::key::hash_bytes;
use eventflux_core::runtime::{EdgeId, LoopShape, Wiring};

use crate::coordinator::{Assignment, NodeId};
use crate::transport;

/// The loops of one generation of a pipeline, each with the place of its node in the assignment.
///
/// Loops of an operator that is as wide as the pipeline go where their subtasks are. Those of a narrower one are spread; that of an operator
/// with one subtask goes somewhere that depends on the operator, so that not all of them meet on one node. Loops with streams of a process go
/// to the node that is their home.
#[derive(Debug)]
pub(super) struct LoopPlacement {
    wiring: Wiring,
    places: Vec<usize>,
    names: Vec<String>,
}

impl LoopPlacement {
    pub(super) fn new(wiring: Wiring, assignment: &Assignment, home: NodeId) -> Self {
        let subtasks = assignment.placements.iter().enumerate();
        let of_subtask: Vec<usize> = subtasks
            .flat_map(|(place, placement)| std::iter::repeat_n(place, placement.subtask_count as usize))
            .collect();
        let mut nodes = assignment.placements.iter();
        let home = nodes.position(|placement| placement.node == home);
        let places = wiring.loops().iter().map(|shape| match home {
            Some(home) if shape.is_in_process => home,
            _ => place(shape, &of_subtask),
        });
        let places = places.collect();
        Self {
            wiring,
            places,
            names: assignment
                .placements
                .iter()
                .map(|placement| placement.name.clone())
                .collect(),
        }
    }

    /// The loops of one node.
    pub(super) fn loops_of(&self, place: usize) -> BTreeSet<LoopId> {
        let places = self.places.iter().enumerate();
        let own = places.filter(|(_, of_loop)| **of_loop == place);
        own.map(|(loop_id, _)| loop_id).collect()
    }

    /// The ids of a loop's operators.
    pub(super) fn operators(&self, loop_id: LoopId) -> BTreeSet<String> {
        let shape = self.wiring.loops().get(loop_id);
        shape.map_or_else(BTreeSet::new, |shape| shape.operators.clone())
    }

    fn name(&self, loop_id: Option<LoopId>) -> Option<String> {
        self.names.get(*self.places.get(loop_id?)?).cloned()
    }
}

fn place(shape: &LoopShape, of_subtask: &[usize]) -> usize {
    let total = of_subtask.len();
    let subtask = match shape.width {
        0 | 1 => {
            let first = shape.operators.first().map_or("", String::as_str);
            (hash_bytes(first.as_bytes()) % total.max(1) as u64) as usize
        }
        width => shape.subtask * total / width,
    };
    of_subtask.get(subtask).copied().unwrap_or_default()
}

impl transport::Placement for LoopPlacement {
    fn sender(&self, id: EdgeId) -> Option<String> {
        self.name(self.wiring.sender(id))
    }

    fn receiver(&self, id: EdgeId) -> Option<String> {
        self.name(self.wiring.receiver(id))
    }
}
