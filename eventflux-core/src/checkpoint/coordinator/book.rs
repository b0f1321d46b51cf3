//! What a coordinator knows of the loops' state: what is stored, and what is still to be stored.

use std::collections::BTreeMap;

use super::loop_state::{DraftNote, LoopState, SegmentDraft, up_to};
use crate::checkpoint::manifest::{Manifest, SinkNote, SourceProgress, TimeProgress};
use crate::checkpoint::share::StagedPart;
use crate::checkpoint::{CheckpointPart, LoopId, Participant, SourceCut};
use crate::connector::{CommitNote, PreCommit};
use crate::element::{WATERMARK_MIN, Watermark};
use crate::error::Result;
use crate::state::segment::SegmentRef;

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
    notes: BTreeMap<u64, Vec<(Participant, TakenNote)>>,
}

/// A note of a sink.
#[derive(Debug)]
enum TakenNote {
    /// From a sink of this process.
    Own(PreCommit),
    /// Another process has stored it.
    Stored(SinkNote),
}

/// What one epoch adds, to be stored.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The epoch.
    pub(crate) epoch: u64,
    /// In the order in which they have to be read.
    pub(crate) segments: Vec<SegmentDraft>,
    /// By sink; oldest first.
    pub(crate) notes: Vec<DraftNote>,
    /// What has to be durable before anything of the epoch is stored.
    pub(crate) staged: Vec<PreCommit>,
    /// How far the sources had come.
    pub(crate) sources: Vec<SourceProgress>,
    /// How far event time had come.
    pub(crate) times: Vec<TimeProgress>,
    /// What was tried to be put.
    pub(crate) manifest: Option<Manifest>,
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
        let state = |(name, stored)| LoopState::new(name, stored);
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
                let state = self.loops.entry(loop_id).or_default();
                state.take(barrier.epoch, &operator.operator_id, rows);
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
                of_epoch.push((sink, TakenNote::Own(pre_commit)));
            }
            CheckpointPart::Acknowledged { .. }
            | CheckpointPart::InputEnded { .. }
            | CheckpointPart::Wanted => {}
        }
    }

    /// Takes what another process has stored of a loop of its own.
    pub(crate) fn take_staged(&mut self, staged: StagedPart) {
        let epoch = staged.barrier.epoch;
        self.loops
            .entry(staged.loop_id)
            .or_default()
            .replace(staged.segments);
        self.cuts.entry(epoch).or_default().extend(staged.cuts);
        self.watermarks
            .entry(epoch)
            .or_default()
            .extend(staged.watermarks);
        for note in staged.notes {
            let sink = Participant {
                operator_id: note.operator_id.clone(),
                subtask: note.subtask as usize,
            };
            let of_epoch = self.notes.entry(note.epoch).or_default();
            of_epoch.push((sink, TakenNote::Stored(note)));
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
        for (of_epoch, mut notes) in up_to(&mut self.notes, epoch) {
            notes.sort_by(|left, right| left.0.cmp(&right.0));
            for (sink, note) in notes {
                match note {
                    TakenNote::Own(pre_commit) => {
                        let note = CommitNote {
                            epoch: of_epoch,
                            subtask: sink.subtask,
                            note: pre_commit.note.clone(),
                        };
                        draft.notes.push(DraftNote::New(sink.operator_id, note));
                        draft.staged.push(pre_commit);
                    }
                    TakenNote::Stored(note) => draft.notes.push(DraftNote::Stored(note)),
                }
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

    /// What a segment of a draft came to is stored: a base, of which there may be several pieces, or a delta.
    pub(crate) fn stored(&mut self, loop_id: LoopId, segments: Vec<SegmentRef>) {
        self.loops.entry(loop_id).or_default().add(segments);
    }

    /// All segments that a manifest needs now.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &SegmentRef> {
        self.loops.values().flat_map(LoopState::stored)
    }
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
