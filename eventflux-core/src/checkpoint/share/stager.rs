//! Stores what the loops of one process hand over.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::{ShareReport, StagedPart};
use crate::checkpoint::coordinator::{LoopState, Mail, SegmentWriter, sources, times, up_to};
use crate::checkpoint::manifest::SinkNote;
use crate::checkpoint::{CheckpointPart, LoopId, Participant, SourceCut};
use crate::connector::{CommitNote, PreCommit};
use crate::element::Watermark;
use crate::error::{ErrorKind, Result};
use crate::fail_point::fail_point;
use crate::runtime::Commander;
use crate::state::store::CheckpointStore;
use crate::time::Clock;

/// Waits between attempts to store grow from the first to the second of these, microseconds.
const RETRY_US: (i64, i64) = (100_000, 5_000_000);

/// Takes the parts of some loops, stores them, and reports what is stored.
///
/// **Invariants** A report comes after everything that it names is stored (I1, I4). A store that is away holds up
/// checkpoints, never the loops.
pub(crate) struct Stager {
    pub(crate) store: Arc<dyn CheckpointStore>,
    pub(crate) writer: SegmentWriter,
    pub(crate) generation: u64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) commander: Arc<Commander>,
    pub(crate) inbox: UnboundedReceiver<Mail>,
    pub(crate) reports: UnboundedSender<ShareReport>,
    pub(crate) loops: BTreeMap<LoopId, LoopState>,
    pub(crate) gathered: Gathered,
}

/// What loops have handed over besides their state, by epoch.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    cuts: BTreeMap<u64, Vec<(Participant, SourceCut)>>,
    watermarks: BTreeMap<u64, Vec<(Participant, Watermark)>>,
    notes: BTreeMap<u64, Vec<(Participant, PreCommit)>>,
}

impl Stager {
    /// Works until the run is aborted, or the loops are gone.
    ///
    /// **Errors** The store is damaged.
    pub(crate) async fn run(mut self) -> Result<()> {
        let commander = Arc::clone(&self.commander);
        loop {
            let mail = tokio::select! {
                biased;
                () = commander.aborted() => return Ok(()),
                mail = self.inbox.recv() => mail,
            };
            match mail {
                Some(Mail::Part(part)) => tokio::select! {
                    biased;
                    () = commander.aborted() => return Ok(()),
                    taken = self.take(part) => taken?,
                },
                Some(Mail::Asked(answer)) => drop(answer),
                None => return Ok(()),
            }
        }
    }

    async fn take(&mut self, part: CheckpointPart) -> Result<()> {
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
                let watermarks = self.gathered.watermarks.entry(barrier.epoch).or_default();
                watermarks.push((operator, watermark));
            }
            CheckpointPart::Source { barrier, source, cut } => {
                let cuts = self.gathered.cuts.entry(barrier.epoch).or_default();
                cuts.push((source, cut));
            }
            CheckpointPart::Sink {
                barrier,
                sink,
                pre_commit,
            } => {
                let notes = self.gathered.notes.entry(barrier.epoch).or_default();
                notes.push((sink, pre_commit));
            }
            CheckpointPart::Acknowledged { barrier, loop_id } => {
                let staged = self.stage(barrier.epoch, loop_id).await?;
                self.report(ShareReport::Staged(staged));
            }
            CheckpointPart::InputEnded { loop_id } => self.report(ShareReport::InputEnded { loop_id }),
            // Nothing wants one: a shared run has no limit of memory.
            CheckpointPart::Wanted => {}
        }
        Ok(())
    }

    fn report(&self, report: ShareReport) {
        // Nobody listens once the run is ending.
        let _ = self.reports.send(report);
    }

    /// Stores what there is up to an epoch. A loop's own parts have come before its acknowledgement; those of other loops
    /// that have come as well are as good with this one's.
    async fn stage(&mut self, epoch: u64, loop_id: LoopId) -> Result<StagedPart> {
        let part = || format!("loop {loop_id} in epoch {epoch}");
        fail_point("share.acknowledged", part)?;
        let (mut taken, mut notes) = (Vec::new(), Vec::new());
        for (of_epoch, pre_commits) in up_to(&mut self.gathered.notes, epoch) {
            for (sink, mut pre_commit) in pre_commits {
                pre_commit.durable().await?;
                let note = CommitNote {
                    epoch: of_epoch,
                    subtask: sink.subtask,
                    note: pre_commit.note,
                };
                taken.push((sink.operator_id, note));
            }
        }
        let (mut drafts, mut segments) = (Vec::new(), Vec::new());
        if let Some(state) = self.loops.get_mut(&loop_id) {
            state.draft(loop_id, epoch, &mut drafts);
        }
        for draft in &drafts {
            let stored = self.patiently(|stager| stager.writer.write(draft)).await?;
            fail_point("share.segment.stored", part)?;
            segments.extend(stored.iter().cloned());
            self.loops.entry(loop_id).or_default().add(stored);
        }
        for (operator_id, note) in &taken {
            let store = |stager: &'_ Self| {
                let (store, generation) = (Arc::clone(&stager.store), stager.generation);
                async move { SinkNote::store(store.as_ref(), generation, operator_id, note).await }
            };
            notes.push(self.patiently(store).await?);
            fail_point("share.note.stored", part)?;
        }
        fail_point("share.part.stored", part)?;
        let cuts = up_to(&mut self.gathered.cuts, epoch).remove(&epoch);
        let watermarks = up_to(&mut self.gathered.watermarks, epoch).remove(&epoch);
        let (cuts, watermarks) = (cuts.unwrap_or_default(), watermarks.unwrap_or_default());
        let new_bytes = segments.iter().map(|segment| segment.size_bytes).sum::<u64>()
            + taken.iter().map(|(_, note)| note.note.len() as u64).sum::<u64>();
        Ok(StagedPart {
            epoch,
            loop_id,
            segments,
            sources: sources(&cuts),
            times: times(&cuts, &watermarks),
            notes,
            new_bytes,
        })
    }

    /// Tries until the store is there.
    async fn patiently<'a, T, F>(&'a self, attempt: impl Fn(&'a Self) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut wait_us = RETRY_US.0;
        loop {
            match attempt(self).await {
                Err(error) if error.kind() == ErrorKind::Environment => {
                    tracing::warn!("the checkpoint cannot be stored, the stream goes on: {error}");
                    self.clock
                        .reached(self.clock.now_us().saturating_add(wait_us))
                        .await;
                    wait_us = (wait_us * 2).min(RETRY_US.1);
                }
                other => return other,
            }
        }
    }
}
