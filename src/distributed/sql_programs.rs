//! What a node runs: texts of SQL with the connectors of this process.

use std::fmt;
use std::sync::Arc;

use eventflux_core::connector::{Registry, ResolveReference};
use eventflux_core::runtime::{Runtime, RuntimeConfig};
use eventflux_distributed::coordinator::PipelineSpec;
use eventflux_distributed::node::{Program, ProgramError, ProgramRun, Programs, Submission};
use eventflux_sql::diagnostic::SourceText;
use eventflux_sql::{CompileContext, CompiledApp, Settings, compile};

use crate::built_in_registry;
use crate::error::Rejected;

/// Plans the texts of pipelines.
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

    fn compiled<'a>(
        &self,
        name: &str,
        sql: &str,
        settings: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Result<CompiledApp, ProgramError> {
        let mut set = Settings::default();
        for (key, value) in settings {
            set.set(key, value)
                .map_err(|error| ProgramError::Refused(error.to_string()))?;
        }
        let context = CompileContext {
            registry: self.config.registry.clone(),
            settings: set,
            ..CompileContext::default()
        };
        let source = SourceText::new(format!("{name}.sql"), sql.to_owned());
        compile(&source, &context).map_err(|diagnostics| {
            let rejected = Rejected::new(source, diagnostics);
            ProgramError::Rejected {
                text: rejected.to_string(),
                json: rejected.json(),
            }
        })
    }

    fn runtime_of(
        &self,
        app: &CompiledApp,
        parallelism: usize,
        run: Option<ProgramRun>,
    ) -> Result<Runtime, ProgramError> {
        let mut config = self.config.clone();
        config.parallelism = parallelism;
        config.batch_rows_max = app.settings.batch_size.unwrap_or(config.batch_rows_max);
        if let Some(run) = run {
            config.checkpoints = Some(run.checkpoints);
            config.key_group_map = Some(run.key_group_map);
        }
        Ok(Runtime::new(app.plan.clone(), config)?)
    }
}

impl Programs for SqlPrograms {
    fn describe(&self, submission: &Submission) -> Result<Program, ProgramError> {
        let settings = submission.settings.iter().map(|(key, value)| (key, value));
        let app = self.compiled(&submission.name, &submission.sql, settings)?;
        if app.plan.nodes.is_empty() {
            return Err(ProgramError::Refused(
                "there is nothing to run: no query in this text".into(),
            ));
        }
        let runtime = self.runtime_of(&app, 1, None)?;
        refuse_in_process(&runtime)?;
        Ok(Program {
            identity: runtime.plan_identity(),
            parallelism: app.settings.parallelism,
        })
    }

    fn runtime(&self, spec: &PipelineSpec, run: ProgramRun) -> Result<Runtime, ProgramError> {
        let settings = spec.settings.iter().map(|setting| (&setting.key, &setting.value));
        let app = self.compiled(&spec.name, &spec.sql, settings)?;
        self.runtime_of(&app, spec.parallelism as usize, Some(run))
    }
}

/// Streams of a process have handlers in it; no node of a cluster does.
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
