//! What a process that is the home of a pipeline runs.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use eventflux_core::Error;
use eventflux_core::runtime::{InProcessEnds, Runtime};
use eventflux_distributed::coordinator::{NodeId, PipelineSpec};
use eventflux_distributed::node::{Program, ProgramError, ProgramRun, Programs, Submission};

use super::SqlPrograms;

/// Plans texts; the streams of its own pipeline have their ends in this process.
///
/// **Invariants** What an earlier process has submitted under the same name does not get this one's rows.
#[derive(Debug)]
pub(super) struct HomePrograms {
    pub(super) sql: SqlPrograms,
    pub(super) name: String,
    pub(super) ends: Arc<InProcessEnds>,
    /// This node, once it is known.
    pub(super) node: OnceLock<NodeId>,
    /// The pipeline of this name is that of this process.
    pub(super) is_own: AtomicBool,
}

impl Programs for HomePrograms {
    fn describe(&self, submission: &Submission) -> Result<Program, ProgramError> {
        match submission.name == self.name {
            true => self.sql.describe_at_home(submission),
            false => self.sql.describe(submission),
        }
    }

    fn runtime(&self, spec: &PipelineSpec, run: ProgramRun) -> Result<Runtime, ProgramError> {
        if spec.name != self.name || self.node.get().is_some_and(|node| spec.home != *node) {
            return self.sql.runtime(spec, run);
        }
        if !self.is_own.load(Ordering::Acquire) {
            // It is tried again, and by then this process has submitted its own.
            let subtask = format!("the pipeline `{}` of an earlier process", self.name);
            return Err(ProgramError::Engine(Error::Cancelled { subtask }));
        }
        self.sql.runtime_with(spec, run, Some(Arc::clone(&self.ends)))
    }
}
