//! One epoch.

use serde::{Deserialize, Serialize};

use super::{PlanIdentity, SinkNote};
use crate::state::segment::SegmentRef;

/// What one committed epoch consists of. [`Manifest::encode`] is its stored form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its place in the app's row of manifests: one more than that of the manifest before it.
    pub sequence: u64,
    /// Which run of the app wrote it.
    pub generation: u64,
    /// The checkpoint's number.
    pub epoch: u64,
    /// When it was written, microseconds since the epoch, UTC.
    pub created_at_us: i64,
    /// The app's name.
    pub app: String,
    /// Given when the app's state was begun, and the same ever after: sinks mark with it what they have written.
    pub app_id: String,
    /// What was run.
    pub plan: PlanIdentity,
    /// The parallelism of the run.
    pub parallelism: u32,
    /// What tells the run's map of key groups from others; `None`: each subtask had one contiguous range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_group_map: Option<String>,
    /// Where the state is: per subtask a base, then the deltas since, oldest first.
    pub segments: Vec<SegmentRef>,
    /// How far the sources have come.
    pub sources: Vec<SourceProgress>,
    /// How far event time had come.
    pub times: Vec<TimeProgress>,
    /// What the sinks need to commit this epoch, and epochs before it that they had not committed yet; committing one again
    /// changes nothing.
    pub sinks: Vec<SinkNote>,
}

/// How far a source had come in one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceProgress {
    /// The source.
    pub operator_id: String,
    /// The outside system's partition.
    pub partition: String,
    /// The connector's own encoding.
    pub position: String,
}

/// How far event time had come at an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeProgress {
    /// The operator.
    pub operator_id: String,
    /// Of a source: the partition whose largest event time it is. Otherwise the least watermark of the operator's subtasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Microseconds since the epoch.
    pub time_us: i64,
}

impl Manifest {
    /// The names of all objects that it needs.
    pub fn object_names(&self) -> impl Iterator<Item = &str> {
        let segments = self.segments.iter().map(|segment| segment.name.as_str());
        segments.chain(self.sinks.iter().filter_map(SinkNote::object_name))
    }
}
