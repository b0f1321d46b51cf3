//! What a node needs of a compiler.

use std::fmt;

use eventflux_core::checkpoint::CheckpointConfig;
use eventflux_core::checkpoint::manifest::PlanIdentity;
use eventflux_core::key::KeyGroupMap;
use eventflux_core::runtime::Runtime;

use super::Submission;
use crate::coordinator::PipelineSpec;

/// Makes runs of texts. The same text gives the same plan on every node.
pub trait Programs: fmt::Debug + Send + Sync {
    /// Plans a text that is submitted; nothing is opened. It blocks.
    ///
    /// **Errors** The text, a setting or a connector's options are wrong; it needs something that only one process has.
    fn describe(&self, submission: &Submission) -> Result<Program, ProgramError>;

    /// Plans a pipeline's text for a run; nothing is opened. It blocks.
    ///
    /// **Errors** As above.
    fn runtime(&self, spec: &PipelineSpec, run: ProgramRun) -> Result<Runtime, ProgramError>;
}

/// How a text is run.
#[derive(Debug, Clone)]
pub struct ProgramRun {
    /// Where its state is.
    pub checkpoints: CheckpointConfig,
    /// Which subtask has which key group.
    pub key_group_map: KeyGroupMap,
}

/// What a text comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its operators.
    pub identity: PlanIdentity,
    /// Subtasks per operator, if the text or the settings say it.
    pub parallelism: Option<usize>,
    /// Settings that the pipeline has from the node that takes it, besides those of its submission.
    pub settings: Vec<(String, String)>,
}

/// Why a text cannot be run.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The text is wrong.
    #[error("{text}")]
    Rejected {
        /// For people: the lines, carets, what would help.
        text: String,
        /// One JSON object per line and diagnostic.
        json: String,
    },
    /// It cannot be run here.
    #[error("{0}")]
    Refused(String),
    /// A connector cannot be used.
    #[error(transparent)]
    Engine(#[from] eventflux_core::Error),
}
