//! What a node runs: texts of SQL with the connectors of this process.

use std::fmt;
use std::sync::Arc;

use eventflux_core::connector::{Registry, ResolveReference};
use eventflux_core::runtime::{InProcessEnds, Runtime, RuntimeConfig};
use eventflux_distributed::coordinator::PipelineSpec;
use eventflux_distributed::node::{Program, ProgramError, ProgramRun, Programs, Submission};
use eventflux_sql::diagnostic::SourceText;
use eventflux_sql::{CompileContext, CompiledApp, OutputMode, Settings, TtlSetting, compile};

use crate::built_in_registry;
use crate::error::{BuildError, Rejected};

/// What is said of a text without a query.
pub(super) const NOTHING_TO_RUN: &str = "there is nothing to run: no query in this text";

/// The setting that may come from the node that a text is submitted to.
const STATE_TTL: &str = "state_ttl";

/// Plans the texts of pipelines.
#[derive(Clone)]
pub struct SqlPrograms {
    config: RuntimeConfig,
    /// Settings of texts that are submitted here and say nothing of them.
    defaults: Settings,
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
            defaults: Settings::default(),
        }
    }
}

impl SqlPrograms {
    /// When texts that are submitted here forget state of keys that are written no more, if they do not set it themselves. It becomes
    /// part of the pipeline, which is the same on all nodes.
    #[must_use]
    pub fn with_state_ttl(self, state_ttl: TtlSetting) -> Self {
        self.with_defaults(Settings {
            state_ttl: Some(state_ttl),
            ..Settings::default()
        })
    }

    /// Settings of texts that are submitted here and do not set them themselves. Of these, a TTL only becomes part of the pipeline.
    pub(super) fn with_defaults(mut self, defaults: Settings) -> Self {
        self.defaults = defaults;
        self
    }

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
        defaults: &Settings,
        is_at_home: bool,
    ) -> Result<CompiledApp, BuildError> {
        let mut set = Settings::default();
        for (key, value) in settings {
            set.set(key, value)?;
        }
        let context = CompileContext {
            registry: self.config.registry.clone(),
            settings: set,
            defaults: defaults.clone(),
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
            .compiled(&spec.name, &spec.sql, settings, &Settings::default(), is_at_home)
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
            .compiled(
                &submission.name,
                &submission.sql,
                settings,
                &self.defaults,
                is_at_home,
            )
            .map_err(refused)?;
        if app.plan.nodes.is_empty() {
            return Err(ProgramError::Refused(NOTHING_TO_RUN.into()));
        }
        let runtime = Runtime::new(app.plan.clone(), self.config(&app))?;
        if !is_at_home {
            refuse_in_process(&runtime)?;
        }
        let is_set = submission.settings.iter().any(|(key, _)| key == STATE_TTL);
        let state_ttl = app
            .settings
            .state_ttl
            .filter(|_| !is_set && self.defaults.state_ttl.is_some());
        let state_ttl = state_ttl.map(|state_ttl| (STATE_TTL.to_owned(), state_ttl.to_string()));
        Ok(Program {
            identity: runtime.plan_identity(),
            parallelism: app.settings.parallelism,
            settings: state_ttl.into_iter().collect(),
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

#[cfg(test)]
mod tests {
    use eventflux_core::checkpoint::manifest::PlanIdentity;

    use super::*;

    const STREAMS: &str = "CREATE STREAM s (k STRING, at TIMESTAMP, WATERMARK FOR at AS at)
        WITH ('connector' = 'file', 'path' = 's.ndjson', 'format' = 'json');
        CREATE STREAM o (k STRING, n BIGINT) WITH ('connector' = 'blackhole');
        INSERT INTO o SELECT k, count(*) FROM s GROUP BY k;";

    #[test]
    fn the_ttl_of_the_node_that_takes_a_text_becomes_part_of_the_pipeline() {
        let here = SqlPrograms::default().with_state_ttl(TtlSetting::After(5));
        let elsewhere = SqlPrograms::default();
        let settings_of = |sql: String, settings: &[(&str, &str)]| {
            let settings = settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let submission = Submission {
                name: "totals".into(),
                sql,
                parallelism: None,
                settings: settings.collect(),
            };
            let program = here.describe(&submission).unwrap();
            let all = [submission.settings.clone(), program.settings.clone()].concat();
            // What other nodes make of it is the same plan.
            let pairs = all.iter().map(|(key, value)| (key, value));
            let planned = elsewhere.compiled("totals", &submission.sql, pairs, &Settings::default(), false);
            let plan = planned.unwrap_or_else(|error| panic!("{error}")).plan;
            assert_eq!(program.identity, PlanIdentity::of(&plan));
            all
        };
        let ttl = |value: &str| vec![("state_ttl".to_owned(), value.to_owned())];
        assert_eq!(settings_of(STREAMS.into(), &[]), ttl("5us"));
        assert_eq!(
            settings_of(format!("SET state_ttl = '7us'; {STREAMS}"), &[]),
            ttl("7us")
        );
        assert_eq!(settings_of(STREAMS.into(), &[("state_ttl", "none")]), ttl("none"));
        let none = settings_of(format!("SET state_ttl = 'none'; {STREAMS}"), &[]);
        assert_eq!(none, ttl("none"));
    }
}
