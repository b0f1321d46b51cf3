//! What a node runs: texts of SQL with the connectors of this process.

use std::fmt;
use std::sync::Arc;

use eventflux_core::connector::{Registry, ResolveReference};
use eventflux_core::runtime::{InProcessEnds, Runtime, RuntimeConfig};
use eventflux_distributed::coordinator::PipelineSpec;
use eventflux_distributed::node::{Program, ProgramError, ProgramRun, Programs, Submission};
use eventflux_sql::diagnostic::SourceText;
use eventflux_sql::{CompileContext, CompiledApp, OutputMode, Settings, compile};

use crate::built_in_registry;
use crate::error::{BuildError, Rejected};

/// What is said of a text without a query.
pub(super) const NOTHING_TO_RUN: &str = "there is nothing to run: no query in this text";

/// Plans the texts of pipelines.
#[derive(Clone)]
pub struct SqlPrograms {
    config: RuntimeConfig,
}

impl fmt::Debug for SqlPrograms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlPrograms").finish_non_exhaustive()
    }
}

impl Default for SqlPrograms {
    fn default() -> Self {
        Self {
            config: RuntimeConfig {
                registry: built_in_registry(),
                ..RuntimeConfig::default()
            },
        }
    }
}

impl SqlPrograms {
    /// All connectors and formats, in place of the built-in ones. They have to be the same on every node.
    #[must_use]
    pub fn with_registry(mut self, registry: Registry) -> Self {
        self.config.registry = registry;
        self
    }

    /// Where `${env:…}` and `${file:…}` in options are looked up; without it, in the environment and files of this process.
    #[must_use]
    pub fn with_references(mut self, references: Arc<dyn ResolveReference>) -> Self {
        self.config.references = references;
        self
    }

    /// Compiles a text. `is_at_home`: it has a process in which streams without a connector live.
    pub(super) fn compiled<'a>(
        &self,
        name: &str,
        sql: &str,
        settings: impl Iterator<Item = (&'a String, &'a String)>,
        is_at_home: bool,
    ) -> Result<CompiledApp, BuildError> {
        let mut set = Settings::default();
        for (key, value) in settings {
            set.set(key, value)?;
        }
        let context = CompileContext {
            registry: self.config.registry.clone(),
            settings: set,
            outputs: match is_at_home {
                true => OutputMode::All,
                false => OutputMode::Terminal,
            },
            ..CompileContext::default()
        };
        let source = SourceText::new(format!("{name}.sql"), sql.to_owned());
        compile(&source, &context)
            .map_err(|diagnostics| BuildError::Diagnostics(Box::new(Rejected::new(source, diagnostics))))
    }

    /// How runs of a compiled text are made in this process.
    pub(super) fn config(&self, app: &CompiledApp) -> RuntimeConfig {
        RuntimeConfig {
            batch_rows_max: app.settings.batch_size.unwrap_or(self.config.batch_rows_max),
            ..self.config.clone()
        }
    }

    /// As [`Programs::describe`], of a text that may have streams without a connector: they live in the process of its home.
    pub(super) fn describe_at_home(&self, submission: &Submission) -> Result<Program, ProgramError> {
        self.program(submission, true)
    }

    /// As [`Programs::runtime`], with these ends in this process.
    pub(super) fn runtime_with(
        &self,
        spec: &PipelineSpec,
        run: ProgramRun,
        in_process: Option<Arc<InProcessEnds>>,
    ) -> Result<Runtime, ProgramError> {
        let settings = spec.settings.iter().map(|setting| (&setting.key, &setting.value));
        let is_at_home = spec.home != 0;
        let app = self
            .compiled(&spec.name, &spec.sql, settings, is_at_home)
            .map_err(refused)?;
        let config = RuntimeConfig {
            parallelism: spec.parallelism as usize,
            checkpoints: Some(run.checkpoints),
            key_group_map: Some(run.key_group_map),
            in_process,
            ..self.config(&app)
        };
        let mut runtime = Runtime::new(app.plan.clone(), config)?;
        if is_at_home {
            let unread = app
                .outputs
                .iter()
                .filter(|output| !spec.outputs.contains(&output.stream));
            unread.for_each(|output| runtime.leave_out(output.node));
        }
        Ok(runtime)
    }

    fn program(&self, submission: &Submission, is_at_home: bool) -> Result<Program, ProgramError> {
        let settings = submission.settings.iter().map(|(key, value)| (key, value));
        let app = self
            .compiled(&submission.name, &submission.sql, settings, is_at_home)
            .map_err(refused)?;
        if app.plan.nodes.is_empty() {
            return Err(ProgramError::Refused(NOTHING_TO_RUN.into()));
        }
        let runtime = Runtime::new(app.plan.clone(), self.config(&app))?;
        if !is_at_home {
            refuse_in_process(&runtime)?;
        }
        Ok(Program {
            identity: runtime.plan_identity(),
            parallelism: app.settings.parallelism,
        })
    }
}

impl Programs for SqlPrograms {
    fn describe(&self, submission: &Submission) -> Result<Program, ProgramError> {
        self.program(submission, false)
    }

    fn runtime(&self, spec: &PipelineSpec, run: ProgramRun) -> Result<Runtime, ProgramError> {
        self.runtime_with(spec, run, None)
    }
}

fn refused(error: BuildError) -> ProgramError {
    match error {
        BuildError::Diagnostics(rejected) => ProgramError::Rejected {
            text: rejected.to_string(),
            json: rejected.json(),
        },
        BuildError::Engine(error) => ProgramError::Engine(error),
        other => ProgramError::Refused(other.to_string()),
    }
}

/// Streams of a process have handlers in it; a pipeline without a home has no process.
fn refuse_in_process(runtime: &Runtime) -> Result<(), ProgramError> {
    let inputs = runtime.inputs().map(|input| input.stream());
    if let Some(stream) = inputs.into_iter().next() {
        return Err(ProgramError::Refused(format!(
            "stream `{stream}` has no connector: on a cluster rows come from connectors, so give it one, `WITH ('connector' = '…')`"
        )));
    }
    match runtime.outlets().next() {
        Some(outlet) => Err(ProgramError::Refused(format!(
            "the rows of `{}` have nowhere to go: on a cluster it needs a connector, `WITH ('connector' = '…')`",
            outlet.stream()
        ))),
        None => Ok(()),
    }
}
