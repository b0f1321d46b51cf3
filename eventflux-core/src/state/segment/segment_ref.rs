//! How a manifest refers to a segment.

use serde::{Deserialize, Serialize};

/// A stored segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRef {
    /// The object's name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// The checksum of its footer, which holds those of all its blocks.
    pub crc32c: u32,
    /// Everything, or what changed.
    pub kind: SegmentKind,
    /// The epoch that wrote it.
    pub epoch: u64,
    /// The subtask that wrote it, by the name that its run gave it.
    pub subtask: String,
    /// The operators that have rows in it.
    pub operators: Vec<String>,
    /// How many rows it has.
    pub row_count: u64,
}

/// What a segment holds of its operators' state in its subtask's key groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentKind {
    /// All rows; nothing older of that subtask is needed.
    Base,
    /// The rows that changed since the segment before.
    Delta,
}
