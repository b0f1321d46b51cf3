//! What must hold, whatever happens.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use eventflux_core::checkpoint::manifest::{Manifest, NoteContent};

use super::config::SimulationConfig;
use super::outside::Outside;
use super::store::{GroupState, SimStore};
use super::world::{row, row_sum};
use crate::coordinator::{Asker, Assignment, ClusterState, CommandId, Outcome};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// When, microseconds.
    pub at_us: i64,
    /// What.
    pub message: String,
}

/// Keeps the books of a run, apart from everybody's own.
#[derive(Debug)]
pub(super) struct Ledger {
    /// By split, the sum of its first rows.
    prefixes: Vec<Vec<u64>>,
    split_rows: u64,
    outcomes: HashMap<CommandId, Outcome>,
    last_begun: u64,
    /// By epoch, the generation and the sequence of what is committed.
    committed: BTreeMap<u64, (u64, u64)>,
    /// Notes, by subtask and epoch, that belong to something committed. One of an epoch that was given up belongs to a later.
    notes: BTreeSet<(u32, u64)>,
    /// By split, the next row, as of the last committed epoch.
    positions: Vec<u64>,
    assignments: BTreeMap<u64, Assignment>,
    /// By node and life, the newest generation that it has run.
    run: HashMap<(usize, u64), u64>,
    /// By asker, the largest epoch that had begun when it asked for a checkpoint.
    asked: Vec<u64>,
    pub(super) violations: Vec<Violation>,
    pub(super) now_us: i64,
}

impl Ledger {
    pub(super) fn new(config: &SimulationConfig) -> Self {
        let prefix = |split: usize| {
            let mut sum = 0_u64;
            let mut sums = vec![0];
            for position in 0..config.split_rows {
                sum = sum.wrapping_add(row_sum(row(split, position)));
                sums.push(sum);
            }
            sums
        };
        Self {
            prefixes: (0..config.split_count).map(prefix).collect(),
            split_rows: config.split_rows,
            outcomes: HashMap::new(),
            last_begun: 0,
            committed: BTreeMap::new(),
            notes: BTreeSet::new(),
            positions: vec![0; config.split_count],
            assignments: BTreeMap::new(),
            run: HashMap::new(),
            asked: Vec::new(),
            violations: Vec::new(),
            now_us: 0,
        }
    }

    pub(super) fn violated(&mut self, message: impl Into<String>) {
        self.violations.push(Violation {
            at_us: self.now_us,
            message: message.into(),
        });
    }

    pub(super) fn committed_count(&self) -> usize {
        self.committed.len()
    }

    /// Raft has applied a command.
    pub(super) fn applied(&mut self, id: CommandId, outcome: &Outcome) {
        let known = self.outcomes.entry(id).or_insert_with(|| outcome.clone());
        if known != outcome {
            let message = format!("command {id:?} came to `{known}`, and then to `{outcome}`");
            self.violated(message);
        }
    }

    pub(super) fn generation_begun(&mut self, generation: u64, assignment: &Assignment) {
        if self
            .assignments
            .last_key_value()
            .is_some_and(|(last, _)| *last >= generation)
        {
            self.violated(format!("generation {generation} was begun again"));
        }
        self.assignments.insert(generation, assignment.clone());
    }

    pub(super) fn epoch_begun(&mut self, epoch: u64) {
        if epoch <= self.last_begun {
            self.violated(format!("epoch {epoch} was begun after epoch {}", self.last_begun));
        }
        self.last_begun = epoch.max(self.last_begun);
    }

    /// Somebody asks for a checkpoint.
    pub(super) fn asked(&mut self) -> Asker {
        self.asked.push(self.last_begun);
        self.asked.len() as u64 - 1
    }

    /// Somebody is told that a checkpoint is there.
    pub(super) fn answered(&mut self, asker: Asker, epoch: u64, is_published: bool) {
        if epoch <= self.asked[asker as usize] {
            self.violated(format!(
                "epoch {epoch}, which had begun before, was told to who asked for one"
            ));
        }
        if !is_published {
            self.violated(format!(
                "epoch {epoch} was told to who asked for one, and is not in its place"
            ));
        }
    }

    /// The place of a committed epoch in the row of manifests.
    pub(super) fn sequence(&self, epoch: u64) -> Option<u64> {
        self.committed.get(&epoch).map(|(_, sequence)| *sequence)
    }

    /// An epoch was committed: the state has it.
    pub(super) fn epoch_committed(
        &mut self,
        generation: u64,
        current_generation: u64,
        manifest: Option<&Manifest>,
        store: &SimStore,
    ) {
        let Some(manifest) = manifest else {
            return self.violated("an epoch was committed whose manifest is not stored");
        };
        let epoch = manifest.epoch;
        if generation != current_generation {
            self.violated(format!(
                "epoch {epoch} of generation {generation} was committed in {current_generation}"
            ));
        }
        let last = self.committed.last_key_value().map_or(0, |(last, _)| *last);
        if epoch <= last {
            self.violated(format!("epoch {epoch} was committed after epoch {last}"));
        }
        self.check_content(manifest, last, store);
        self.notes
            .extend(manifest.sinks.iter().map(|note| (note.subtask, note.epoch)));
        self.committed.insert(epoch, (generation, manifest.sequence));
    }

    /// State and notes are those of exactly the rows that were read.
    fn check_content(&mut self, manifest: &Manifest, last: u64, store: &SimStore) {
        let epoch = manifest.epoch;
        let mut positions = vec![None; self.positions.len()];
        for source in &manifest.sources {
            let split: Option<usize> = source.partition.parse().ok();
            let position = source.position.parse::<u64>().ok();
            match split.and_then(|split| positions.get_mut(split)) {
                Some(known) if known.is_none() => *known = position,
                _ => return self.violated(format!("epoch {epoch} has split {} twice", source.partition)),
            }
        }
        let Some(positions) = positions.into_iter().collect::<Option<Vec<u64>>>() else {
            return self.violated(format!("epoch {epoch} does not have the positions of all splits"));
        };
        if positions
            .iter()
            .zip(&self.positions)
            .any(|(now, before)| now < before)
        {
            self.violated(format!(
                "epoch {epoch} has positions that lie before those of epoch {last}"
            ));
        }
        let total = |positions: &[u64]| {
            let mut total = GroupState::default();
            for (prefix, position) in self.prefixes.iter().zip(positions) {
                total.row_count += position;
                total.sum = total.sum.wrapping_add(prefix[*position as usize]);
            }
            total
        };
        let (read, read_before) = (total(&positions), total(&self.positions));
        self.check_state(manifest, read, store);
        let new = GroupState {
            row_count: read.row_count.saturating_sub(read_before.row_count),
            sum: read.sum.wrapping_sub(read_before.sum),
        };
        self.check_notes(manifest, last, new, store);
        self.positions = positions;
    }

    fn check_state(&mut self, manifest: &Manifest, read: GroupState, store: &SimStore) {
        let (epoch, generation) = (manifest.epoch, manifest.generation);
        let mut state: HashMap<u32, GroupState> = HashMap::new();
        let assignment = self.assignments.get(&generation).cloned().unwrap_or_default();
        for segment in &manifest.segments {
            let Some(rows) = store.segment(&segment.name) else {
                return self.violated(format!("{} of epoch {epoch} is not stored", segment.name));
            };
            for (group, rows) in rows.iter() {
                let owner = assignment.owner(*group as usize).unwrap_or_default();
                if segment.subtask != format!("{owner:016x}") {
                    return self.violated(format!(
                        "group {group} has an effect of {} in generation {generation}, and its owner is {owner:016x}",
                        segment.subtask
                    ));
                }
                state.insert(*group, *rows);
            }
        }
        let mut kept = GroupState::default();
        for rows in state.values() {
            kept.row_count += rows.row_count;
            kept.sum = kept.sum.wrapping_add(rows.sum);
        }
        if kept != read {
            self.violated(format!(
                "epoch {epoch} has read {} rows, and its state is of {} rows{}",
                read.row_count,
                kept.row_count,
                if kept.row_count == read.row_count {
                    ", others"
                } else {
                    ""
                },
            ));
        }
    }

    fn check_notes(&mut self, manifest: &Manifest, last: u64, new: GroupState, store: &SimStore) {
        let epoch = manifest.epoch;
        let mut noted = GroupState::default();
        for note in manifest.sinks.iter().filter(|note| note.epoch > last) {
            let NoteContent::Object { name, .. } = &note.content else {
                continue;
            };
            let Some(rows) = store.note(name) else {
                return self.violated(format!("{name} of epoch {epoch} is not stored"));
            };
            for row in rows.iter() {
                noted.row_count += 1;
                noted.sum = noted.sum.wrapping_add(row_sum(*row));
            }
        }
        if noted != new {
            self.violated(format!(
                "{} rows were read for epoch {epoch}, and its sinks have noted {}",
                new.row_count, noted.row_count
            ));
        }
    }

    /// Somebody has put a manifest in the row.
    pub(super) fn published(&mut self, manifest: &Manifest) {
        let committed = self.committed.get(&manifest.epoch);
        if committed != Some(&(manifest.generation, manifest.sequence)) {
            self.violated(format!(
                "the manifest of epoch {} was published, and it is not committed",
                manifest.epoch
            ));
        }
    }

    /// Rows of an epoch have become visible.
    pub(super) fn visible(&mut self, subtask: u32, epoch: u64, rows: &[u64], outside: &Outside) {
        if !rows.is_empty() && !self.notes.contains(&(subtask, epoch)) {
            self.violated(format!(
                "rows of epoch {epoch} are visible, and it is not committed"
            ));
        }
        if let Some(row) = rows.iter().find(|row| outside.count(**row) > 1) {
            self.violated(format!("row {row:x} is visible twice"));
        }
    }

    /// A node runs a generation.
    pub(super) fn runs(&mut self, node: usize, life: u64, generation: u64) {
        let newest = self.run.entry((node, life)).or_default();
        if generation < *newest {
            let newest = *newest;
            self.violated(format!(
                "node {node} has gone back from generation {newest} to {generation}"
            ));
        } else {
            *newest = generation;
        }
    }

    /// The pipeline has come to its end.
    pub(super) fn finished(&mut self, state: &ClusterState, outside: &Outside) {
        let split_count = self.positions.len();
        let missing = (0..split_count)
            .flat_map(|split| (0..self.split_rows).map(move |position| row(split, position)))
            .filter(|row| outside.count(*row) != 1)
            .count();
        if missing > 0 {
            self.violated(format!(
                "the pipeline has ended, and {missing} rows are not visible once"
            ));
        }
        if outside.row_count() as u64 != split_count as u64 * self.split_rows {
            self.violated("rows are visible that nobody has read");
        }
        if state.pipelines().any(|pipeline| !pipeline.is_finished) {
            self.violated("a pipeline has not ended");
        }
    }
}
