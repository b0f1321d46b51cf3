//! Pipelines, and how far they are.

use std::collections::BTreeMap;

use eventflux_core::checkpoint::manifest::PlanIdentity;

use super::NodeId;
use super::assignment::Assignment;

/// Given when a pipeline is submitted, never the same twice in a cluster; a name may be.
pub type PipelineId = u64;

/// What somebody submitted.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PipelineSpec {
    /// What people call it; unique among the pipelines that there are.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The text.
    #[prost(string, tag = "2")]
    pub sql: String,
    /// The plan that the text gave where it was submitted. A node that plans something else must not run it.
    #[prost(fixed64, tag = "3")]
    pub plan_fingerprint: u64,
    /// In how many groups keys are hashed: fixed for the life of the state.
    #[prost(uint32, tag = "4")]
    pub key_groups: u32,
    /// How many copies of each parallel operator there are, over all nodes.
    #[prost(uint32, tag = "5")]
    pub parallelism: u32,
    /// What the sources can be split into.
    #[prost(message, repeated, tag = "6")]
    pub sources: Vec<SourceSplits>,
    /// From the beginning of one checkpoint to that of the next, microseconds; 0: only when asked for and at the end.
    #[prost(int64, tag = "7")]
    pub checkpoint_interval_us: i64,
    /// An epoch whose acknowledgements take longer is given up, microseconds.
    #[prost(int64, tag = "8")]
    pub checkpoint_timeout_us: i64,
    /// Where its state lives: all nodes open it in the same way.
    #[prost(string, tag = "9")]
    pub state_store: String,
    /// Of state that is there already: the generation, epoch and manifest that it goes on from.
    #[prost(message, required, tag = "10")]
    pub origin: Committed,
    /// Given when the state was begun, and the same ever after: sinks mark with it what they have written.
    #[prost(string, tag = "11")]
    pub app_id: String,
    /// The plan's operators, as manifests describe them: JSON of a [`PlanIdentity`].
    #[prost(bytes = "vec", tag = "12")]
    pub plan_identity: Vec<u8>,
    /// Its generations are larger than this one: others have written to its store.
    #[prost(uint64, tag = "13")]
    pub generation_floor: u64,
    /// Its epochs are larger than this one: others have written to its store.
    #[prost(uint64, tag = "14")]
    pub epoch_floor: u64,
    /// Settings, as `SET key = value` in the text would have them.
    #[prost(message, repeated, tag = "15")]
    pub settings: Vec<Setting>,
    /// The node whose process has the streams without a connector: their handlers, callbacks and row streams. The pipeline runs while this
    /// node is up. 0: there are none.
    #[prost(fixed64, tag = "16")]
    pub home: NodeId,
    /// The streams whose rows its home wants.
    #[prost(string, repeated, tag = "17")]
    pub outputs: Vec<String>,
}

/// A setting of a pipeline.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Setting {
    /// Its name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Its value.
    #[prost(string, tag = "2")]
    pub value: String,
}

impl PipelineSpec {
    /// The plan as manifests describe it.
    pub fn decode_plan_identity(&self) -> Result<PlanIdentity, String> {
        let identity: PlanIdentity =
            serde_json::from_slice(&self.plan_identity).map_err(|error| error.to_string())?;
        match identity.fingerprint == self.plan_fingerprint && identity.key_groups == self.key_groups {
            true => Ok(identity),
            false => Err("it describes another plan".to_owned()),
        }
    }
}

/// What one source can be split into.
///
/// No source of the engine is placed by this today: a source divides what it reads among its subtasks, so partitions move with loops. It
/// stays, with [`Change::SetSources`](super::Change::SetSources) and [`SplitPlacement`](super::SplitPlacement), for sources whose splits
/// are to stay where they are when the number of subtasks changes; the simulator's are placed so.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SourceSplits {
    /// The source.
    #[prost(string, tag = "1")]
    pub operator_id: String,
    /// Its splits (partitions, files, ranges), by the source's own names.
    #[prost(string, repeated, tag = "2")]
    pub splits: Vec<String>,
}

/// What somebody wants of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Desired {
    /// That it runs.
    Running = 0,
    /// That it takes a last checkpoint and stops.
    Stopped = 1,
    /// That it stops where it is and is forgotten.
    Removed = 2,
}

/// A manifest that was stored before it was proposed.
#[derive(Clone, PartialEq, Eq, Hash, prost::Message)]
pub struct ManifestRef {
    /// The object that it was staged in.
    #[prost(string, tag = "1")]
    pub staged_name: String,
    /// The number under which it is published.
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
    /// The size of the object.
    #[prost(uint64, tag = "3")]
    pub size_bytes: u64,
    /// The checksum of the object.
    #[prost(fixed32, tag = "4")]
    pub crc32c: u32,
}

/// A committed epoch. All zero: none.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Committed {
    /// The generation that wrote it.
    #[prost(uint64, tag = "1")]
    pub generation: u64,
    /// The epoch.
    #[prost(uint64, tag = "2")]
    pub epoch: u64,
    /// What it consists of.
    #[prost(message, required, tag = "3")]
    pub manifest: ManifestRef,
}

/// A pipeline.
///
/// ```text
///            BeginGeneration             BeginGeneration (a node was lost, joined, left)
///   at rest ─────────────────► running ◄────────┐
///      ▲                        │    └──────────┘
///      └────────────────────────┘ Halt (stopped, ended, failed)
/// ```
///
/// **Invariants** Generations and epochs only grow. `committed.epoch` is never above `last_epoch`. An epoch is in flight only
/// while there is an assignment.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Pipeline {
    /// Its id.
    #[prost(uint64, tag = "1")]
    pub id: PipelineId,
    /// What was submitted.
    #[prost(message, required, tag = "2")]
    pub spec: PipelineSpec,
    /// What somebody wants of it.
    #[prost(enumeration = "Desired", tag = "3")]
    pub desired: i32,
    /// The last generation that was begun; 0: none.
    #[prost(uint64, tag = "4")]
    pub generation: u64,
    /// Who runs it, if it runs.
    #[prost(message, optional, tag = "5")]
    pub assignment: Option<Assignment>,
    /// Who ran it last: what moves little is measured against this.
    #[prost(message, optional, tag = "6")]
    pub last_assignment: Option<Assignment>,
    /// The largest epoch that was begun.
    #[prost(uint64, tag = "7")]
    pub last_epoch: u64,
    /// The epoch in flight; 0: none.
    #[prost(uint64, tag = "8")]
    pub in_flight: u64,
    /// The newest committed epoch.
    #[prost(message, required, tag = "9")]
    pub committed: Committed,
    /// What the current generation goes on from.
    #[prost(message, required, tag = "10")]
    pub restored: Committed,
    /// By sink, the epoch up to which its notes are known to be visible.
    #[prost(btree_map = "string, uint64", tag = "11")]
    pub delivered: BTreeMap<String, u64>,
    /// All its inputs have ended, and everything is committed.
    #[prost(bool, tag = "12")]
    pub is_finished: bool,
    /// Why it does not run any more, if it failed for good.
    #[prost(string, tag = "13")]
    pub failure: String,
}

impl Pipeline {
    /// Whether it ought to be running.
    pub fn is_wanted(&self) -> bool {
        self.desired() == Desired::Running && !self.is_finished && self.failure.is_empty()
    }

    /// Whether it has read everything, and it is not known that all of its output is visible: somebody has to see to that.
    pub fn is_ending(&self) -> bool {
        self.is_finished && self.assignment.is_some() && self.failure.is_empty()
    }
}
