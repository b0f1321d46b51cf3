//! Who lives: connections and heartbeats.

use std::collections::BTreeMap;

use crate::coordinator::{ClusterState, NodeId, NodeIncarnation, Standing};

/// Watches the members' connections.
///
/// ```text
///             heard of                     silent for `failure_timeout_us`
///  unknown ─────────────► connected ─────────────────────────────────────► lost
///     │                       │ disconnected                                ▲ ▲
///     │                       ▼          not back within `reconnect_us`     │ │
///     │                   disconnected ─────────────────────────────────────┘ │
///     │                       │ nobody listens there                          │
///     │                       └───────────────────────────────────────────────┤
///     └───────────────────────────────────────────────────────────────────────┘ nobody listens there, or
///                                                                               `failure_timeout_us` since the leader began
/// ```
///
/// A lost node that lives after all costs work, never results: what it does is fenced.
#[derive(Debug)]
pub(super) struct Detector {
    failure_timeout_us: i64,
    reconnect_us: i64,
    links: BTreeMap<NodeId, Link>,
}

#[derive(Debug)]
struct Link {
    incarnation: u64,
    is_connected: bool,
    lost_at_us: i64,
    /// Somebody has been told that it is lost.
    is_missed: bool,
}

impl Link {
    /// Of a life of a node that nothing was heard of yet.
    fn unknown(incarnation: u64, lost_at_us: i64) -> Self {
        Self {
            incarnation,
            is_connected: false,
            lost_at_us,
            is_missed: false,
        }
    }
}

impl Detector {
    pub(super) fn new(failure_timeout_us: i64, reconnect_us: i64) -> Self {
        Self {
            failure_timeout_us,
            reconnect_us,
            links: BTreeMap::new(),
        }
    }

    /// Members that are up are watched, others are not.
    pub(super) fn follow(&mut self, now_us: i64, state: &ClusterState) {
        for member in state.members() {
            let (node, incarnation) = (member.spec.node, member.incarnation);
            if member.standing() == Standing::Down {
                self.links.remove(&node);
                continue;
            }
            let unknown = || Link::unknown(incarnation, now_us.saturating_add(self.failure_timeout_us));
            let link = self.links.entry(node).or_insert_with(unknown);
            if link.incarnation != incarnation {
                *link = unknown();
            }
        }
        self.links.retain(|node, _| state.member(*node).is_some());
    }

    /// A node's incarnation was heard of.
    pub(super) fn heard(&mut self, now_us: i64, node: NodeId, incarnation: u64) {
        if let Some(link) = self.links.get_mut(&node)
            && link.incarnation == incarnation
        {
            link.is_connected = true;
            link.is_missed = false;
            link.lost_at_us = now_us.saturating_add(self.failure_timeout_us);
        }
    }

    /// The connection of a node's incarnation has ended.
    pub(super) fn disconnected(&mut self, now_us: i64, node: NodeId, incarnation: u64) {
        if let Some(link) = self.links.get_mut(&node)
            && link.incarnation == incarnation
            && link.is_connected
        {
            link.is_connected = false;
            link.lost_at_us = link.lost_at_us.min(now_us.saturating_add(self.reconnect_us));
        }
    }

    /// Nobody listens where a node should: that life of it is over.
    pub(super) fn unreachable(&mut self, now_us: i64, node: NodeId, incarnation: u64) {
        if let Some(link) = self.links.get_mut(&node)
            && link.incarnation == incarnation
            && !link.is_connected
        {
            link.lost_at_us = link.lost_at_us.min(now_us);
        }
    }

    /// Whether it is to be seen soon if a node is there: it is not connected, and not lost.
    pub(super) fn is_in_doubt(&self, node: NodeId) -> bool {
        self.links.get(&node).is_some_and(|link| !link.is_connected)
    }

    /// The nodes that count as lost now.
    pub(super) fn lost(&self, now_us: i64) -> impl Iterator<Item = NodeIncarnation> {
        let lost = self
            .links
            .iter()
            .filter(move |(_, link)| link.lost_at_us <= now_us);
        lost.map(|(node, link)| NodeIncarnation {
            node: *node,
            incarnation: link.incarnation,
        })
    }

    /// A life of a node is about to be told lost: whether it was not before, since it was heard of last.
    pub(super) fn miss(&mut self, lost: NodeIncarnation) -> bool {
        let link = self.links.get_mut(&lost.node);
        link.is_some_and(|link| !std::mem::replace(&mut link.is_missed, true))
    }

    /// When each of them counts as lost.
    pub(super) fn due_us(&self) -> impl Iterator<Item = i64> {
        self.links.values().map(|link| link.lost_at_us)
    }
}
