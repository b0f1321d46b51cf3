//! What a coordinator knows of the loops' state: what is stored, and what is still to be stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checkpoint::manifest::{Manifest, SourceProgress, TimeProgress};
use crate::checkpoint::{CheckpointPart, LoopId, Participant, SourceCut};
use crate::connector::{CommitNote, PreCommit};
use crate::element::{WATERMARK_MIN, Watermark};
use crate::error::Result;
use crate::state::segment::{SegmentKind, SegmentRef, SnapshotRows};

/// All parts that belong to epochs that are not committed, and the segments of those that are.
///
/// **Invariants** Nothing that a loop handed over is lost: what belongs to an epoch that was given up becomes part of the
/// next one.
#[derive(Debug, Default)]
pub(crate) struct Book {
    loops: BTreeMap<LoopId, LoopState>,
    /// By epoch, and within it by participant.
    cuts: BTreeMap<u64, BTreeMap<Participant, SourceCut>>,
    watermarks: BTreeMap<u64, BTreeMap<Participant, Watermark>>,
    notes: BTreeMap<u64, Vec<(Participant, PreCommit)>>,
}

/// The state of a loop's operators.
#[derive(Debug, Default)]
struct LoopState {
    name: String,
    /// The base, then deltas.
    stored: Vec<SegmentRef>,
    /// By epoch, what is not stored yet.
    pending: BTreeMap<u64, Vec<(String, SnapshotRows)>>,
}

/// What one epoch adds, to be stored.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The epoch.
    pub(crate) epoch: u64,
    /// In the order in which they have to be read.
    pub(crate) segments: Vec<SegmentDraft>,
    /// By sink; oldest first.
    pub(crate) notes: Vec<(String, CommitNote)>,
    /// What has to be durable before anything of the epoch is stored.
    pub(crate) staged: Vec<PreCommit>,
    /// How far the sources had come.
    pub(crate) sources: Vec<SourceProgress>,
    /// How far event time had come.
    pub(crate) times: Vec<TimeProgress>,
    /// What was tried to be put.
    pub(crate) manifest: Option<Manifest>,
}

/// A segment to be.
#[derive(Debug)]
pub(crate) struct SegmentDraft {
    pub(crate) loop_id: LoopId,
    pub(crate) subtask: String,
    pub(crate) epoch: u64,
    pub(crate) kind: SegmentKind,
    pub(crate) operators: Arc<Vec<(String, SnapshotRows)>>,
    /// What the loop has stored already, if it is time to make one base of all of it.
    pub(crate) folded: Vec<SegmentRef>,
}

impl Draft {
    /// Waits until everything that its notes refer to is durable.
    pub(crate) async fn durable(&mut self) -> Result<()> {
        while let Some(staged) = self.staged.last_mut() {
            staged.durable().await?;
            self.staged.pop();
        }
        Ok(())
    }
}

impl Book {
    /// The loops by their names, each with what is stored of it already: a base, then deltas.
    pub(crate) fn new(loops: impl IntoIterator<Item = (String, Vec<SegmentRef>)>) -> Self {
        let state = |(name, stored)| LoopState {
            name,
            stored,
            ..LoopState::default()
        };
        Self {
            loops: loops.into_iter().map(state).enumerate().collect(),
            ..Self::default()
        }
    }

    /// Takes a part.
    pub(crate) fn take(&mut self, part: CheckpointPart) {
        match part {
            CheckpointPart::Operator {
                barrier,
                operator,
                loop_id,
                rows,
                watermark,
            } => {
                if rows.row_count() > 0 {
                    let pending = &mut self.loops.entry(loop_id).or_default().pending;
                    let of_epoch = pending.entry(barrier.epoch).or_default();
                    of_epoch.push((operator.operator_id.clone(), rows));
                }
                self.watermarks
                    .entry(barrier.epoch)
                    .or_default()
                    .insert(operator, watermark);
            }
            CheckpointPart::Source { barrier, source, cut } => {
                self.cuts.entry(barrier.epoch).or_default().insert(source, cut);
            }
            CheckpointPart::Sink {
                barrier,
                sink,
                pre_commit,
            } => {
                let of_epoch = self.notes.entry(barrier.epoch).or_default();
                of_epoch.push((sink, pre_commit));
            }
            CheckpointPart::Acknowledged { .. } | CheckpointPart::InputEnded { .. } => {}
        }
    }

    /// Everything up to an epoch that every loop has acknowledged.
    pub(crate) fn draft(&mut self, epoch: u64) -> Draft {
        let mut draft = Draft {
            epoch,
            ..Draft::default()
        };
        for (loop_id, state) in &mut self.loops {
            state.draft(*loop_id, epoch, &mut draft.segments);
        }
        for (of_epoch, notes) in up_to(&mut self.notes, epoch) {
            let mut notes = notes;
            notes.sort_by(|left, right| left.0.cmp(&right.0));
            for (sink, pre_commit) in notes {
                let note = CommitNote {
                    epoch: of_epoch,
                    subtask: sink.subtask,
                    note: pre_commit.note.clone(),
                };
                draft.notes.push((sink.operator_id, note));
                draft.staged.push(pre_commit);
            }
        }
        let cuts = up_to(&mut self.cuts, epoch).remove(&epoch).unwrap_or_default();
        let watermarks = up_to(&mut self.watermarks, epoch)
            .remove(&epoch)
            .unwrap_or_default();
        draft.times = times(&cuts, watermarks);
        for (source, cut) in cuts {
            draft
                .sources
                .extend(cut.positions.into_iter().map(|position| SourceProgress {
                    operator_id: source.operator_id.clone(),
                    partition: position.partition,
                    position: position.position,
                }));
        }
        draft
    }

    /// A segment of a draft is stored.
    pub(crate) fn stored(&mut self, loop_id: LoopId, segment: SegmentRef) {
        let stored = &mut self.loops.entry(loop_id).or_default().stored;
        if segment.kind == SegmentKind::Base {
            stored.clear();
        }
        stored.push(segment);
    }

    /// All segments that a manifest needs now.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &SegmentRef> {
        self.loops.values().flat_map(|state| &state.stored)
    }
}

impl LoopState {
    fn draft(&mut self, loop_id: LoopId, epoch: u64, segments: &mut Vec<SegmentDraft>) {
        // Of several, only the first can be the base of the others.
        let mut is_first = true;
        for (of_epoch, operators) in up_to(&mut self.pending, epoch) {
            let is_base = is_first && (self.stored.is_empty() || self.is_fold_due());
            is_first = false;
            let (kind, folded) = match is_base {
                true => (SegmentKind::Base, self.stored.clone()),
                false => (SegmentKind::Delta, Vec::new()),
            };
            segments.push(SegmentDraft {
                loop_id,
                subtask: self.name.clone(),
                epoch: of_epoch,
                kind,
                operators: Arc::new(operators),
                folded,
            });
        }
    }

    /// The deltas have come to outweigh the base: reading them all back takes twice as long as it has to.
    fn is_fold_due(&self) -> bool {
        let Some((base, deltas)) = self.stored.split_first() else {
            return false;
        };
        deltas.iter().map(|delta| delta.size_bytes).sum::<u64>() > base.size_bytes
    }
}

/// Takes the entries up to an epoch.
fn up_to<T>(by_epoch: &mut BTreeMap<u64, T>, epoch: u64) -> BTreeMap<u64, T> {
    let later = by_epoch.split_off(&(epoch + 1));
    std::mem::replace(by_epoch, later)
}

/// The times of an epoch: per operator the least watermark of its subtasks, per partition of a source its largest event time.
fn times(
    cuts: &BTreeMap<Participant, SourceCut>,
    watermarks: BTreeMap<Participant, Watermark>,
) -> Vec<TimeProgress> {
    let mut least: BTreeMap<&str, Watermark> = BTreeMap::new();
    let mut times = Vec::new();
    let of_sources = cuts
        .iter()
        .map(|(source, cut)| (source, cut.times.watermark.unwrap_or(WATERMARK_MIN)));
    let of_operators = watermarks
        .iter()
        .map(|(operator, watermark)| (operator, *watermark));
    for (participant, watermark) in of_sources.chain(of_operators) {
        let least = least.entry(&participant.operator_id).or_insert(watermark);
        *least = watermark.min(*least);
    }
    let known = least
        .into_iter()
        .filter(|(_, watermark)| *watermark != WATERMARK_MIN);
    times.extend(known.map(|(operator_id, time_us)| TimeProgress {
        operator_id: operator_id.to_owned(),
        partition: None,
        time_us,
    }));
    for (source, cut) in cuts {
        times.extend(
            cut.times
                .partitions
                .iter()
                .map(|(partition, time_us)| TimeProgress {
                    operator_id: source.operator_id.clone(),
                    partition: Some(partition.clone()),
                    time_us: *time_us,
                }),
        );
    }
    times
}
