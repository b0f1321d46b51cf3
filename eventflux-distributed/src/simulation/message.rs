//! What happens in a simulated cluster.

use crate::coordinator::{Command, Event, Order, Outcome, ProposalKey, Report};

/// A node, by its place.
pub(super) type Node = usize;

/// Something that is due.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "most of them are messages")]
pub(super) enum Happening {
    /// A message arrives.
    Arrives { from: Node, to: Node, message: Message },
    /// Something of a node's own, unless it has died since. `life`: which of its lives.
    Local { node: Node, life: u64, local: Local },
    /// A look at who leads.
    ElectionDue,
    /// A proposal is decided.
    ProposalDue {
        node: Node,
        life: u64,
        term: u64,
        proposal: Box<Proposal>,
    },
    /// A fault begins, or another one is chosen.
    FaultDue,
    /// A fault ends.
    FaultEnds(Healing),
    /// Somebody submits the pipeline, as often as is necessary.
    SubmitDue,
}

/// What mends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Healing {
    Restart(Node),
    Network,
    Store,
}

/// A proposal on its way.
#[derive(Debug, Clone)]
pub(super) struct Proposal {
    pub(super) command: Command,
    pub(super) key: Option<ProposalKey>,
    /// The node that wants to know, if it is not the leader itself.
    pub(super) asker: Option<(Node, u64)>,
}

/// Between nodes.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there are few at a time")]
pub(super) enum Message {
    /// Worker to leader: it connects.
    Hello { life: u64, incarnation: u64 },
    /// Worker to leader.
    Report {
        life: u64,
        incarnation: u64,
        report: Report,
    },
    /// Leader to worker.
    Order { life: u64, order: Box<Order> },
    /// Leader to worker.
    Dismiss { life: u64, incarnation: u64 },
    /// A node wants an incarnation.
    Register { life: u64, command: Command },
    /// It was granted.
    Registered { life: u64, outcome: Outcome },
    /// Rows to the owner of their groups.
    Rows { generation: u64, rows: Vec<u64> },
    /// A barrier behind them.
    Barrier { generation: u64, epoch: u64 },
}

/// Of a node's own.
#[derive(Debug, Clone)]
pub(super) enum Local {
    /// Time for a heartbeat.
    HeartbeatDue,
    /// Time for the leader to look.
    OverseerDue { term: u64 },
    /// An answer to the leader's own question.
    Overseer { term: u64, event: Box<Event> },
    /// A split has rows.
    SplitDue { generation: u64, split: usize },
    /// State is restored.
    Restored { generation: u64 },
    /// An upload is complete.
    Uploaded {
        generation: u64,
        epoch: u64,
        loop_id: u32,
        upload: Box<super::store::Upload>,
    },
    /// The outside has taken an epoch.
    Delivered { generation: u64, epoch: u64 },
    /// A connection to another node is lost.
    EdgeLost { generation: u64, peer: Node },
}
