//! A worker's part of one generation of a pipeline.

use std::collections::{BTreeMap, BTreeSet};

use crate::coordinator::{Failure, PartContent, PipelineId, PipelineStatus, RunPhase};
use crate::sabotage::{Bug, is_broken};

/// ```text
///            Prepare            Prepared          Run
///  (nothing) ───────► Preparing ───────► Prepared ───► Running
///                        └────────────────┴───────────────┴──► torn down: Stop, a newer generation, dismissed
/// ```
///
/// **Invariants** (I4) An epoch is acknowledged for a loop only when everything that the loop froze for it, and for the epochs
/// given up before it, is stored. What was stored for an epoch that was given up is part of the next acknowledgement.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) generation: u64,
    pub(super) phase: RunPhase,
    loop_count: u32,
    reading: BTreeSet<u32>,
    sinks: Vec<String>,
    pub(super) committed: u64,
    pub(super) delivered: u64,
    /// The epoch whose barriers are on their way.
    pub(super) current: Option<u64>,
    loops: BTreeMap<u32, LoopRun>,
    /// Why it cannot go on, told to every leader until it is torn down.
    pub(super) failure: Option<Failure>,
}

#[derive(Debug, Default)]
struct LoopRun {
    frozen: BTreeSet<u64>,
    /// By epoch after the committed one, what is stored.
    stored: BTreeMap<u64, PartContent>,
}

impl Run {
    pub(super) fn new(generation: u64, restored_epoch: u64) -> Self {
        Self {
            generation,
            phase: RunPhase::Preparing,
            loop_count: 0,
            reading: BTreeSet::new(),
            sinks: Vec::new(),
            committed: 0,
            // Restoring repeats the commits of everything before.
            delivered: restored_epoch,
            current: None,
            loops: BTreeMap::new(),
            failure: None,
        }
    }

    pub(super) fn prepared(&mut self, loop_count: u32, reading: Vec<u32>, sinks: Vec<String>) {
        self.phase = RunPhase::Prepared;
        self.loop_count = loop_count;
        self.reading = reading.into_iter().collect();
        self.sinks = sinks;
    }

    pub(super) fn input_ended(&mut self, loop_id: u32) {
        self.reading.remove(&loop_id);
    }

    pub(super) fn frozen(&mut self, loop_id: u32, epoch: u64) {
        self.loops.entry(loop_id).or_default().frozen.insert(epoch);
    }

    pub(super) fn stored(&mut self, loop_id: u32, epoch: u64, content: PartContent) {
        let state = self.loops.entry(loop_id).or_default();
        state.frozen.remove(&epoch);
        if epoch > self.committed {
            state.stored.insert(epoch, content);
        }
    }

    pub(super) fn committed(&mut self, epoch: u64) {
        self.committed = epoch.max(self.committed);
        if self.current.is_some_and(|current| current <= epoch) {
            self.current = None;
        }
        for state in self.loops.values_mut() {
            state.stored = state.stored.split_off(&(epoch + 1));
        }
    }

    /// What a loop has to say of an epoch, if it has everything.
    pub(super) fn part(&self, loop_id: u32, epoch: u64) -> Option<PartContent> {
        let state = self.loops.get(&loop_id)?;
        let is_on_its_way = state.frozen.range(..=epoch).next().is_some();
        if is_on_its_way {
            return None;
        }
        let mut part = state.stored.get(&epoch)?.clone();
        if !is_broken(Bug::AbortedRowsDropped) {
            let earlier = || state.stored.range(..epoch).map(|(_, content)| content);
            let mut segments: Vec<_> = earlier().flat_map(|content| content.segments.clone()).collect();
            segments.append(&mut part.segments);
            part.segments = segments;
            let mut notes: Vec<_> = earlier().flat_map(|content| content.notes.clone()).collect();
            notes.append(&mut part.notes);
            part.notes = notes;
        }
        Some(part)
    }

    /// The loops that have stored something for an epoch.
    pub(super) fn loops(&self) -> Vec<u32> {
        self.loops.keys().copied().collect()
    }

    pub(super) fn status(&self, pipeline: PipelineId) -> PipelineStatus {
        PipelineStatus {
            pipeline,
            generation: self.generation,
            phase: self.phase.into(),
            loop_count: self.loop_count,
            reading: self.reading.iter().copied().collect(),
            sinks: self.sinks.clone(),
            committed: self.committed,
            delivered: self.delivered,
        }
    }
}
