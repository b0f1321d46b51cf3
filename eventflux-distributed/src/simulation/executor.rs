//! Carries out what overseers decide.

use std::rc::Rc;

use super::message::{Local, Message, Node, Proposal};
use super::store::{Object, published_name, staged_name};
use super::world::World;
use crate::coordinator::{Action, Command, CommandId, Event, ManifestRef, PublishFailure};
use crate::sabotage::{Bug, is_broken};

const OVERSEER_EVERY_US: i64 = 50_000;

impl World {
    /// Time for a leader to look.
    pub(super) fn oversee_on_time(&mut self, node: Node, term: u64) {
        let is_leading = self.nodes[node]
            .leading
            .as_ref()
            .is_some_and(|leading| leading.term == term);
        if is_leading {
            self.oversee(node, term, Event::Time);
            self.schedule_local(node, OVERSEER_EVERY_US, Local::OverseerDue { term });
        }
    }

    /// Tells a leader what happened, and does what follows.
    pub(super) fn oversee(&mut self, node: Node, term: u64, event: Event) {
        let now_us = self.now_us;
        // Whoever has the majority has all entries; whoever has lost it stays where it was.
        let is_current = term == self.raft.term;
        let Some(leading) = self.nodes[node]
            .leading
            .as_mut()
            .filter(|leading| leading.term == term)
        else {
            return;
        };
        if is_current {
            leading.state = Rc::clone(&self.raft.state);
        }
        let actions = leading.overseer.on_event(now_us, &leading.state, event);
        for action in actions {
            self.carry_out(node, term, action);
        }
    }

    fn carry_out(&mut self, node: Node, term: u64, action: Action) {
        match action {
            Action::Propose { key, change } => {
                let command = Command {
                    id: self.command_id(node),
                    change: Some(change),
                };
                let proposal = Proposal {
                    command,
                    key: Some(key),
                    asker: None,
                };
                self.propose(node, proposal);
            }
            Action::Send {
                node: to,
                incarnation,
                order,
            } => {
                if let Some((to, life)) = self.connection(node, to, incarnation) {
                    self.send(node, to, Message::Order { life, order });
                }
            }
            Action::Dismiss {
                node: to,
                incarnation,
            } => {
                if let Some((to, life)) = self.connection(node, to, incarnation) {
                    self.send(node, to, Message::Dismiss { life, incarnation });
                }
            }
            Action::Stage { pipeline, manifest } => {
                let delay_us = self.store_delay_us();
                let name = staged_name(&manifest);
                let (generation, epoch) = (manifest.generation, manifest.epoch);
                let result = if self.store.is_failing || self.rng.per_mille(50) {
                    Err("the store fails".to_owned())
                } else {
                    if is_broken(Bug::PublishedBeforeCommit) {
                        let published = published_name(manifest.sequence);
                        if self
                            .store
                            .put_if_absent(&published, Object::Manifest(Rc::new((*manifest).clone())))
                        {
                            self.ledger.published(&manifest);
                        }
                    }
                    let reference = ManifestRef {
                        staged_name: name.clone(),
                        sequence: manifest.sequence,
                        size_bytes: 0,
                        crc32c: 0,
                    };
                    self.store
                        .put_if_absent(&name, Object::Manifest(Rc::new(*manifest)));
                    Ok(reference)
                };
                let event = Box::new(Event::Staged {
                    pipeline,
                    generation,
                    epoch,
                    result,
                });
                self.schedule_local(node, delay_us, Local::Overseer { term, event });
            }
            Action::Publish { pipeline, committed } => {
                let delay_us = self.store_delay_us();
                let result = self.publish(&committed);
                let event = Box::new(Event::Published {
                    pipeline,
                    epoch: committed.epoch,
                    result,
                });
                self.schedule_local(node, delay_us, Local::Overseer { term, event });
            }
            Action::Answer { asker, outcome } if outcome.is_done() => {
                let sequence = self.ledger.sequence(outcome.granted);
                let published = sequence.and_then(|sequence| self.store.manifest(&published_name(sequence)));
                let is_published = published.is_some();
                self.ledger.answered(asker, outcome.granted, is_published);
            }
            // It has ended.
            Action::Answer { .. } => {}
        }
    }

    fn publish(
        &mut self,
        committed: &crate::coordinator::Committed,
    ) -> Result<Option<Box<eventflux_core::checkpoint::manifest::Manifest>>, PublishFailure> {
        let failure = |message: &str| PublishFailure {
            message: message.to_owned(),
            is_final: false,
        };
        if committed.epoch == 0 {
            return Ok(None);
        }
        if self.store.is_failing {
            return Err(failure("the store fails"));
        }
        let Some(manifest) = self.store.manifest(&committed.manifest.staged_name).cloned() else {
            return Err(failure("the staged manifest is missing"));
        };
        let name = published_name(manifest.sequence);
        if self
            .store
            .put_if_absent(&name, Object::Manifest(Rc::clone(&manifest)))
        {
            self.ledger.published(&manifest);
        }
        Ok(Some(Box::new((*manifest).clone())))
    }

    /// The connection over which a leader reaches a node's incarnation.
    fn connection(&self, leader: Node, id: u64, incarnation: u64) -> Option<(Node, u64)> {
        let to = self.node_of(id)?;
        let leading = self.nodes[leader].leading.as_ref()?;
        let (life, connected) = leading.connections.get(&to)?;
        (*connected == incarnation).then_some((to, *life))
    }

    pub(super) fn command_id(&mut self, node: Node) -> CommandId {
        self.nodes[node].command_count += 1;
        CommandId {
            client: (node as u64 + 1) << 32 | self.nodes[node].life,
            number: self.nodes[node].command_count,
        }
    }
}
