//! Which operators share a loop, and which channel carries which rows.

use std::collections::{BTreeSet, HashMap};

use super::width::widths;
use crate::plan::{Edge, Exchange, NodeId, OperatorSpec, PhysicalPlan, SourceKind};

/// The shape of a run.
///
/// **Invariants** It is a function of the plan, the wished parallelism and the connectors' limits.
#[derive(Debug)]
pub(crate) struct Layout {
    widths: Vec<usize>,
    /// Per edge of the plan: the two operators call each other.
    is_fused: Vec<bool>,
    /// Per edge of the plan: senders of different subtasks meet here in an order that is not the rows' own.
    mixes: Vec<bool>,
    /// (edge, sender, receiver) to the receiver's channel.
    channels: HashMap<(usize, usize, usize), usize>,
    /// Per node and subtask that begins a loop: the edge that each of its channels belongs to.
    channel_edges: HashMap<(NodeId, usize), Vec<usize>>,
}

/// One loop of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopShape {
    /// The node of the plan that it begins with.
    pub head: NodeId,
    /// Which copy it is, from 0.
    pub subtask: usize,
    /// How many copies there are.
    pub width: usize,
    /// What it is called: loops of one operator differ in the copy, those of several operators may have the same name.
    pub name: String,
    /// The ids of its operators.
    pub operators: BTreeSet<String>,
    /// Barriers begin here: no other loop sends it anything.
    pub is_origin: bool,
    /// It has to run where handlers of streams are: it begins or ends with a stream of the process itself.
    pub is_in_process: bool,
}

impl Layout {
    /// A layout. `is_stepped`: loops also begin where rows of several subtasks would meet at a higher parallelism, so that
    /// what happens there is the same at each.
    pub(crate) fn new(
        plan: &PhysicalPlan,
        parallelism: usize,
        is_stepped: bool,
        limit: impl Fn(NodeId) -> Option<usize>,
    ) -> Self {
        let widths_wide = widths(plan, parallelism.max(2), &limit);
        let widths = widths(plan, parallelism, &limit);
        let mixes: Vec<bool> = plan
            .edges
            .iter()
            .map(|edge| {
                let (from, to) = (widths_wide[edge.from.0], widths_wide[edge.to.0]);
                from > 1 && (edge.exchange != Exchange::Forward || from != to)
            })
            .collect();
        let is_fused = |(index, edge): (usize, &Edge)| {
            let (from, to) = (widths[edge.from.0], widths[edge.to.0]);
            let is_forward = from == to && (edge.exchange == Exchange::Forward || to == 1);
            is_forward && plan.inputs(edge.to).count() == 1 && !(is_stepped && mixes[index])
        };
        let is_fused = plan.edges.iter().enumerate().map(is_fused).collect();
        let mut layout = Self {
            widths,
            is_fused,
            mixes,
            channels: HashMap::new(),
            channel_edges: HashMap::new(),
        };
        layout.number_channels(plan);
        layout
    }

    /// How many subtasks a node has.
    pub(crate) fn width(&self, node: NodeId) -> usize {
        self.widths[node.0]
    }

    /// Whether the operators at both ends of an edge call each other.
    pub(crate) fn is_fused(&self, edge: usize) -> bool {
        self.is_fused[edge]
    }

    /// Whether rows of several subtasks meet at the end of an edge, at some parallelism.
    pub(crate) fn mixes(&self, edge: usize) -> bool {
        self.mixes[edge]
    }

    /// Whether a node begins loops.
    pub(crate) fn is_head(&self, plan: &PhysicalPlan, node: NodeId) -> bool {
        let is_fused = |(index, edge): (usize, &Edge)| edge.to == node && self.is_fused[index];
        !plan.edges.iter().enumerate().any(is_fused)
    }

    /// The loops of a run, in the order in which they are built: by their heads in the plan, then by subtask. Loops that begin
    /// with a node of `left_out` do not run.
    pub(crate) fn loops(&self, plan: &PhysicalPlan, left_out: &BTreeSet<NodeId>) -> Vec<LoopShape> {
        let nodes = plan.nodes.iter().map(|node| node.id);
        let heads = nodes.filter(|node| self.is_head(plan, *node) && !left_out.contains(node));
        heads.flat_map(|head| self.loops_of(plan, head)).collect()
    }

    fn loops_of(&self, plan: &PhysicalPlan, head: NodeId) -> Vec<LoopShape> {
        let mut members = vec![head];
        let mut seen = 0;
        while let Some(member) = members.get(seen).copied() {
            seen += 1;
            let fused = plan.edges.iter().zip(&self.is_fused);
            members.extend(
                fused
                    .filter(|(edge, is_fused)| **is_fused && edge.from == member)
                    .map(|(edge, _)| edge.to),
            );
        }
        let operators: BTreeSet<String> = members
            .iter()
            .map(|member| plan.node(*member).operator_id.clone())
            .collect();
        let name = &plan.node(head).name;
        let width = self.width(head);
        let is_in_process = members.iter().any(|member| match &plan.node(*member).spec {
            OperatorSpec::Source(source) => matches!(source.kind, SourceKind::InProcess),
            OperatorSpec::InProcessSink(_) => true,
            _ => false,
        });
        let shape = |subtask: usize| LoopShape {
            head,
            subtask,
            width,
            is_origin: self.channel_edges(head, subtask).is_empty(),
            is_in_process,
            name: match width {
                1 => name.clone(),
                _ => format!("{name} {}/{width}", subtask + 1),
            },
            operators: operators.clone(),
        };
        (0..width).map(shape).collect()
    }

    /// The node that begins the loops which a node is part of.
    pub(crate) fn head_of(&self, plan: &PhysicalPlan, node: NodeId) -> NodeId {
        let into = |node: NodeId| {
            let mut fused = plan.edges.iter().zip(&self.is_fused);
            fused.find(|(edge, is_fused)| **is_fused && edge.to == node)
        };
        let mut head = node;
        while let Some((edge, _)) = into(head) {
            head = edge.from;
        }
        head
    }

    /// The channels of a loop: edge, sender, and the channel's number.
    pub(crate) fn channels_of(
        &self,
        plan: &PhysicalPlan,
        head: NodeId,
        subtask: usize,
    ) -> Vec<(usize, usize, usize)> {
        let edges = plan.edges.iter().enumerate();
        let senders = edges
            .filter(|(_, edge)| edge.to == head)
            .flat_map(|(index, edge)| (0..self.width(edge.from)).map(move |sender| (index, sender)));
        senders
            .filter_map(|(edge, sender)| Some((edge, sender, self.channel(edge, sender, subtask)?)))
            .collect()
    }

    /// Whether a node's loops take rows from outside.
    pub(crate) fn is_origin(plan: &PhysicalPlan, node: NodeId) -> bool {
        matches!(&plan.node(node).spec, OperatorSpec::Source(source) if !matches!(source.kind, SourceKind::DeadLetters))
    }

    /// The receivers of one sender of an edge.
    pub(crate) fn receivers(&self, plan: &PhysicalPlan, edge: usize, sender: usize) -> Vec<usize> {
        let Edge {
            from, to, exchange, ..
        } = &plan.edges[edge];
        let (from, to) = (self.widths[from.0], self.widths[to.0]);
        match exchange {
            // Each sender keeps to one receiver, so that what is ordered in one subtask stays so.
            Exchange::Forward => vec![sender * to / from],
            _ => (0..to).collect(),
        }
    }

    /// The receiver's channel.
    pub(crate) fn channel(&self, edge: usize, sender: usize, receiver: usize) -> Option<usize> {
        self.channels.get(&(edge, sender, receiver)).copied()
    }

    /// The edge that each channel of a loop belongs to.
    pub(crate) fn channel_edges(&self, node: NodeId, subtask: usize) -> &[usize] {
        self.channel_edges
            .get(&(node, subtask))
            .map_or(&[], Vec::as_slice)
    }

    fn number_channels(&mut self, plan: &PhysicalPlan) {
        for (index, edge) in plan
            .edges
            .iter()
            .enumerate()
            .filter(|(index, _)| !self.is_fused[*index])
        {
            for sender in 0..self.widths[edge.from.0] {
                for receiver in self.receivers(plan, index, sender) {
                    let edges = self.channel_edges.entry((edge.to, receiver)).or_default();
                    self.channels.insert((index, sender, receiver), edges.len());
                    edges.push(index);
                }
            }
        }
    }
}
