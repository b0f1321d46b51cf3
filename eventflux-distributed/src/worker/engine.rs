//! The decisions of a worker, without I/O.

use std::collections::BTreeMap;

use super::run::Run;
use super::{WorkerCommand, WorkerEvent};
use crate::coordinator::{
    LoopPart, Order, PipelineEvent, PipelineId, PipelineOrder, Prepare, Report, RunPhase,
};
use crate::sabotage::{Bug, is_broken};

/// What a node runs, and whom it obeys.
///
/// **Invariants** It obeys no leader of an older term than it has obeyed, and no order for an older generation of a pipeline
/// than it knows. What happens in a generation that it has given up is ignored. An epoch is acknowledged only when everything
/// of it is stored, and made visible only when it is committed.
#[derive(Debug, Default)]
pub struct Worker {
    term: u64,
    runs: BTreeMap<PipelineId, Run>,
    /// By pipeline, the newest generation that it has heard of.
    generations: BTreeMap<PipelineId, u64>,
}

impl Worker {
    /// It runs nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The generation of a pipeline that it has a part of.
    pub fn generation(&self, pipeline: PipelineId) -> Option<u64> {
        self.runs.get(&pipeline).map(|run| run.generation)
    }

    /// Takes what happened and says what follows.
    pub fn on_event(&mut self, event: WorkerEvent) -> Vec<WorkerCommand> {
        let mut commands = Vec::new();
        match event {
            WorkerEvent::Registered | WorkerEvent::Dismissed => self.tear_down_all(&mut commands),
            WorkerEvent::Connected | WorkerEvent::HeartbeatDue => {
                let statuses = self
                    .runs
                    .iter()
                    .map(|(pipeline, run)| run.status(*pipeline))
                    .collect();
                commands.push(WorkerCommand::Report(Report::status(statuses)));
                if event == WorkerEvent::Connected {
                    self.report_again(&mut commands);
                }
            }
            WorkerEvent::Ordered(order) => self.obey(order, &mut commands),
            WorkerEvent::Prepared {
                pipeline,
                generation,
                loop_count,
                reading,
                sinks,
            } => self.with(pipeline, generation, &mut commands, |run, commands| {
                run.prepared(loop_count, reading, sinks);
                commands.push(say_status(pipeline, run));
            }),
            WorkerEvent::Frozen {
                pipeline,
                generation,
                epoch,
                loop_id,
            } => self.with(pipeline, generation, &mut commands, |run, commands| {
                run.frozen(loop_id, epoch);
                if is_broken(Bug::AckBeforeSync) {
                    run.stored(loop_id, epoch, Default::default());
                    acknowledge(pipeline, run, loop_id, epoch, commands);
                }
            }),
            WorkerEvent::Stored {
                pipeline,
                generation,
                epoch,
                loop_id,
                content,
            } => self.with(pipeline, generation, &mut commands, |run, commands| {
                run.stored(loop_id, epoch, content);
                if let Some(current) = run.current {
                    acknowledge(pipeline, run, loop_id, current, commands);
                }
            }),
            WorkerEvent::InputEnded {
                pipeline,
                generation,
                loop_id,
            } => self.with(pipeline, generation, &mut commands, |run, commands| {
                run.input_ended(loop_id);
                commands.push(say_status(pipeline, run));
            }),
            WorkerEvent::Delivered {
                pipeline,
                generation,
                epoch,
            } => self.with(pipeline, generation, &mut commands, |run, commands| {
                run.delivered = epoch.max(run.delivered);
                commands.push(say_status(pipeline, run));
            }),
            WorkerEvent::Failed {
                pipeline,
                generation,
                failure,
            } => self.with(pipeline, generation, &mut commands, |run, commands| {
                // The first one is the reason, what follows are consequences.
                if run.failure.is_none() {
                    run.failure = Some(failure.clone());
                    let report = Report::of(pipeline, generation, PipelineEvent::Failed(failure));
                    commands.push(WorkerCommand::Report(report));
                }
            }),
        }
        commands
    }

    /// Does something with a run if it is still this generation.
    fn with(
        &mut self,
        pipeline: PipelineId,
        generation: u64,
        commands: &mut Vec<WorkerCommand>,
        act: impl FnOnce(&mut Run, &mut Vec<WorkerCommand>),
    ) {
        if let Some(run) = self.runs.get_mut(&pipeline)
            && run.generation == generation
        {
            act(run, commands);
        }
    }

    fn obey(&mut self, order: Order, commands: &mut Vec<WorkerCommand>) {
        let fence = order.fence;
        let known = self.generations.get(&fence.pipeline).copied().unwrap_or_default();
        let is_old = fence.term < self.term || fence.generation < known;
        if is_old && !is_broken(Bug::FenceSkipped) {
            return;
        }
        let Some(order) = order.order else {
            return;
        };
        self.term = fence.term.max(self.term);
        // A pipeline that is forgotten is stopped without a number.
        if fence.generation != u64::MAX {
            self.generations
                .insert(fence.pipeline, fence.generation.max(known));
        }
        let (pipeline, generation) = (fence.pipeline, fence.generation);
        match order {
            PipelineOrder::Prepare(prepare) => self.prepare(pipeline, generation, prepare, commands),
            PipelineOrder::Stop(()) => self.tear_down(pipeline, commands),
            PipelineOrder::Run(()) => self.with(pipeline, generation, commands, |run, commands| {
                if run.phase == RunPhase::Prepared {
                    run.phase = RunPhase::Running;
                    commands.push(WorkerCommand::Run { pipeline, generation });
                    commands.push(say_status(pipeline, run));
                }
            }),
            PipelineOrder::Trigger(epoch) => self.trigger(pipeline, generation, epoch, commands),
            PipelineOrder::GiveUp(epoch) => self.with(pipeline, generation, commands, |run, commands| {
                if run.current == Some(epoch) {
                    run.current = None;
                    commands.push(WorkerCommand::GiveUp {
                        pipeline,
                        generation,
                        epoch,
                    });
                }
            }),
            PipelineOrder::Committed(epoch) => self.with(pipeline, generation, commands, |run, commands| {
                if epoch > run.committed {
                    run.committed(epoch);
                    commands.push(WorkerCommand::Deliver {
                        pipeline,
                        generation,
                        epoch,
                    });
                }
            }),
            PipelineOrder::LetGo(()) => self.with(pipeline, generation, commands, |_, commands| {
                commands.push(WorkerCommand::LetGo { pipeline, generation });
            }),
        }
    }

    fn prepare(
        &mut self,
        pipeline: PipelineId,
        generation: u64,
        prepare: Prepare,
        commands: &mut Vec<WorkerCommand>,
    ) {
        if let Some(run) = self.runs.get(&pipeline)
            && run.generation == generation
        {
            commands.push(say_status(pipeline, run));
            return;
        }
        self.tear_down(pipeline, commands);
        self.runs
            .insert(pipeline, Run::new(generation, prepare.restore.epoch));
        commands.push(WorkerCommand::Prepare {
            pipeline,
            generation,
            prepare: Box::new(prepare),
        });
    }

    fn trigger(
        &mut self,
        pipeline: PipelineId,
        generation: u64,
        epoch: u64,
        commands: &mut Vec<WorkerCommand>,
    ) {
        self.with(pipeline, generation, commands, |run, commands| {
            if run.phase != RunPhase::Running || epoch <= run.committed {
                return;
            }
            match run.current {
                Some(current) if current == epoch => {
                    for loop_id in run.loops() {
                        acknowledge(pipeline, run, loop_id, epoch, commands);
                    }
                    return;
                }
                // Its end was not heard of.
                Some(current) if current < epoch => commands.push(WorkerCommand::GiveUp {
                    pipeline,
                    generation,
                    epoch: current,
                }),
                Some(_) => return,
                None => {}
            }
            run.current = Some(epoch);
            commands.push(WorkerCommand::SendBarrier {
                pipeline,
                generation,
                epoch,
            });
        });
    }

    /// What was reported while there was no connection, or to another leader, nobody may have heard.
    fn report_again(&self, commands: &mut Vec<WorkerCommand>) {
        for (pipeline, run) in &self.runs {
            if let Some(failure) = run.failure.clone() {
                let report = Report::of(*pipeline, run.generation, PipelineEvent::Failed(failure));
                commands.push(WorkerCommand::Report(report));
            }
            if let Some(epoch) = run.current {
                for loop_id in run.loops() {
                    acknowledge(*pipeline, run, loop_id, epoch, commands);
                }
            }
        }
    }

    fn tear_down(&mut self, pipeline: PipelineId, commands: &mut Vec<WorkerCommand>) {
        if let Some(run) = self.runs.remove(&pipeline) {
            commands.push(WorkerCommand::TearDown {
                pipeline,
                generation: run.generation,
            });
        }
    }

    fn tear_down_all(&mut self, commands: &mut Vec<WorkerCommand>) {
        let pipelines: Vec<PipelineId> = self.runs.keys().copied().collect();
        for pipeline in pipelines {
            self.tear_down(pipeline, commands);
        }
    }
}

fn say_status(pipeline: PipelineId, run: &Run) -> WorkerCommand {
    let status = PipelineEvent::Status(run.status(pipeline));
    WorkerCommand::Report(Report::of(pipeline, run.generation, status))
}

fn acknowledge(pipeline: PipelineId, run: &Run, loop_id: u32, epoch: u64, commands: &mut Vec<WorkerCommand>) {
    if let Some(content) = run.part(loop_id, epoch) {
        let part = LoopPart::new(epoch, loop_id, run.committed, &content);
        let report = Report::of(pipeline, run.generation, PipelineEvent::Acknowledged(part));
        commands.push(WorkerCommand::Report(report));
        if is_broken(Bug::DeliveredBeforeCommit) {
            commands.push(WorkerCommand::Deliver {
                pipeline,
                generation: run.generation,
                epoch,
            });
        }
    }
}
