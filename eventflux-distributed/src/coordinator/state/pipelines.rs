//! Changes of pipelines and their generations.

use super::ClusterState;
use crate::coordinator::{
    BeginGeneration, Desired, FailPipeline, HaltPipeline, Outcome, Pipeline, PipelineId, PipelineSpec,
    Refusal, SetDesired, SetSources, Standing,
};

/// As many key groups as the engine can have.
const KEY_GROUPS_MAX: u32 = 32_768;

/// More copies of an operator than this are a mistake.
const PARALLELISM_MAX: u32 = 16_384;

/// No state has come so far, and whatever counts on from it has room.
const ORIGIN_MAX: u64 = 1 << 62;

impl ClusterState {
    pub(super) fn submit(&mut self, spec: &PipelineSpec) -> Outcome {
        let invalid = |message: &str| Outcome::refused(Refusal::Invalid, message);
        if spec.name.is_empty() {
            return invalid("a pipeline needs a name");
        }
        if !(1..=KEY_GROUPS_MAX).contains(&spec.key_groups) {
            return invalid("a pipeline has 1 to 32768 key groups");
        }
        if !(1..=PARALLELISM_MAX).contains(&spec.parallelism) || spec.parallelism > spec.key_groups {
            return invalid(
                "a pipeline's parallelism is at least 1, and not more than 16384 or its key groups",
            );
        }
        if self.pipeline_named(&spec.name).is_some() {
            let message = format!("there is a pipeline `{}` already", spec.name);
            return Outcome::refused(Refusal::Taken, message);
        }
        let origin = spec.origin.clone();
        if [origin.generation, origin.epoch, origin.manifest.sequence]
            .iter()
            .any(|number| *number > ORIGIN_MAX)
        {
            return invalid("a pipeline cannot go on from a checkpoint of that number");
        }
        let id = match Outcome::number_after(self.last_pipeline) {
            Ok(id) => id,
            Err(refused) => return refused,
        };
        self.last_pipeline = id;
        let pipeline = Pipeline {
            id,
            spec: spec.clone(),
            generation: origin.generation.max(spec.generation_floor),
            last_epoch: origin.epoch.max(spec.epoch_floor),
            committed: origin,
            ..Pipeline::default()
        };
        self.pipelines.insert(id, pipeline);
        Outcome::granted(id)
    }

    pub(super) fn set_desired(&mut self, set: &SetDesired) -> Outcome {
        let Ok(desired) = Desired::try_from(set.desired) else {
            return Outcome::refused(Refusal::Invalid, "what is wanted of the pipeline is not known");
        };
        let pipeline = match self.get_mut(set.pipeline) {
            Ok(pipeline) => pipeline,
            Err(refused) => return refused,
        };
        if pipeline.desired() == Desired::Removed && desired != Desired::Removed {
            return Outcome::refused(Refusal::Unready, "the pipeline is being removed");
        }
        pipeline.set_desired(desired);
        Outcome::done()
    }

    /// Lets a pipeline run that had failed.
    pub(super) fn restart(&mut self, pipeline: PipelineId) -> Outcome {
        let pipeline = match self.get_mut(pipeline) {
            Ok(pipeline) => pipeline,
            Err(refused) => return refused,
        };
        if pipeline.desired() == Desired::Removed {
            return Outcome::refused(Refusal::Unready, "the pipeline is being removed");
        }
        pipeline.failure.clear();
        pipeline.set_desired(Desired::Running);
        Outcome::done()
    }

    pub(super) fn forget(&mut self, pipeline: PipelineId) -> Outcome {
        match self.get_mut(pipeline) {
            Ok(found) if found.desired() != Desired::Removed || found.assignment.is_some() => {
                Outcome::refused(Refusal::Unready, "the pipeline is not at rest")
            }
            Ok(_) => {
                self.pipelines.remove(&pipeline);
                Outcome::done()
            }
            Err(refused) => refused,
        }
    }

    pub(super) fn set_sources(&mut self, set: &SetSources) -> Outcome {
        match self.get_mut(set.pipeline) {
            Ok(pipeline) => {
                pipeline.spec.sources.clone_from(&set.sources);
                Outcome::done()
            }
            Err(refused) => refused,
        }
    }

    pub(super) fn begin_generation(&mut self, begin: &BeginGeneration) -> Outcome {
        for placement in &begin.assignment.placements {
            let member = self.members.get(&placement.node);
            let is_up = member.is_some_and(|member| {
                member.incarnation == placement.incarnation && member.standing() != Standing::Down
            });
            if !is_up {
                let message = format!("node {:016x} is not up in that incarnation", placement.node);
                return Outcome::refused(Refusal::Stale, message);
            }
        }
        let pipeline = match self.get_mut(begin.pipeline) {
            Ok(pipeline) => pipeline,
            Err(refused) => return refused,
        };
        if pipeline.generation != begin.after {
            let message = format!("generation {} was begun meanwhile", pipeline.generation);
            return Outcome::refused(Refusal::Stale, message);
        }
        if !pipeline.is_wanted() && pipeline.assignment.is_none() {
            return Outcome::refused(Refusal::Unready, "the pipeline is not to run");
        }
        if let Some(fault) = begin.assignment.fault(pipeline.spec.key_groups) {
            return Outcome::refused(Refusal::Invalid, fault);
        }
        pipeline.generation = match Outcome::number_after(pipeline.generation) {
            Ok(generation) => generation,
            Err(refused) => return refused,
        };
        pipeline.last_assignment = Some(begin.assignment.clone());
        pipeline.assignment = Some(begin.assignment.clone());
        pipeline.in_flight = 0;
        pipeline.restored = pipeline.committed.clone();
        Outcome::granted(pipeline.generation)
    }

    pub(super) fn halt(&mut self, halt: &HaltPipeline) -> Outcome {
        match self.running(halt.pipeline, halt.generation) {
            Ok(pipeline) => {
                pipeline.assignment = None;
                pipeline.in_flight = 0;
                Outcome::done()
            }
            Err(refused) => refused,
        }
    }

    pub(super) fn fail(&mut self, fail: &FailPipeline) -> Outcome {
        match self.running(fail.pipeline, fail.generation) {
            Ok(pipeline) => {
                pipeline.failure = match fail.message.is_empty() {
                    true => "it failed".to_owned(),
                    false => fail.message.clone(),
                };
                pipeline.assignment = None;
                pipeline.in_flight = 0;
                Outcome::done()
            }
            Err(refused) => refused,
        }
    }

    pub(super) fn get_mut(&mut self, pipeline: PipelineId) -> Result<&mut Pipeline, Outcome> {
        let unknown = || Outcome::refused(Refusal::Unknown, format!("there is no pipeline {pipeline}"));
        self.pipelines.get_mut(&pipeline).ok_or_else(unknown)
    }

    /// A pipeline that runs in this generation.
    pub(super) fn running(
        &mut self,
        pipeline: PipelineId,
        generation: u64,
    ) -> Result<&mut Pipeline, Outcome> {
        let pipeline = self.get_mut(pipeline)?;
        if pipeline.assignment.is_none() || pipeline.generation != generation {
            let message = format!(
                "generation {generation} is over; the last one is {}",
                pipeline.generation
            );
            return Err(Outcome::refused(Refusal::Stale, message));
        }
        Ok(pipeline)
    }
}
