//! The stored form of the state.
//!
//! ```text
//! offset  bytes
//! 0       8   "EFCLUSTR"
//! 8       4   version, little-endian
//! 12      4   CRC-32C of everything from 16 on
//! 16      …   protobuf
//! ```

use std::collections::BTreeMap;

use prost::Message;

use super::ClusterState;
use super::answered::Answer;
use crate::coordinator::{Member, NodeId, Pipeline, PipelineId};

/// The version that this program writes; it reads this one only.
pub const SNAPSHOT_VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"EFCLUSTR";
const HEADER_BYTES: usize = 16;

/// Why stored state cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Its bytes are not what was written.
    #[error("the stored cluster state is damaged: {0}")]
    Damaged(String),
    /// A newer program wrote it.
    #[error("the stored cluster state is of format {0}; this program reads format {SNAPSHOT_VERSION}")]
    UnknownVersion(u32),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Stored {
    #[prost(string, tag = "1")]
    cluster: String,
    #[prost(uint32, tag = "2")]
    nodes_min: u32,
    #[prost(btree_map = "fixed64, message", tag = "3")]
    members: BTreeMap<NodeId, Member>,
    #[prost(fixed64, repeated, tag = "4")]
    gone: Vec<NodeId>,
    #[prost(uint64, tag = "5")]
    last_incarnation: u64,
    #[prost(btree_map = "uint64, message", tag = "6")]
    pipelines: BTreeMap<PipelineId, Pipeline>,
    #[prost(uint64, tag = "7")]
    last_pipeline: PipelineId,
    #[prost(message, repeated, tag = "8")]
    answered: Vec<Answer>,
}

impl ClusterState {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let stored = Stored {
            cluster: self.cluster.clone(),
            nodes_min: self.nodes_min,
            members: self.members.clone(),
            gone: self.gone.iter().copied().collect(),
            last_incarnation: self.last_incarnation,
            pipelines: self.pipelines.clone(),
            last_pipeline: self.last_pipeline,
            answered: self.answered.iter().cloned().collect(),
        };
        let body = stored.encode_to_vec();
        let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads the stored form. A truncated or changed one is an error.
    pub fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let damaged = |message: &str| SnapshotError::Damaged(message.to_owned());
        let (header, body) = bytes
            .split_at_checked(HEADER_BYTES)
            .ok_or_else(|| damaged("its header is not complete"))?;
        let number = |from: usize| {
            let bytes = header.get(from..from + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u32::from_le_bytes).unwrap_or_default()
        };
        if !header.starts_with(MAGIC) {
            return Err(damaged("it does not begin as one"));
        }
        let version = number(8);
        if version != SNAPSHOT_VERSION {
            return Err(SnapshotError::UnknownVersion(version));
        }
        if number(12) != crc32c::crc32c(body) {
            return Err(damaged("its checksum does not fit"));
        }
        let stored = Stored::decode(body).map_err(|error| SnapshotError::Damaged(error.to_string()))?;
        Ok(Self {
            cluster: stored.cluster,
            nodes_min: stored.nodes_min,
            members: stored.members,
            gone: stored.gone.into_iter().collect(),
            last_incarnation: stored.last_incarnation,
            pipelines: stored.pipelines,
            last_pipeline: stored.last_pipeline,
            answered: stored.answered.into_iter().collect(),
        })
    }
}
