//! What a coordinator knows of the loops' state: what is stored, and what is still to be stored.

use std::collections::BTreeMap;

use super::loop_state::{LoopState, SegmentDraft, up_to};
use super::progress::{sources, times};
use crate::checkpoint::manifest::{Manifest, SourceProgress, TimeProgress};
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
    notes: BTreeMap<u64, Vec<(Participant, PreCommit)>>,
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
                of_epoch.push((sink, pre_commit));
            }
            CheckpointPart::Acknowledged { .. }
            | CheckpointPart::InputEnded { .. }
            | CheckpointPart::Wanted => {}
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
        let cuts: Vec<_> = cuts.into_iter().collect();
        let watermarks: Vec<_> = watermarks.into_iter().collect();
        draft.times = times(&cuts, &watermarks);
        draft.times.retain(|time| time.time_us != WATERMARK_MIN);
        draft.sources = sources(&cuts);
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
