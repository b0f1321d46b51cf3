//! Builds the loops of a plan.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;

use super::outside::{End, Outside};
use super::{Layout, LoopShape};
use crate::checkpoint::restore::Restored;
use crate::checkpoint::{Checkpointer, LoopId};
use crate::element::WATERMARK_MIN;
use crate::error::{Error, Result};
use crate::key::KeyGroupMap;
use crate::metrics::{Cells, OperatorRole};
use crate::operator::{LocalWindowAggregate, Operator, OperatorContext};
use crate::plan::{
    ChangelogMode, Edge, ErrorPolicy, Exchange, Node, NodeId, OperatorSpec, PhysicalPlan, Port, SourceSpec,
};
use crate::runtime::chain::{Next, Side, Stage};
use crate::runtime::config::RuntimeConfig;
use crate::runtime::edge::{EdgeFeed, EdgeId, EdgeSender, EdgeTarget, Mailbox, RemoteEdges};
use crate::runtime::exchange::{Exchange as Exchanger, KeyRoute, Route};
use crate::runtime::memory::{ColdStates, Memory};
use crate::runtime::merge::Round;
use crate::runtime::meter::{Meter, OperatorEntry};
use crate::runtime::orders::Orders;
use crate::runtime::source::RimStage;
use crate::runtime::subtask::{ChannelRound, Head, MergeHead, SourceHead, Subtask};
use crate::runtime::task::{Drive, Task};

/// Makes the operator of a node that is neither a source nor a sink.
pub(crate) type MakeOperator =
    dyn Fn(&PhysicalPlan, &Node, &OperatorContext) -> Result<Box<dyn Operator>> + Send + Sync;

/// What loops are built from.
pub(crate) struct Builder<'a> {
    pub(crate) plan: &'a PhysicalPlan,
    pub(crate) layout: &'a Layout,
    pub(crate) config: &'a RuntimeConfig,
    pub(crate) drive: Drive,
    pub(crate) orders: watch::Receiver<Orders>,
    pub(crate) meter: &'a Meter,
    /// Who takes the parts of checkpoints.
    pub(crate) checkpointer: Option<&'a Arc<dyn Checkpointer>>,
    /// What operators and sources go on from.
    pub(crate) restored: Option<&'a Restored>,
    /// Who gets which part of a limited memory.
    pub(crate) memory: Option<&'a Memory>,
    pub(crate) cold: &'a Arc<ColdStates>,
    pub(crate) outside: &'a dyn Outside,
    pub(crate) make_operator: &'a MakeOperator,
    /// Outputs that nobody reads.
    pub(crate) left_out: &'a BTreeSet<NodeId>,
    /// Which loops are built here; `None`: all.
    pub(crate) share: Option<Part<'a>>,
}

/// The loops that one of several processes runs.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) loops: &'a BTreeSet<LoopId>,
    /// The ways to the loops of the others.
    pub(crate) edges: &'a dyn RemoteEdges,
}

/// The mailboxes of all loops that have one.
type Mailboxes = HashMap<(NodeId, usize), Arc<Mailbox>>;

/// The loop that is being built.
#[derive(Clone)]
struct Place<'a> {
    subtask: usize,
    task: &'a Arc<Task>,
    mailboxes: &'a Mailboxes,
}

impl Builder<'_> {
    /// Builds all loops, in the order of their heads in the plan.
    pub(crate) fn build(&self) -> Result<Vec<Subtask>> {
        let mut loops: Vec<_> = self
            .layout
            .loops(self.plan, self.left_out)
            .into_iter()
            .enumerate()
            .collect();
        if let Some(share) = self.share {
            loops.retain(|(loop_id, _)| share.loops.contains(loop_id));
        }
        let mut mailboxes = Mailboxes::new();
        for (_, LoopShape { head, subtask, .. }) in &loops {
            if Layout::is_origin(self.plan, *head) {
                continue;
            }
            let channel_count = self.layout.channel_edges(*head, *subtask).len();
            let mailbox = Mailbox::new(channel_count, self.config.edge_bytes_max);
            let mailbox = match self.drive {
                Drive::Threads(_) => mailbox,
                Drive::Stepped => mailbox.keeping_watermarks(),
            };
            mailboxes.insert((*head, *subtask), Arc::new(mailbox));
        }
        let is_here: HashSet<_> = loops
            .iter()
            .map(|(_, shape)| (shape.head, shape.subtask))
            .collect();
        if let Some(share) = self.share {
            self.receive_from_others(share, &is_here, &mailboxes)?;
        }
        let loops = loops.into_iter();
        loops
            .map(|(loop_id, shape)| self.subtask(loop_id, shape, &mailboxes))
            .collect()
    }

    /// Has rows of loops that run elsewhere come into the mailboxes of those here.
    fn receive_from_others(
        &self,
        share: Part<'_>,
        is_here: &HashSet<(NodeId, usize)>,
        mailboxes: &Mailboxes,
    ) -> Result<()> {
        for ((head, receiver), mailbox) in mailboxes {
            for (edge, sender, channel) in self.layout.channels_of(self.plan, *head, *receiver) {
                let from = self.layout.head_of(self.plan, self.plan.edges[edge].from);
                if !is_here.contains(&(from, sender)) {
                    let id = EdgeId {
                        edge,
                        sender,
                        receiver: *receiver,
                    };
                    let feed = EdgeFeed::new(Arc::clone(mailbox), channel);
                    share.edges.receive(id, feed)?;
                }
            }
        }
        Ok(())
    }

    fn subtask(&self, loop_id: LoopId, shape: LoopShape, mailboxes: &Mailboxes) -> Result<Subtask> {
        let LoopShape {
            head, subtask, name, ..
        } = shape;
        let node = self.plan.node(head);
        let width = self.layout.width(node.id);
        let mailbox = mailboxes.get(&(node.id, subtask));
        let task = Arc::new(Task {
            name,
            loop_id,
            clock: Arc::clone(&self.config.clock),
            cells: Arc::new(Cells::default()),
            drive: self.drive.clone(),
            orders: self.orders.clone(),
            checkpointer: self.checkpointer.map(Arc::clone),
            cold: Arc::clone(self.cold),
        });
        self.meter
            .add_loop(&task, &node.operator_id, subtask, mailbox.map(Arc::clone));
        let place = Place {
            subtask,
            task: &task,
            mailboxes,
        };
        let head = match (&node.spec, mailbox) {
            (OperatorSpec::Source(spec), None) => {
                let end = End {
                    node,
                    subtask,
                    parallelism: width,
                };
                let open = self.outside.source(&end, spec)?;
                let mut spec = spec.clone();
                if open.is_bounded {
                    spec.idle_timeout_us = i64::MAX;
                }
                let rim = self.rim(node, &spec, &place)?;
                Head::Source(Box::new(SourceHead::new(
                    Arc::clone(&task),
                    open.source,
                    rim,
                    open.is_drained,
                )))
            }
            (_, Some(mailbox)) => {
                let edges = self.layout.channel_edges(node.id, subtask);
                let inputs: Vec<usize> = edges.iter().map(|edge| self.plan.edges[*edge].input).collect();
                let round = match self.drive {
                    Drive::Threads(_) => None,
                    Drive::Stepped => Some(self.round(edges)),
                };
                let root = self.operator(node, &place)?;
                let mailbox = Arc::clone(mailbox);
                Head::Merge(Box::new(MergeHead::new(
                    Arc::clone(&task),
                    mailbox,
                    inputs,
                    round,
                    root,
                )))
            }
            (_, None) => {
                return Err(Error::Bug(format!(
                    "{} has neither a source nor a mailbox",
                    node.name
                )));
            }
        };
        Ok(Subtask::new(Arc::clone(&task), head))
    }

    /// The order in which a stepped loop takes the rows of its channels.
    fn round(&self, channel_edges: &[usize]) -> ChannelRound {
        let mut edges: Vec<usize> = channel_edges.to_vec();
        edges.dedup();
        let of_edge = |edge: &usize| {
            let rows = &self.plan.edges[*edge];
            let mode = self.layout.mixes(*edge).then(|| self.plan.rows_of(rows).1);
            (rows.input, mode)
        };
        let round = Round::new(edges.iter().map(of_edge), self.config.batch_rows_max);
        let place_of = |edge: &usize| edges.iter().position(|other| other == edge).unwrap_or_default();
        ChannelRound {
            round,
            edges: channel_edges.iter().map(place_of).collect(),
        }
    }

    /// A node and everything behind it in its loop.
    fn operator(&self, node: &Node, place: &Place<'_>) -> Result<Next> {
        match &node.spec {
            OperatorSpec::Source(spec) => Ok(Next::Rim(Box::new(self.rim(node, spec, place)?))),
            OperatorSpec::Sink(_) | OperatorSpec::InProcessSink(_) => {
                let end = End {
                    node,
                    subtask: place.subtask,
                    parallelism: self.layout.width(node.id),
                };
                let entry = self.entry(node, OperatorRole::Sink, place);
                self.outside.sink(&end, entry, Arc::clone(place.task))
            }
            _ => {
                let owners = self.owners(node.id);
                let mut context = OperatorContext {
                    operator_id: node.operator_id.clone(),
                    subtask: place.subtask,
                    parallelism: owners.parallelism(),
                    key_groups: owners.key_groups(),
                    owners,
                    batch_rows_max: self.config.batch_rows_max,
                    clock: Arc::clone(&self.config.clock),
                    cold: None,
                };
                if let Some(memory) = self.memory {
                    context.cold = memory.operator(node, &context, place.task.loop_id, self.restored)?;
                }
                let mut operator = (self.make_operator)(self.plan, node, &context)?;
                let mut watermark = WATERMARK_MIN;
                if let Some(restored) = self.restored {
                    let owned = context.owners.owned_by(context.subtask);
                    match &context.cold {
                        Some(cold) => operator.restore(&mut cold.small_tables())?,
                        None => restored.operator(&node.operator_id, &owned, operator.as_mut())?,
                    }
                    watermark = restored.watermark(&node.operator_id).unwrap_or(watermark);
                }
                let entry = self.entry(node, OperatorRole::Inner, place);
                let side = self.side(node, &node.name, error_policy(&node.spec), &entry, place)?;
                let next = self.output(node, Port::Main, place)?;
                Ok(Next::Stage(Box::new(Stage::new(
                    operator,
                    watermark,
                    entry,
                    Arc::clone(place.task),
                    next,
                    side,
                ))))
            }
        }
    }

    /// Which subtask of a node owns which key group.
    fn owners(&self, node: NodeId) -> KeyGroupMap {
        self.config.owners(self.plan.key_groups, self.layout.width(node))
    }

    fn rim(&self, node: &Node, spec: &SourceSpec, place: &Place<'_>) -> Result<RimStage> {
        let entry = self.entry(node, OperatorRole::Source, place);
        let side = self.side(node, &spec.stream, spec.error_policy, &entry, place)?;
        let next = self.output(node, Port::Main, place)?;
        let times = self
            .restored
            .map(|restored| restored.source_times(&node.operator_id));
        RimStage::new(spec, entry, Arc::clone(place.task), times.as_ref(), next, side)
    }

    fn side(
        &self,
        node: &Node,
        origin: &str,
        policy: ErrorPolicy,
        entry: &Arc<OperatorEntry>,
        place: &Place<'_>,
    ) -> Result<Side> {
        let late = self.output(node, Port::Late, place)?;
        let errors = self.output(node, Port::Errors, place)?;
        Ok(Side::new(
            origin.to_owned(),
            policy,
            late,
            errors,
            Arc::clone(entry),
        ))
    }

    fn entry(&self, node: &Node, role: OperatorRole, place: &Place<'_>) -> Arc<OperatorEntry> {
        let entry = OperatorEntry::new(node.operator_id.clone(), node.name.clone(), role, place.subtask);
        self.meter.add_operator(entry)
    }

    /// Everything that reads one of a node's outputs.
    fn output(&self, node: &Node, port: Port, place: &Place<'_>) -> Result<Next> {
        let edges = self.plan.edges.iter().enumerate();
        let edges = edges.filter(|(_, edge)| edge.from == node.id && edge.port == port);
        let edges = edges.filter(|(_, edge)| !self.left_out.contains(&edge.to));
        let branches = edges.map(|(index, edge)| match self.layout.is_fused(index) {
            true => self.operator(self.plan.node(edge.to), place),
            false => self.exchange(index, edge, place),
        });
        Ok(Next::fan(branches.collect::<Result<_>>()?))
    }

    fn exchange(&self, index: usize, edge: &Edge, place: &Place<'_>) -> Result<Next> {
        let receivers = self.layout.receivers(self.plan, index, place.subtask);
        let mut senders = Vec::with_capacity(receivers.len());
        for receiver in &receivers {
            let mailbox = place.mailboxes.get(&(edge.to, *receiver));
            let channel = self.layout.channel(index, place.subtask, *receiver);
            let id = EdgeId {
                edge: index,
                sender: place.subtask,
                receiver: *receiver,
            };
            let target = match (mailbox, channel, self.share) {
                (Some(mailbox), Some(channel), _) => {
                    EdgeTarget::Local(EdgeFeed::new(Arc::clone(mailbox), channel))
                }
                (None, Some(_), Some(share)) => EdgeTarget::Remote(share.edges.sender(id)?),
                _ => return Err(Error::Bug(format!("{id} leads nowhere"))),
            };
            senders.push(EdgeSender::new(target, Arc::clone(place.task)));
        }
        let route = match &edge.exchange {
            _ if receivers.len() == 1 => Route::Only,
            Exchange::Hash(columns) => Route::Key(KeyRoute::new(columns.clone(), self.owners(edge.to))),
            Exchange::RoundRobin => Route::RoundRobin(place.subtask),
            Exchange::Broadcast => Route::Broadcast,
            Exchange::Forward => return Err(Error::Bug("a forward edge has several receivers".into())),
        };
        let local = self.local_aggregate(edge)?;
        Ok(Next::Exchange(Exchanger::new(route, senders).with_local(local)))
    }

    /// What adds rows up before they go through an exchange.
    fn local_aggregate(&self, edge: &Edge) -> Result<Option<LocalWindowAggregate>> {
        let receiver = self.plan.node(edge.to);
        let OperatorSpec::WindowAggregate(spec) = &receiver.spec else {
            return Ok(None);
        };
        let (input, changelog) = self.plan.rows_of(edge);
        let is_by_key = match &edge.exchange {
            Exchange::Hash(columns) => *columns == spec.keys,
            _ => spec.keys.is_empty(),
        };
        // Late rows that somebody reads have to be whole, and what a stepped run shows are the rows themselves.
        let mut readers = self.plan.outputs(receiver.id);
        let has_late_reader =
            readers.any(|edge| edge.port == Port::Late && !self.left_out.contains(&edge.to));
        if !is_by_key
            || has_late_reader
            || changelog != ChangelogMode::Append
            || matches!(self.drive, Drive::Stepped)
        {
            return Ok(None);
        }
        let known = self
            .restored
            .and_then(|restored| restored.watermark(&receiver.operator_id));
        let watermark = known.unwrap_or(WATERMARK_MIN);
        LocalWindowAggregate::new(spec, &input, watermark, self.config.batch_rows_max)
    }
}

fn error_policy(spec: &OperatorSpec) -> ErrorPolicy {
    match spec {
        OperatorSpec::Calc(calc) => calc.error_policy,
        OperatorSpec::WindowAggregate(aggregate) => aggregate.error_policy,
        OperatorSpec::GroupAggregate(aggregate) => aggregate.error_policy,
        // One bad row never stops a pipeline that was not asked to fail.
        _ => ErrorPolicy::DeadLetter,
    }
}
