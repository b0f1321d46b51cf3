//! From a text to a pipeline of the cluster.

use eventflux_core::checkpoint::manifest::{Manifest, ManifestLog};
use eventflux_core::time::micros;

use super::programs::{Program, ProgramError};
use crate::Error;
use crate::coordinator::{Change, Committed, ManifestRef, PipelineId, PipelineSpec, Refusal, Setting};
use crate::node::Node;

/// A text that is to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submission {
    /// What people call the pipeline: letters, digits, `-`, `_` and `.`; at most 128 bytes.
    pub name: String,
    /// The text.
    pub sql: String,
    /// Subtasks per operator over all nodes; `None`: what the text sets, or as many as the cluster has cores.
    pub parallelism: Option<usize>,
    /// Settings, as `SET key = value` in the text would have them.
    pub settings: Vec<(String, String)>,
}

/// Why a text was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The text cannot be run.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// There is a pipeline of this name.
    #[error("there is a pipeline `{name}` already")]
    Exists {
        /// The name.
        name: String,
    },
    /// Something else is wrong with it.
    #[error("{0}")]
    Refused(String),
    /// No leader was found in time. If one has heard of it, it may have been taken.
    #[error("{0}")]
    NoLeader(String),
    /// The state's store or the coordinator cannot be reached now.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Error> for SubmitError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(outcome) => Self::Refused(outcome.message),
            Error::NoLeader { .. } => Self::NoLeader(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl Node {
    /// Plans a text, makes a place for its state and has the cluster run it. State that is there already under this name is gone on
    /// from, if it fits.
    ///
    /// **Errors** The text is wrong; there is a pipeline of this name; nobody leads.
    pub async fn submit(&self, submission: Submission) -> Result<PipelineId, SubmitError> {
        self.submit_with(submission, PipelineSpec::default()).await
    }

    /// As [`Node::submit`], of a text with streams that live in this process: it runs while this node is up. `outputs`: the streams whose
    /// rows are wanted here.
    ///
    /// **Errors** As those of [`Node::submit`].
    pub async fn submit_at_home(
        &self,
        submission: Submission,
        outputs: Vec<String>,
    ) -> Result<PipelineId, SubmitError> {
        let home = self.cluster().id();
        let base = PipelineSpec {
            home,
            outputs,
            ..PipelineSpec::default()
        };
        self.submit_with(submission, base).await
    }

    async fn submit_with(
        &self,
        submission: Submission,
        base: PipelineSpec,
    ) -> Result<PipelineId, SubmitError> {
        check_name(&submission.name)?;
        let programs = self.programs();
        let described = submission.clone();
        let planning = tokio::task::spawn_blocking(move || programs.describe(&described));
        let program = planning
            .await
            .map_err(|error| SubmitError::Refused(format!("the compiler has panicked: {error}")))??;
        let spec = self.spec(submission, &program, base).await?;
        let name = spec.name.clone();
        match self.cluster().propose(Change::Submit(spec)).await {
            Ok(outcome) => Ok(outcome.granted),
            Err(Error::Refused(outcome)) if outcome.refusal() == Refusal::Taken => {
                Err(SubmitError::Exists { name })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn spec(
        &self,
        submission: Submission,
        program: &Program,
        base: PipelineSpec,
    ) -> Result<PipelineSpec, SubmitError> {
        let Submission {
            name,
            sql,
            parallelism,
            settings,
        } = submission;
        let parallelism = parallelism.or(program.parallelism);
        let parallelism = parallelism.unwrap_or_else(|| self.usual_parallelism());
        let identity = &program.identity;
        let mut spec = PipelineSpec {
            state_store: name.clone(),
            name,
            sql,
            plan_fingerprint: identity.fingerprint,
            key_groups: identity.key_groups,
            parallelism: u32::try_from(parallelism).unwrap_or(u32::MAX),
            checkpoint_interval_us: micros(self.checkpoints().interval),
            checkpoint_timeout_us: micros(self.checkpoints().timeout),
            plan_identity: serde_json::to_vec(identity)
                .map_err(|error| SubmitError::Refused(error.to_string()))?,
            settings: settings
                .into_iter()
                .chain(program.settings.iter().cloned())
                .map(|(key, value)| Setting { key, value })
                .collect(),
            ..base
        };
        let unavailable = |error: eventflux_core::Error| SubmitError::Unavailable(error.to_string());
        let (open_store, opened) = (self.store_opener(), spec.clone());
        let opening = tokio::task::spawn_blocking(move || open_store(&opened));
        let opened = opening
            .await
            .map_err(|error| SubmitError::Refused(error.to_string()))?;
        let store = opened.map_err(unavailable)?;
        let log = ManifestLog::new(store);
        let newest = log.newest().await.map_err(unavailable)?;
        let new_app_id = || format!("{:016x}", crate::consensus::new_id());
        let claimed = log
            .claim(newest.as_ref(), new_app_id)
            .await
            .map_err(unavailable)?;
        spec.app_id = claimed.app_id;
        spec.generation_floor = claimed.generation;
        spec.epoch_floor = claimed.epoch_floor;
        spec.origin = newest.as_ref().map(origin).unwrap_or_default();
        Ok(spec)
    }
}

/// A manifest that is in its place already.
fn origin(manifest: &Manifest) -> Committed {
    Committed {
        generation: manifest.generation,
        epoch: manifest.epoch,
        manifest: ManifestRef {
            sequence: manifest.sequence,
            ..ManifestRef::default()
        },
    }
}

/// The name is part of names of objects.
fn check_name(name: &str) -> Result<(), SubmitError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    match name.len() {
        1..=128 if name.bytes().all(is_plain) && !name.starts_with('.') => Ok(()),
        _ => Err(SubmitError::Refused(format!(
            "`{name}` cannot be the name of a pipeline: it takes 1 to 128 letters, digits, `-`, `_` and `.`, and does not begin with `.`"
        ))),
    }
}
