//! Who talks to whom.

use std::fmt;

/// A node's name: stable, and never that of a host or port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeName {
    /// Its id. Its certificate is made out to this name.
    pub id: String,
    /// Which of its lives: granted by the cluster whenever it joins.
    pub incarnation: u64,
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)
    }
}

/// A node that is to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The id of the node that is expected there.
    pub id: String,
    /// Where it listens: `host:port`.
    pub address: String,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.address)
    }
}

/// What a connection is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Session {
    /// The pipeline whose elements it carries.
    pub pipeline: String,
    /// The generation that both ends must be of.
    pub generation: u64,
}

/// What each end tells the other first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The cluster's name.
    pub cluster: String,
    /// Who speaks.
    pub node: NodeName,
    /// The pipeline.
    pub pipeline: String,
    /// Its generation, as the speaker knows it.
    pub generation: u64,
}

/// Who belongs to the cluster, and which generations are current: asked at every handshake.
pub trait Membership: fmt::Debug + Send + Sync {
    /// Whether a node, in this life, is a member.
    fn is_member(&self, node: &NodeName) -> bool;

    /// The current generation of a pipeline, if this node has to do with it.
    fn generation(&self, pipeline: &str) -> Option<u64>;
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// In words.
    pub reason: String,
    /// Whether it may be otherwise soon: one of the two has not yet heard of a new generation, node or pipeline.
    pub is_passing: bool,
}

impl Refusal {
    /// A refusal for good.
    pub(crate) fn lasting(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_passing: false,
        }
    }

    /// A refusal that may be lifted.
    pub(crate) fn passing(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_passing: true,
        }
    }
}

/// Whether a node that speaks like this may be let in: a decision without a wire.
pub(crate) fn judge(hello: &Hello, cluster: &str, membership: &dyn Membership) -> Result<(), Refusal> {
    if hello.cluster != cluster {
        let reason = format!("this is cluster `{cluster}`, not `{}`", hello.cluster);
        return Err(Refusal::lasting(reason));
    }
    if !membership.is_member(&hello.node) {
        let NodeName { id, incarnation } = &hello.node;
        return Err(Refusal::passing(format!(
            "node `{id}`, incarnation {incarnation}, is not a member"
        )));
    }
    let pipeline = &hello.pipeline;
    let current = membership
        .generation(pipeline)
        .ok_or_else(|| Refusal::passing(format!("pipeline `{pipeline}` does not run here")))?;
    let theirs = hello.generation;
    let reason = || format!("pipeline `{pipeline}` is in generation {current}, not {theirs}");
    match theirs.cmp(&current) {
        std::cmp::Ordering::Less => Err(Refusal::lasting(reason())),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(Refusal::passing(reason())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct One;

    impl Membership for One {
        fn is_member(&self, node: &NodeName) -> bool {
            node.id == "a" && node.incarnation == 2
        }

        fn generation(&self, pipeline: &str) -> Option<u64> {
            (pipeline == "p").then_some(5)
        }
    }

    #[test]
    fn only_members_of_the_cluster_in_the_current_generation_are_let_in() {
        let hello = Hello {
            cluster: "c".into(),
            node: NodeName {
                id: "a".into(),
                incarnation: 2,
            },
            pipeline: "p".into(),
            generation: 5,
        };
        assert_eq!(judge(&hello, "c", &One), Ok(()));
        let refused = |change: fn(&mut Hello)| {
            let mut hello = hello.clone();
            change(&mut hello);
            let Refusal { reason, is_passing } = judge(&hello, "c", &One).expect_err("it is refused");
            format!("{reason} ({is_passing})")
        };
        assert_eq!(
            refused(|hello| hello.cluster = "d".into()),
            "this is cluster `c`, not `d` (false)"
        );
        assert_eq!(
            refused(|hello| hello.node.incarnation = 1),
            "node `a`, incarnation 1, is not a member (true)"
        );
        assert_eq!(
            refused(|hello| hello.pipeline = "q".into()),
            "pipeline `q` does not run here (true)"
        );
        assert_eq!(
            refused(|hello| hello.generation = 4),
            "pipeline `p` is in generation 5, not 4 (false)"
        );
        assert_eq!(
            refused(|hello| hello.generation = 6),
            "pipeline `p` is in generation 5, not 6 (true)"
        );
    }
}
