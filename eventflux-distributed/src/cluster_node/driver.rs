//! Drives the overseer while this node leads.

use std::sync::Arc;
use std::time::Duration;

use eventflux_core::time::micros;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::type_config::alias::WatchReceiverOf;
use openraft::{RaftMetrics, ReadPolicy};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::config::OpenStore;
use super::hub::Hub;
use super::publications::Publications;
use super::voters::Keeper;
use crate::consensus::{ConsensusRaft, Dialer, Hearing, TypeConfig};
use crate::coordinator::{
    Action, ClusterState, Command, CommandId, Event, Member, NodeId, Overseer, OverseerConfig,
    PublishFailure, Standing,
};

/// The overseer looks at least so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Before a proposal that failed is made again.
const PROPOSE_AGAIN: Duration = Duration::from_millis(20);

/// A leader that has not applied its log by then looks whether it still is one.
const APPLY_WITHIN: Duration = Duration::from_secs(1);

pub(super) type Metrics = WatchReceiverOf<TypeConfig, RaftMetrics<TypeConfig>>;

/// What a driver works with.
#[derive(Clone)]
pub(super) struct Driver {
    pub(super) node: NodeId,
    pub(super) raft: ConsensusRaft,
    pub(super) hearing: watch::Receiver<Hearing>,
    pub(super) state: watch::Receiver<Arc<ClusterState>>,
    pub(super) hub: Hub,
    pub(super) config: OverseerConfig,
    pub(super) dialer: Dialer,
    pub(super) open_store: OpenStore,
    /// How many manifests of a pipeline are kept.
    pub(super) manifests_retained: usize,
    pub(super) client: u64,
    pub(super) commands: Arc<std::sync::atomic::AtomicU64>,
}

impl Driver {
    /// Leads in terms of this node, while it is answered, until the channel closes; between them what nodes say is not heard.
    pub(super) async fn run(mut self, mut heard: mpsc::UnboundedReceiver<Event>) {
        let mut metrics = self.raft.metrics();
        loop {
            let term = {
                let metrics = metrics.borrow_and_update();
                let is_leader = metrics.current_leader == Some(metrics.id) && metrics.state.is_leader();
                let is_heard = self.hearing.borrow_and_update().is_heard();
                (is_leader && is_heard).then_some(metrics.current_term)
            };
            match term {
                Some(term) => self.lead(term, &mut metrics, &mut heard).await,
                None => {
                    tokio::select! {
                        // Who knows already that this node leads is to be heard.
                        biased;
                        changed = metrics.changed() => if changed.is_err() { return },
                        Ok(()) = self.hearing.changed() => {}
                        event = heard.recv() => match event {
                            Some(event) => self.hub.unheard(&event),
                            None => return,
                        },
                    }
                }
            }
        }
    }

    async fn lead(&mut self, term: u64, metrics: &mut Metrics, heard: &mut mpsc::UnboundedReceiver<Event>) {
        if !self.is_up_to_date(metrics).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
            return;
        }
        tracing::info!(term, "this node leads the cluster");
        let mut overseer = Overseer::new(self.config, term);
        let (answers, mut answered) = mpsc::unbounded_channel();
        let begun = Instant::now();
        let known = self.state.borrow().clone();
        let others = known
            .members()
            .filter(|member| member.standing() != Standing::Down);
        others.for_each(|member| self.look_for(member, &answers));
        let publications = Publications::new(Arc::clone(&self.open_store));
        let keeper = Keeper::default();
        let mut event = Event::Time;
        loop {
            let now_us = micros(begun.elapsed());
            let state = self.state.borrow_and_update().clone();
            keeper.look(&self.raft, &state, self.node);
            for action in overseer.on_event(now_us, &state, event) {
                self.carry_out(action, &state, &publications, &answers);
            }
            let wait_us = overseer
                .next_due_us(now_us, &state)
                .map_or(i64::MAX, |due_us| (due_us - now_us).max(0));
            let wait = Duration::from_micros(wait_us.unsigned_abs())
                .min(LOOK_EVERY)
                .max(Duration::from_millis(1));
            event = tokio::select! {
                biased;
                changed = metrics.changed() => {
                    let is_over = changed.is_err() || {
                        let metrics = metrics.borrow_watched();
                        metrics.current_term != term || !metrics.state.is_leader()
                    };
                    if is_over {
                        break;
                    }
                    Event::Time
                }
                Ok(()) = self.hearing.changed() => {
                    if !self.hearing.borrow_and_update().is_heard() {
                        break;
                    }
                    Event::Time
                }
                Some(answer) = answered.recv() => answer,
                event = heard.recv() => match event {
                    Some(event) => {
                        if let Event::Disconnected { node, incarnation } = event
                            && let Some(member) = state.member(node)
                            && member.incarnation == incarnation
                        {
                            self.look_for(member, &answers);
                        }
                        event
                    }
                    None => break,
                },
                _ = self.state.changed() => Event::Applied,
                () = tokio::time::sleep(wait) => Event::Time,
            };
        }
        tracing::info!(term, "this node does not lead the cluster any more");
        self.hub.detach_all();
    }

    /// Everything that leaders before have committed is applied before anything is decided, and so is what this one has proposed before it
    /// was not answered for a while.
    async fn is_up_to_date(&self, metrics: &Metrics) -> bool {
        let logged = metrics.borrow_watched().last_log_index;
        let agreed = self.raft.ensure_linearizable(ReadPolicy::ReadIndex).await;
        let applying = self.raft.wait(Some(APPLY_WITHIN));
        agreed.is_ok() && applying.applied_index_at_least(logged, "it leads").await.is_ok()
    }

    /// A process that is gone is not waited for as long as a host that is silent.
    fn look_for(&self, member: &Member, answers: &mpsc::UnboundedSender<Event>) {
        let (node, incarnation) = (member.spec.node, member.incarnation);
        let (address, dialer, answers) = (
            member.spec.control_address.clone(),
            self.dialer.clone(),
            answers.clone(),
        );
        tokio::spawn(async move {
            if dialer.is_refused(&address).await {
                let _ = answers.send(Event::Unreachable { node, incarnation });
            }
        });
    }

    fn carry_out(
        &self,
        action: Action,
        state: &ClusterState,
        publications: &Publications,
        answers: &mpsc::UnboundedSender<Event>,
    ) {
        match action {
            Action::Send {
                node,
                incarnation,
                order,
            } => self.hub.send(node, incarnation, &order),
            Action::Dismiss { node, incarnation } => self.hub.dismiss(node, incarnation),
            Action::Answer { asker, outcome } => self.hub.answer(asker, outcome),
            Action::Propose { key, change } => {
                let number = self.commands.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let command = Command {
                    id: CommandId {
                        client: self.client,
                        number,
                    },
                    change: Some(change),
                };
                let (raft, answers) = (self.raft.clone(), answers.clone());
                tokio::spawn(async move {
                    let writing = async move { raft.client_write(command).await };
                    let outcome = told_in_time(writing).await.map(|response| response.data);
                    let _ = answers.send(Event::Proposed { key, outcome });
                });
            }
            Action::Stage { pipeline, manifest } => {
                let (generation, epoch) = (manifest.generation, manifest.epoch);
                let opening = publications.of(pipeline, state);
                let answers = answers.clone();
                tokio::spawn(async move {
                    let result = match opening.await {
                        Ok(publication) => publication
                            .stage(&manifest)
                            .await
                            .map_err(|error| error.to_string()),
                        Err(message) => Err(message),
                    };
                    let _ = answers.send(Event::Staged {
                        pipeline,
                        generation,
                        epoch,
                        result,
                    });
                });
            }
            Action::Publish { pipeline, committed } => {
                let opening = publications.of(pipeline, state);
                let (answers, retained) = (answers.clone(), self.manifests_retained);
                tokio::spawn(async move {
                    let publication = opening.await;
                    let result = match &publication {
                        Ok(publication) => publication.publish(&committed).await,
                        Err(message) => Err(PublishFailure {
                            message: message.clone(),
                            is_final: false,
                        }),
                    };
                    let is_published = result.is_ok() && committed.epoch > 0;
                    let epoch = committed.epoch;
                    let _ = answers.send(Event::Published {
                        pipeline,
                        epoch,
                        result,
                    });
                    if let Ok(publication) = publication
                        && is_published
                        && let Err(error) = publication.tidy(epoch, retained).await
                    {
                        tracing::warn!("old checkpoints cannot be removed: {error}");
                    }
                });
            }
        }
    }
}

/// What an attempt came to. One that fails at once is not told at once: it would be made again as often as the processor can.
async fn told_in_time<T, E: std::fmt::Display>(attempt: impl Future<Output = Result<T, E>>) -> Option<T> {
    match attempt.await {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::debug!("a proposal is not agreed on: {error}");
            tokio::time::sleep(PROPOSE_AGAIN).await;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seed 0 of the simulated network: a leader that is cut off, whose proposals fail without time going by.
    #[tokio::test]
    async fn a_proposal_that_fails_at_once_is_not_made_again_at_once() {
        let begun = Instant::now();
        assert_eq!(told_in_time(async { Ok::<_, String>(7) }).await, Some(7));
        assert_eq!(told_in_time(async { Err::<u32, _>("no quorum") }).await, None);
        assert!(begun.elapsed() >= PROPOSE_AGAIN);
    }
}
