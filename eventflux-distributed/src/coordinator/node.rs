//! Nodes, and what the cluster knows of them.

/// A node's identity: 64 random bits, made when its data directory was, and the same ever after. Shown as 16 hexadecimal
/// digits. A host name or an address is never an identity, and the id of a node that has left is never used again.
pub type NodeId = u64;

/// What a node says of itself when it registers.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct NodeSpec {
    /// Who it is.
    #[prost(fixed64, tag = "1")]
    pub node: NodeId,
    /// What people call it; unique among the members.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Where its control plane listens.
    #[prost(string, tag = "3")]
    pub control_address: String,
    /// Where its data plane listens.
    #[prost(string, tag = "4")]
    pub data_address: String,
    /// It may vote.
    #[prost(bool, tag = "5")]
    pub can_coordinate: bool,
    /// It may run subtasks.
    #[prost(bool, tag = "6")]
    pub can_process: bool,
    /// It may keep standbys.
    #[prost(bool, tag = "7")]
    pub can_store_state: bool,
    /// Its share of the load, relative to other nodes; 0 counts as 1.
    #[prost(uint32, tag = "8")]
    pub weight: u32,
}

/// Whether a member takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Standing {
    /// It does.
    Up = 0,
    /// It is not reached; a new incarnation of it may register.
    Down = 1,
    /// It runs what it has until others have taken over, then it is gone for good; also if it registers again or is lost before.
    Leaving = 2,
}

/// A registered node.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Member {
    /// What it said of itself.
    #[prost(message, required, tag = "1")]
    pub spec: NodeSpec,
    /// Granted at each registration, never the same twice in a cluster. What an older incarnation of a node does counts for
    /// nothing.
    #[prost(uint64, tag = "2")]
    pub incarnation: u64,
    /// Whether it takes part.
    #[prost(enumeration = "Standing", tag = "3")]
    pub standing: i32,
    /// It was lost while it was leaving: as soon as others have what it ran, it is gone for good.
    #[prost(bool, tag = "4")]
    pub was_leaving: bool,
}

impl Member {
    /// Whether it is gone for good once nothing depends on it.
    pub fn is_leaving(&self) -> bool {
        self.was_leaving || self.standing() == Standing::Leaving
    }

    /// Whether subtasks may be given to it.
    pub fn can_take_work(&self) -> bool {
        self.spec.can_process && self.standing() == Standing::Up
    }
}
