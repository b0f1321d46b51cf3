//! The steps of a run: restore, run, and one epoch after the other.

use eventflux_core::checkpoint::manifest::Manifest;

use super::asked::Asked;
use super::manifest::compose;
use super::run::{Run, RunFailure, Stage};
use super::{Action, Overseer, ProposalKey, PublishFailure};
use crate::coordinator::{
    AbortEpoch, BeginEpoch, Change, ClusterState, CommitEpoch, DeliveredNotes, Desired, LoopPart,
    ManifestRef, NodeId, Outcome, Pipeline, PipelineId, PipelineOrder, PipelineStatus, Prepare, RunPhase,
};

/// Barriers that take longer are given up if the pipeline does not say otherwise, microseconds.
const TIMEOUT_US: i64 = 600_000_000;

/// A generation's first epoch begins so soon after it runs, microseconds.
const FIRST_EPOCH_US: i64 = 250_000;

impl Overseer {
    /// Goes on with the generation that runs.
    pub(super) fn follow_run(&mut self, now_us: i64, pipeline: &Pipeline, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.get_mut(&pipeline.id) else {
            return;
        };
        if pipeline.desired() != Desired::Stopped {
            // Whoever had asked for a stop wants none any more.
            run.stop_asked_us = None;
            run.is_stop_taken = false;
        }
        match &mut run.stage {
            Stage::Publishing { is_asked, retry_us } => {
                if !*is_asked && now_us >= *retry_us {
                    *is_asked = true;
                    actions.push(Action::Publish {
                        pipeline: pipeline.id,
                        committed: pipeline.committed.clone(),
                    });
                }
            }
            Stage::Preparing => {
                if run.are_all(RunPhase::Prepared) {
                    let (name, generation) = (&pipeline.spec.name, run.generation);
                    tracing::info!(pipeline = name, generation, "all nodes are prepared");
                    run.stage = Stage::Idle;
                    run.begun_us = now_us;
                    self.send_all(pipeline, &PipelineOrder::Run(()), actions);
                    self.follow_idle(now_us, pipeline, actions);
                }
            }
            Stage::Idle => self.follow_idle(now_us, pipeline, actions),
            Stage::Aligning { epoch, .. } => {
                let epoch = *epoch;
                if run.is_acknowledged() {
                    self.stage(now_us, pipeline, actions);
                } else if now_us >= run.begun_us.saturating_add(timeout_us(pipeline)) {
                    self.give_up(pipeline, epoch, actions);
                }
            }
            Stage::Committing { epoch } | Stage::GivingUp { epoch } => {
                let epoch = *epoch;
                self.resolve(now_us, pipeline, epoch, actions);
            }
            Stage::Beginning { .. } | Stage::Staging { .. } => {}
        }
        self.follow_deliveries(pipeline, actions);
    }

    /// All loops have acknowledged: the manifest is stored, so that it can be proposed.
    fn stage(&mut self, now_us: i64, pipeline: &Pipeline, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.get_mut(&pipeline.id) else {
            return;
        };
        let Stage::Aligning {
            epoch,
            is_last,
            parts,
        } = &mut run.stage
        else {
            return;
        };
        let (epoch, is_last, parts) = (*epoch, *is_last, std::mem::take(parts));
        let before = run
            .published
            .as_deref()
            .filter(|before| before.generation == run.generation);
        match compose(pipeline, epoch, before, &parts, now_us) {
            Ok(manifest) => {
                let name = &pipeline.spec.name;
                tracing::debug!(pipeline = name, epoch, "all loops have acknowledged");
                run.stage = Stage::Staging { epoch, is_last };
                actions.push(Action::Stage {
                    pipeline: pipeline.id,
                    manifest: Box::new(manifest),
                });
            }
            Err(message) => {
                run.failure = Some(RunFailure {
                    message: format!("its plan is not described: {message}"),
                    is_final: true,
                });
            }
        }
    }

    /// The agreed state says what has become of an epoch that was to be committed or given up; no answer does.
    fn resolve(&mut self, now_us: i64, pipeline: &Pipeline, epoch: u64, actions: &mut Vec<Action>) {
        if self.pending.contains(&ProposalKey::Epoch(pipeline.id)) {
            return;
        }
        let not_before_us = now_us.saturating_add(self.config.pause_min_us);
        let Some(run) = self.runs.get_mut(&pipeline.id) else {
            return;
        };
        if pipeline.committed.epoch >= epoch {
            tracing::debug!(pipeline = pipeline.spec.name, epoch, "the epoch is committed");
            run.stage = Stage::Publishing {
                is_asked: false,
                retry_us: now_us,
            };
            self.follow_run(now_us, pipeline, actions);
        } else if pipeline.in_flight == epoch {
            // A commit that is still on its way meets an epoch that is in flight no more, or comes first and counts.
            self.give_up(pipeline, epoch, actions);
        } else {
            run.stage = Stage::Idle;
            run.not_before_us = not_before_us;
            self.give_up_asked(pipeline.id);
            self.send_all(pipeline, &PipelineOrder::GiveUp(epoch), actions);
        }
    }

    fn follow_idle(&mut self, now_us: i64, pipeline: &Pipeline, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.get_mut(&pipeline.id) else {
            return;
        };
        // Begun by the leader before, or by this one and not known to be: not gone on with.
        if pipeline.in_flight != 0 {
            let epoch = pipeline.in_flight;
            return self.give_up(pipeline, epoch, actions);
        }
        if pipeline.is_finished {
            if run.is_delivered(pipeline) && run.are_all(RunPhase::Running) {
                self.send_all(pipeline, &PipelineOrder::LetGo(()), actions);
                self.halt(pipeline, actions);
            }
            return;
        }
        if pipeline.desired() == Desired::Stopped {
            if run.is_stop_taken {
                // Its last epoch is visible, so nothing is left to do for whoever starts it again.
                if run.is_delivered(pipeline) {
                    self.halt(pipeline, actions);
                }
                return;
            }
            run.stop_asked_us.get_or_insert(now_us);
        }
        let is_due = self.epoch_due_us(pipeline).is_some_and(|due_us| now_us >= due_us);
        let Some(run) = self.runs.get_mut(&pipeline.id) else {
            return;
        };
        let are_all_running = run.are_all(RunPhase::Running);
        if are_all_running && !std::mem::replace(&mut run.has_run, true) {
            let (name, generation) = (&pipeline.spec.name, run.generation);
            tracing::info!(pipeline = name, generation, "all nodes run");
        }
        if is_due && are_all_running {
            let is_last = run.has_ended();
            run.stage = Stage::Beginning { is_last };
            run.begun_us = now_us;
            let change = Change::BeginEpoch(BeginEpoch {
                pipeline: pipeline.id,
                generation: run.generation,
            });
            if let Some(asked) = self.asked.get_mut(&pipeline.id) {
                asked.begin();
            }
            self.propose(ProposalKey::Epoch(pipeline.id), change, actions);
        }
    }

    fn give_up_asked(&mut self, pipeline: PipelineId) {
        if let Some(asked) = self.asked.get_mut(&pipeline) {
            asked.give_up();
        }
    }

    fn epoch_due_us(&self, pipeline: &Pipeline) -> Option<i64> {
        let run = self.runs.get(&pipeline.id)?;
        let is_asked = self.asked.get(&pipeline.id).is_some_and(Asked::is_waited_for);
        let is_urgent = is_asked
            || run.better.is_some()
            || run.stop_asked_us.is_some()
            || (run.are_all(RunPhase::Running) && run.has_ended());
        if is_urgent {
            return Some(run.not_before_us);
        }
        let interval_us = match pipeline.committed.generation == run.generation {
            true => pipeline.spec.checkpoint_interval_us,
            // What the generation before had read and not committed becomes visible soon.
            false => pipeline.spec.checkpoint_interval_us.min(FIRST_EPOCH_US),
        };
        (interval_us > 0).then(|| run.begun_us.saturating_add(interval_us).max(run.not_before_us))
    }

    /// When time alone may change something for a pipeline.
    pub(super) fn run_due_us(&self, pipeline: &Pipeline) -> Option<i64> {
        let Some(run) = self.runs.get(&pipeline.id) else {
            return self.backoffs.get(&pipeline.id).map(|(_, until_us)| *until_us);
        };
        if run.retry_us.is_some() {
            return run.retry_us;
        }
        match &run.stage {
            Stage::Publishing {
                is_asked: false,
                retry_us,
            } => Some(*retry_us),
            Stage::Idle => self.epoch_due_us(pipeline),
            Stage::Aligning { .. } => Some(run.begun_us.saturating_add(timeout_us(pipeline))),
            _ => None,
        }
    }

    fn give_up(&mut self, pipeline: &Pipeline, epoch: u64, actions: &mut Vec<Action>) {
        if let Some(run) = self.runs.get_mut(&pipeline.id) {
            run.stage = Stage::GivingUp { epoch };
            let change = Change::AbortEpoch(AbortEpoch {
                pipeline: pipeline.id,
                generation: run.generation,
                epoch,
            });
            self.propose(ProposalKey::Epoch(pipeline.id), change, actions);
        }
    }

    /// A loop's part of the epoch in flight.
    pub(super) fn acknowledged(
        &mut self,
        state: &ClusterState,
        id: PipelineId,
        node: NodeId,
        part: &LoopPart,
    ) {
        let (Some(pipeline), Some(run)) = (state.pipeline(id), self.runs.get_mut(&id)) else {
            return;
        };
        let Stage::Aligning { epoch, parts, .. } = &mut run.stage else {
            return;
        };
        let since = match pipeline.committed.generation == run.generation {
            true => pipeline.committed.epoch,
            false => 0,
        };
        if part.epoch != *epoch || part.since != since {
            return;
        }
        match part.decode_content() {
            Ok(content) => {
                parts.insert((node, part.loop_id), content);
            }
            Err(message) => {
                run.failure = Some(RunFailure {
                    message: format!(
                        "node {node:016x} acknowledged epoch {epoch} with something unreadable: {message}"
                    ),
                    is_final: false,
                });
            }
        }
    }

    /// An epoch's begin, end or commit was answered. The agreed state says what is so.
    pub(super) fn epoch_proposed(
        &mut self,
        now_us: i64,
        pipeline: &Pipeline,
        outcome: Option<&Outcome>,
        actions: &mut Vec<Action>,
    ) {
        let not_before_us = now_us.saturating_add(self.config.pause_min_us);
        let Some(run) = self.runs.get_mut(&pipeline.id) else {
            return;
        };
        match (&run.stage, outcome) {
            (Stage::Beginning { is_last }, Some(outcome)) if outcome.is_done() => {
                let epoch = outcome.granted;
                run.stage = Stage::Aligning {
                    epoch,
                    is_last: *is_last,
                    parts: Default::default(),
                };
                tracing::debug!(pipeline = pipeline.spec.name, epoch, "barriers are sent");
                self.send_all(pipeline, &PipelineOrder::Trigger(epoch), actions);
            }
            (Stage::Beginning { .. }, _) => {
                run.stage = Stage::Idle;
                run.not_before_us = not_before_us;
                self.give_up_asked(pipeline.id);
            }
            _ => {}
        }
    }

    /// A manifest is stored, so its epoch can be committed.
    pub(super) fn staged(
        &mut self,
        state: &ClusterState,
        id: PipelineId,
        (generation, epoch): (u64, u64),
        result: Result<ManifestRef, String>,
        actions: &mut Vec<Action>,
    ) {
        let (Some(pipeline), Some(run)) = (state.pipeline(id), self.runs.get_mut(&id)) else {
            return;
        };
        let is_last = match &run.stage {
            Stage::Staging {
                epoch: staging,
                is_last,
            } if *staging == epoch && run.generation == generation => *is_last,
            _ => return,
        };
        match result {
            Ok(manifest) => {
                tracing::debug!(pipeline = pipeline.spec.name, epoch, "the manifest is stored");
                run.stage = Stage::Committing { epoch };
                let change = Change::CommitEpoch(CommitEpoch {
                    pipeline: id,
                    generation,
                    epoch,
                    manifest,
                    is_last,
                });
                self.propose(ProposalKey::Epoch(id), change, actions);
            }
            Err(message) => {
                tracing::warn!(
                    pipeline = pipeline.spec.name,
                    epoch,
                    "the checkpoint cannot be stored: {message}"
                );
                self.give_up(pipeline, epoch, actions);
            }
        }
    }

    /// The newest committed epoch is in its place, so it may become visible.
    pub(super) fn published(
        &mut self,
        now_us: i64,
        state: &ClusterState,
        id: PipelineId,
        epoch: u64,
        result: Result<Option<Box<Manifest>>, PublishFailure>,
        actions: &mut Vec<Action>,
    ) {
        let retry_us = now_us.saturating_add(self.config.backoff_us.0);
        let (Some(pipeline), Some(run)) = (state.pipeline(id), self.runs.get_mut(&id)) else {
            return;
        };
        if !matches!(run.stage, Stage::Publishing { is_asked: true, .. }) || pipeline.committed.epoch != epoch
        {
            return;
        }
        match result {
            Ok(manifest) => {
                let (name, generation) = (&pipeline.spec.name, run.generation);
                tracing::debug!(pipeline = name, generation, epoch, "the manifest is published");
                run.published = manifest;
                run.not_before_us = now_us.saturating_add(self.config.pause_min_us);
                self.go_on(now_us, pipeline, actions);
            }
            Err(failure) if failure.is_final => {
                run.failure = Some(RunFailure {
                    message: failure.message,
                    is_final: true,
                });
            }
            Err(failure) => {
                tracing::warn!(
                    pipeline = pipeline.spec.name,
                    epoch,
                    "a committed checkpoint cannot be published yet: {}",
                    failure.message
                );
                run.stage = Stage::Publishing {
                    is_asked: false,
                    retry_us,
                };
            }
        }
    }

    /// After a publication: tell all, and go on with what is next.
    fn go_on(&mut self, now_us: i64, pipeline: &Pipeline, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.get_mut(&pipeline.id) else {
            return;
        };
        let is_own = pipeline.committed.generation == run.generation;
        run.stage = Stage::Preparing;
        if is_own {
            self.backoffs.remove(&pipeline.id);
            run.stage = Stage::Idle;
            // Decided before this epoch began, so this epoch has everything.
            run.is_stop_taken = run.stop_asked_us.is_some_and(|asked_us| asked_us <= run.begun_us);
            let epoch = pipeline.committed.epoch;
            self.send_all(pipeline, &PipelineOrder::Committed(epoch), actions);
            let askers = self.asked.get_mut(&pipeline.id).map(Asked::published);
            actions.extend(askers.into_iter().flatten().map(|asker| Action::Answer {
                asker,
                outcome: Outcome::granted(epoch),
            }));
            if let Some(run) = self.runs.get_mut(&pipeline.id)
                && pipeline.is_wanted()
                && let Some(better) = run.better.take()
            {
                run.placed_for = None;
                return self.begin(pipeline, better, actions);
            }
        }
        let nodes = self.runs.get(&pipeline.id).into_iter().flat_map(|run| &run.nodes);
        let statuses: Vec<_> = nodes
            .map(|(node, run)| ((*node, run.incarnation), run.status.clone()))
            .collect();
        for (from, status) in statuses {
            // Of a node that runs, but was not heard by this leader, nothing is known.
            if status.is_some() || !is_own {
                self.resume_pipeline(pipeline, from, status.as_ref(), actions);
            }
        }
        self.follow_run(now_us, pipeline, actions);
    }

    /// A node has said what it runs: it is told what it has missed.
    pub(super) fn resume(
        &mut self,
        state: &ClusterState,
        from: (NodeId, u64),
        statuses: &[PipelineStatus],
        actions: &mut Vec<Action>,
    ) {
        let ids: Vec<PipelineId> = self.runs.keys().copied().collect();
        for id in ids {
            let Some(pipeline) = state.pipeline(id) else {
                continue;
            };
            let is_on = self
                .runs
                .get(&id)
                .is_some_and(|run| run.nodes.contains_key(&from.0));
            if !is_on {
                continue;
            }
            let status = statuses
                .iter()
                .find(|status| status.pipeline == id && status.generation == pipeline.generation);
            if status.is_none()
                && let Some(node) = self.runs.get_mut(&id).and_then(|run| run.nodes.get_mut(&from.0))
            {
                node.status = None;
            }
            self.resume_pipeline(pipeline, from, status, actions);
        }
    }

    fn resume_pipeline(
        &mut self,
        pipeline: &Pipeline,
        from: (NodeId, u64),
        status: Option<&PipelineStatus>,
        actions: &mut Vec<Action>,
    ) {
        let Some(run) = self.runs.get(&pipeline.id) else {
            return;
        };
        let is_released = !matches!(run.stage, Stage::Preparing | Stage::Publishing { .. });
        let aligning = match &run.stage {
            Stage::Aligning { epoch, .. } => Some(*epoch),
            _ => None,
        };
        let own_epoch = match pipeline.committed.generation == run.generation {
            true => pipeline.committed.epoch,
            false => 0,
        };
        match status {
            None if own_epoch > 0 || is_released => {
                // It ran, and does not any more: its state is lost.
                if let Some(run) = self.runs.get_mut(&pipeline.id) {
                    let message = "a node has lost its part of the run".to_owned();
                    run.failure = Some(RunFailure {
                        message,
                        is_final: false,
                    });
                }
            }
            None if matches!(run.stage, Stage::Preparing) => {
                let Some(assignment) = pipeline.assignment.clone() else {
                    return;
                };
                let prepare = Prepare {
                    spec: pipeline.spec.clone(),
                    assignment,
                    restore: pipeline.restored.clone(),
                };
                self.send(pipeline, from, PipelineOrder::Prepare(prepare), actions);
            }
            Some(status) => {
                if is_released && status.phase() == RunPhase::Prepared {
                    self.send(pipeline, from, PipelineOrder::Run(()), actions);
                }
                // Not before it is in its place, though it may be known already that it is committed.
                if run.has_published(own_epoch) && own_epoch > status.committed {
                    self.send(pipeline, from, PipelineOrder::Committed(own_epoch), actions);
                }
                if let Some(epoch) = aligning
                    && status.phase() == RunPhase::Running
                {
                    self.send(pipeline, from, PipelineOrder::Trigger(epoch), actions);
                }
            }
            None => {}
        }
    }

    /// Proposes what nodes have made visible, so that later manifests need not have it.
    fn follow_deliveries(&mut self, pipeline: &Pipeline, actions: &mut Vec<Action>) {
        let Some(run) = self.runs.get(&pipeline.id) else {
            return;
        };
        if run.nodes.values().any(|node| node.status.is_none()) {
            return;
        }
        let news: Vec<(String, u64)> = run
            .delivered()
            .into_iter()
            .map(|(sink, epoch)| (sink, epoch.min(pipeline.committed.epoch)))
            .filter(|(sink, epoch)| *epoch > pipeline.delivered.get(*sink).copied().unwrap_or_default())
            .map(|(sink, epoch)| (sink.to_owned(), epoch))
            .collect();
        for (operator_id, epoch) in news {
            let key = ProposalKey::Delivered(pipeline.id, operator_id.clone());
            let change = Change::Delivered(DeliveredNotes {
                pipeline: pipeline.id,
                generation: pipeline.generation,
                operator_id,
                epoch,
            });
            self.propose(key, change, actions);
        }
    }
}

impl Run {
    /// Whether all loops have acknowledged.
    pub(super) fn is_acknowledged(&self) -> bool {
        matches!(&self.stage, Stage::Aligning { parts, .. } if parts.len() == self.loop_count())
    }
}

fn timeout_us(pipeline: &Pipeline) -> i64 {
    match pipeline.spec.checkpoint_timeout_us {
        timeout_us if timeout_us > 0 => timeout_us,
        _ => TIMEOUT_US,
    }
}
