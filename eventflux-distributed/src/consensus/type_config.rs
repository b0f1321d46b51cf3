//! The types that Raft is used with, and how it is set up.

use std::fmt;
use std::sync::Arc;

use openraft::impls::leader_id_std::LeaderId;
use openraft::{BasicNode, Config, SnapshotPolicy};
use prost::Message;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::state_machine::StateMachine;
use crate::coordinator::{Command, Outcome};
use crate::error::{Error, Result};

openraft::declare_raft_types!(
    /// The coordinator's commands, in terms of one leader each.
    pub TypeConfig:
        D = Command,
        R = Outcome,
        NodeId = u64,
        Node = BasicNode,
        LeaderId = LeaderId<u64, u64>,
);

/// Raft.
pub type ConsensusRaft = openraft::Raft<TypeConfig, StateMachine>;

pub(super) type CommittedLeaderId = openraft::vote::leader_id_std::CommittedLeaderId<u64>;
pub(super) type LogId = openraft::LogId<CommittedLeaderId>;
pub(super) type Vote = openraft::Vote<LeaderId<u64, u64>>;
pub(super) type Membership = openraft::Membership<u64, BasicNode>;
pub(super) type Payload = openraft::EntryPayload<Command, u64, BasicNode>;
pub(super) type Entry = openraft::Entry<CommittedLeaderId, Payload>;
pub(super) type StoredMembership = openraft::StoredMembership<CommittedLeaderId, u64, BasicNode>;
pub(super) type SnapshotMeta = openraft::SnapshotMeta<CommittedLeaderId, u64, BasicNode>;
pub(super) type Snapshot = openraft::Snapshot<CommittedLeaderId, u64, BasicNode, Vec<u8>>;

/// How Raft is set up. A leader that is silent for `election_timeout_ms` is none any more, and another one is elected within as much again;
/// there is a snapshot after every `snapshot_every` entries.
pub fn raft_config(cluster: &str, election_timeout_ms: u64, snapshot_every: u64) -> Result<Arc<Config>> {
    let config = Config {
        cluster_name: cluster.to_owned(),
        heartbeat_interval: (election_timeout_ms / 5).max(1),
        // The greater one is also how long a leader counts as one after it was heard of.
        election_timeout_min: election_timeout_ms / 2,
        election_timeout_max: election_timeout_ms,
        install_snapshot_timeout: 30_000,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(snapshot_every),
        max_in_snapshot_log_to_keep: snapshot_every / 4,
        // A node that cannot win must not disturb a leader that leads.
        enable_pre_vote: Some(true),
        // What a leader had not committed before it died is decided by an election, never by itself.
        enable_leader_restore: Some(false),
        allow_log_reversion: Some(false),
        ..Config::default()
    };
    let config = config
        .validate()
        .map_err(|error| Error::Configuration(format!("election timeout: {error}")))?;
    Ok(Arc::new(config))
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command {:016x}/{}", self.id.client, self.id.number)
    }
}

macro_rules! serde_as_protobuf {
    ($($message:ty),*) => {
        $(
            impl Serialize for $message {
                fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                    serializer.serialize_bytes(&self.encode_to_vec())
                }
            }

            impl<'de> Deserialize<'de> for $message {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                    let bytes = Vec::<u8>::deserialize(deserializer)?;
                    Self::decode(bytes.as_slice()).map_err(de::Error::custom)
                }
            }
        )*
    };
}

serde_as_protobuf!(Command, Outcome);
