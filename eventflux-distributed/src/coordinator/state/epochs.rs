//! Epochs: begun, given up, committed, delivered.

use super::ClusterState;
use crate::coordinator::{
    AbortEpoch, BeginEpoch, CommitEpoch, Committed, DeliveredNotes, Outcome, Pipeline, PipelineId, Refusal,
};
use crate::sabotage::{Bug, is_broken};

impl ClusterState {
    pub(super) fn begin_epoch(&mut self, begin: &BeginEpoch) -> Outcome {
        let pipeline = match self.running(begin.pipeline, begin.generation) {
            Ok(pipeline) => pipeline,
            Err(refused) => return refused,
        };
        if pipeline.in_flight != 0 {
            let message = format!("epoch {} is in flight", pipeline.in_flight);
            return Outcome::refused(Refusal::Unready, message);
        }
        let last_epoch = match is_broken(Bug::EpochReused) {
            true => pipeline.committed.epoch,
            false => pipeline.last_epoch,
        };
        pipeline.in_flight = match Outcome::number_after(last_epoch) {
            Ok(epoch) => epoch,
            Err(refused) => return refused,
        };
        pipeline.last_epoch = pipeline.last_epoch.max(pipeline.in_flight);
        Outcome::granted(pipeline.in_flight)
    }

    pub(super) fn abort_epoch(&mut self, abort: &AbortEpoch) -> Outcome {
        match self.running(abort.pipeline, abort.generation) {
            Ok(pipeline) if pipeline.in_flight == abort.epoch => {
                pipeline.in_flight = 0;
                Outcome::done()
            }
            Ok(_) => Outcome::refused(Refusal::Stale, format!("epoch {} is not in flight", abort.epoch)),
            Err(refused) => refused,
        }
    }

    /// I2: this is the commit. It counts only in the current generation, and only for the epoch in flight, which is newer
    /// than any before it.
    pub(super) fn commit_epoch(&mut self, commit: &CommitEpoch) -> Outcome {
        let pipeline = match self.committing(commit.pipeline, commit.generation) {
            Ok(pipeline) => pipeline,
            Err(refused) => return refused,
        };
        let is_fenced = !is_broken(Bug::OldGenerationCommits);
        if is_fenced && (pipeline.in_flight != commit.epoch || commit.epoch <= pipeline.committed.epoch) {
            return Outcome::refused(Refusal::Stale, format!("epoch {} is not in flight", commit.epoch));
        }
        let next_sequence = match Outcome::number_after(pipeline.committed.manifest.sequence) {
            Ok(sequence) => sequence,
            Err(refused) => return refused,
        };
        if is_fenced && commit.manifest.sequence != next_sequence {
            let message = format!(
                "the next manifest is {next_sequence}, not {}",
                commit.manifest.sequence
            );
            return Outcome::refused(Refusal::Stale, message);
        }
        pipeline.committed = Committed {
            generation: commit.generation,
            epoch: commit.epoch,
            manifest: commit.manifest.clone(),
        };
        pipeline.in_flight = 0;
        pipeline.is_finished |= commit.is_last;
        Outcome::granted(commit.epoch)
    }

    pub(super) fn delivered(&mut self, delivered: &DeliveredNotes) -> Outcome {
        let pipeline = match self.running(delivered.pipeline, delivered.generation) {
            Ok(pipeline) => pipeline,
            Err(refused) => return refused,
        };
        if delivered.epoch > pipeline.committed.epoch {
            let message = format!("epoch {} is not committed", delivered.epoch);
            return Outcome::refused(Refusal::Invalid, message);
        }
        let up_to = pipeline
            .delivered
            .entry(delivered.operator_id.clone())
            .or_default();
        *up_to = delivered.epoch.max(*up_to);
        Outcome::done()
    }

    fn committing(&mut self, pipeline: PipelineId, generation: u64) -> Result<&mut Pipeline, Outcome> {
        match is_broken(Bug::OldGenerationCommits) {
            true => self.get_mut(pipeline),
            false => self.running(pipeline, generation),
        }
    }
}
