//! What the API needs of a node.

use std::sync::Arc;

use eventflux::async_trait;
use eventflux::metrics::MetricsSnapshot;
use eventflux::state::store::CheckpointStore;
use eventflux_distributed::cluster_node::ClusterNode;
use eventflux_distributed::coordinator::{PipelineId, PipelineSpec};

use super::model::ProgramDiagnostic;

/// A node, as far as the API needs it.
#[async_trait]
pub trait AdminNode: Send + Sync + 'static {
    /// Its part of the cluster.
    fn cluster(&self) -> &ClusterNode;

    /// Compiles a program and has the cluster run it.
    async fn submit(&self, submission: Submission) -> Result<PipelineId, SubmitError>;

    /// What it measures of each pipeline that it runs a part of, by the pipeline's name.
    fn metrics(&self) -> Vec<(String, MetricsSnapshot)>;

    /// Opens the state of a pipeline.
    fn open_store(&self, spec: &PipelineSpec) -> eventflux::Result<Arc<dyn CheckpointStore>>;
}

/// What somebody wants to have run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// What people will call it.
    pub name: String,
    /// The text.
    pub sql: String,
    /// Subtasks per operator, over all nodes.
    pub parallelism: Option<usize>,
    /// As `SET key = value` in the text would.
    pub settings: Vec<(String, String)>,
}

/// Why it is not run.
#[derive(Debug, Clone, PartialEq)]
pub enum SubmitError {
    /// The text is wrong.
    Program(Vec<ProgramDiagnostic>),
    /// There is a pipeline of that name.
    Exists(String),
    /// It makes no sense, or this cluster cannot run it.
    Refused(String),
    /// The cluster does not answer.
    Unavailable(String),
}
