//! The cold rows of all operators of a run, for those who do not own them.

use std::sync::{Arc, OnceLock};

use crate::checkpoint::LoopId;
use crate::checkpoint::coordinator::Draft;
use crate::error::Result;
use crate::fail_point::fail_point;
use crate::key::KeyGroupMap;
#[cfg(feature = "spill")]
use crate::key::hash_bytes;
use crate::state::cold::ColdState;
use crate::state::segment::SnapshotRows;

/// What a loop has written in an epoch, by operator.
pub(crate) type LoopRows = (LoopId, Arc<Vec<(String, SnapshotRows)>>);

/// The cold rows of a run's operators, as those see them who do not own them: sources, and whoever commits.
#[derive(Debug, Default)]
pub(crate) struct ColdStates {
    entries: OnceLock<Vec<ColdEntry>>,
    /// The app and the run, as markers have it.
    run: OnceLock<(String, u64)>,
}

/// One subtask of an operator.
#[derive(Debug)]
pub(super) struct ColdEntry {
    pub(super) loop_id: LoopId,
    pub(super) place: Place,
    pub(super) state: Arc<ColdState>,
}

/// Which rows a tier has.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) operator_id: String,
    pub(super) subtask: usize,
    pub(super) owners: KeyGroupMap,
}

impl Place {
    /// What its tier is called.
    #[cfg(feature = "spill")]
    pub(super) fn name(&self) -> String {
        let operator = hash_bytes(self.operator_id.as_bytes());
        format!("{operator:016x}-{}-{}", self.subtask, self.owners.parallelism())
    }

    pub(super) fn marker(&self, app_id: &str, generation: u64, epoch: u64) -> Vec<u8> {
        let Self {
            operator_id,
            subtask,
            owners,
        } = self;
        let parallelism = owners.parallelism();
        format!("2 {app_id} {generation} {epoch} {subtask}/{parallelism} of {owners} {operator_id}")
            .into_bytes()
    }
}

impl ColdStates {
    /// The app and the run, as manifests have them. A run is started once.
    pub(crate) fn set_run(&self, run: (String, u64)) {
        let _ = self.run.set(run);
    }

    /// All there are. A run is built once.
    pub(super) fn set_entries(&self, entries: Vec<ColdEntry>) {
        let _ = self.entries.set(entries);
    }

    /// Whether so much has to stay in memory that sources have to wait for a checkpoint.
    pub(crate) fn is_pressed(&self) -> bool {
        let entries = self.entries.get();
        entries.is_some_and(|entries| entries.iter().any(|entry| entry.state.is_pressed()))
    }

    /// What the loops of a draft have written.
    pub(crate) fn rows_of(&self, draft: &Draft) -> Vec<LoopRows> {
        if self.entries.get().is_none_or(Vec::is_empty) {
            return Vec::new();
        }
        let segments = draft.segments.iter();
        segments
            .map(|segment| (segment.loop_id, Arc::clone(&segment.operators)))
            .collect()
    }

    /// An epoch is committed: its rows go into the tiers.
    pub(crate) fn apply(&self, epoch: u64, rows: &[LoopRows]) -> Result<()> {
        let (Some(entries), Some((app_id, generation))) = (self.entries.get(), self.run.get()) else {
            return Ok(());
        };
        for entry in entries {
            fail_point("cold.apply", || entry.place.operator_id.clone())?;
            let of_loop = rows.iter().filter(|(loop_id, _)| *loop_id == entry.loop_id);
            let of_operator = of_loop
                .flat_map(|(_, operators)| operators.iter())
                .filter(|(operator_id, _)| *operator_id == entry.place.operator_id);
            let marker = entry.place.marker(app_id, *generation, epoch);
            entry
                .state
                .apply(epoch, &marker, of_operator.flat_map(|(_, rows)| rows.rows()))?;
        }
        Ok(())
    }
}
