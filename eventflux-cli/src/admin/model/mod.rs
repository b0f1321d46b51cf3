//! What the API takes and gives. The commands read these types, too.

mod checkpoint;
mod cluster;
mod member;
mod partition;
mod pipeline;
mod placement;
mod problem;
mod program;
mod state;

pub use checkpoint::{CheckpointList, CommittedCheckpoint, PublishedCheckpoint, TakenCheckpoint};
pub use cluster::{ClusterStatus, Health, NodeName};
pub use member::{Member, MemberList, Standing};
pub use partition::{Partition, PartitionList};
pub use pipeline::{
    Pipeline, PipelineList, PipelineState, PipelineText, Removed, Stopped, Submit, Submitted,
};
pub use placement::{NodePlacement, Placement, SourceSplit};
pub use problem::Problem;
pub use program::{Place, ProgramDiagnostic, ProgramLabel, ProgramSpan};
pub use state::{StoredOperator, StoredState, StoredValue};
