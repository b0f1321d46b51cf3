//! What each operator gets of a limited memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::cold_states::{ColdEntry, ColdStates, Place};
use super::tiers::Tiers;
use crate::checkpoint::LoopId;
use crate::checkpoint::restore::Restored;
use crate::error::Result;
use crate::operator::{OperatorContext, Residence};
use crate::plan::{Node, NodeId, PhysicalPlan};
use crate::runtime::config::RuntimeConfig;
use crate::runtime::graph::Layout;
use crate::state::cold::{ColdState, Keeping};

/// Rows of a checkpoint that are sorted at a time when a tier is filled from it.
const FILL_SHARE: u64 = 16;

/// Gives operators their cold rows while a run is built.
pub(crate) struct Memory {
    states: Arc<ColdStates>,
    entries: Mutex<Vec<ColdEntry>>,
    tiers: Tiers,
    keeping: Keeping,
    hot_bytes: usize,
    fill_bytes: usize,
    residences: HashMap<NodeId, Residence>,
}

impl Memory {
    /// Shares a run's memory out, if it is limited.
    pub(crate) fn new(
        plan: &PhysicalPlan,
        layout: &Layout,
        config: &RuntimeConfig,
        states: &Arc<ColdStates>,
    ) -> Result<Option<Self>> {
        let Some(limit) = &config.memory else {
            return Ok(None);
        };
        let residences = plan.nodes.iter().map(|node| (node.id, Residence::of(plan, node)));
        let residences = residences.collect::<HashMap<_, _>>();
        let is_cold = |node: &&Node| residences.get(&node.id).copied().and_then(prefix_bytes).is_some();
        let cold = plan.nodes.iter().filter(is_cold);
        let subtask_count = cold.map(|node| layout.width(node.id)).sum::<usize>();
        let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let state_bytes = limit.state_bytes.unwrap_or(limit.bytes / 2);
        Ok(Some(Self {
            states: Arc::clone(states),
            entries: Mutex::default(),
            tiers: Tiers::open(limit, config.checkpoints.is_some())?,
            keeping: match config.checkpoints {
                Some(_) => Keeping::Committed,
                None => Keeping::Aside,
            },
            hot_bytes: bytes(state_bytes) / subtask_count.max(1),
            fill_bytes: bytes(limit.bytes / FILL_SHARE),
            residences,
        }))
    }

    /// The cold rows of a subtask of an operator: those of the checkpoint that the run goes on from.
    pub(crate) fn operator(
        &self,
        node: &Node,
        context: &OperatorContext,
        loop_id: LoopId,
        restored: Option<&Restored>,
    ) -> Result<Option<Arc<ColdState>>> {
        let residence = self.residences.get(&node.id).copied();
        let Some(prefix_bytes) = residence.and_then(prefix_bytes) else {
            return Ok(None);
        };
        let place = Place {
            operator_id: node.operator_id.clone(),
            subtask: context.subtask,
            owners: context.owners.clone(),
        };
        let owned = context.owners.owned_by(context.subtask);
        let rows = restored.and_then(|restored| Some((restored, restored.rows(&node.operator_id, &owned)?)));
        let marker = rows.as_ref().map(|(restored, _)| {
            let manifest = restored.manifest();
            place.marker(&manifest.app_id, manifest.generation, manifest.epoch)
        });
        let (tier, is_found) = self.tiers.tier(&place, marker.as_deref())?;
        let mut state = ColdState::new(tier, self.keeping, prefix_bytes, self.hot_bytes);
        if let Some(Residence::Timed(timing)) = residence {
            state = state.with_times(timing.stored_times());
        }
        let state = Arc::new(state);
        match (rows, marker) {
            (Some(_), Some(_)) if is_found => state.reuse(),
            (Some((_, mut rows)), Some(marker)) => state.fill(&mut rows, &marker, self.fill_bytes)?,
            _ => {}
        }
        let entry = ColdEntry {
            loop_id,
            place,
            state: Arc::clone(&state),
        };
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry);
        Ok(Some(state))
    }

    /// All operators are built.
    pub(crate) fn finish(self) -> Result<()> {
        let entries = self.entries.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.tiers.retain(&entries)?;
        self.states.set_entries(entries);
        Ok(())
    }
}

/// Bytes in front of the keys of rows that may be cold.
fn prefix_bytes(residence: Residence) -> Option<usize> {
    match residence {
        Residence::Cold { prefix_bytes } => Some(prefix_bytes),
        Residence::Timed(_) => Some(0),
        Residence::Small | Residence::Memory(_) => None,
    }
}
