//! From a text to a runtime, on one node or on many.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use eventflux_core::connector::{Registry, ResolveReference};
use eventflux_core::runtime::{InProcessEnds, Runtime, RuntimeConfig};
use eventflux_distributed::node::Submission;

use super::distributed_runtime::DistributedRuntime;
use super::embedded::{Embedded, EmbeddedParts};
use super::home_programs::HomePrograms;
use super::node_settings::NodeSettings;
use super::sql_programs::NOTHING_TO_RUN;
use super::{
    DistributedConfig, DistributedError, RuntimeMode, SqlPrograms, StateBackendConfig, StateBackendType,
    state_stores,
};
use crate::EventFluxAppRuntimeBuilder;

/// Builds a runtime of one text of SQL that runs as the configuration says: in this process, or on the nodes of a cluster.
///
/// Nothing is opened and no thread is started before [`DistributedRuntime::start`], but for the state of a runtime of one node.
pub struct DistributedRuntimeBuilder {
    app: String,
    name: String,
    config: DistributedConfig,
    settings: Vec<(String, String)>,
    parallelism: Option<usize>,
    registry: Option<Registry>,
    references: Option<Arc<dyn ResolveReference>>,
}

impl DistributedRuntimeBuilder {
    /// A builder for this text.
    pub fn new(app: impl Into<String>) -> Self {
        Self {
            app: app.into(),
            name: "app".into(),
            config: DistributedConfig::default(),
            settings: Vec::new(),
            parallelism: None,
            registry: None,
            references: None,
        }
    }

    /// What the pipeline is called in the cluster, and its state in the store; without it `app`.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Where and how it runs; without it, in this process alone.
    #[must_use]
    pub fn with_config(mut self, config: DistributedConfig) -> Self {
        self.config = config;
        self
    }

    /// Subtasks per operator over all nodes; without it what the text sets, or as many as the nodes that are up have cores.
    #[must_use]
    pub fn with_parallelism(mut self, parallelism: usize) -> Self {
        self.parallelism = Some(parallelism);
        self
    }

    /// A setting, as `SET key = value` in the text would have it; it wins over the text.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// All connectors and formats, in place of the built-in ones. They have to be the same on every node.
    #[must_use]
    pub fn with_registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Where `${env:…}` and `${file:…}` in options are looked up; without it, in the environment and files of this process.
    #[must_use]
    pub fn with_references(mut self, references: Arc<dyn ResolveReference>) -> Self {
        self.references = Some(references);
        self
    }

    /// Compiles the text and checks the configuration.
    ///
    /// **Errors** The text, a setting or a connector's options are wrong; the configuration cannot work; on one node, its state is in use
    /// or does not fit.
    pub fn build(self) -> Result<DistributedRuntime, DistributedError> {
        match self.config.mode {
            RuntimeMode::SingleNode => self.build_single(),
            RuntimeMode::Distributed => self.build_embedded(),
        }
    }

    fn build_single(self) -> Result<DistributedRuntime, DistributedError> {
        let mut builder = EventFluxAppRuntimeBuilder::new(self.app)
            .with_name(format!("{}.sql", self.name))
            .with_defaults(self.config.state_backend.defaults()?)
            .with_handler_bytes(self.config.handler_bytes_max);
        for (key, value) in self.settings {
            builder = builder.set(key, value);
        }
        if let Some(parallelism) = self.parallelism {
            builder = builder.with_parallelism(parallelism);
        }
        if let Some(registry) = self.registry {
            builder = builder.with_registry(registry);
        }
        if let Some(references) = self.references {
            builder = builder.with_references(references);
        }
        let StateBackendConfig {
            implementation,
            checkpoint_interval,
            ..
        } = &self.config.state_backend;
        if matches!(implementation, StateBackendType::None) {
            return Ok(DistributedRuntime::single(builder.build()?));
        }
        builder = builder
            .with_persistence_store(state_stores::open(implementation, &self.name, false)?)
            .with_compression(self.config.state_backend.compression());
        if *checkpoint_interval > Duration::ZERO {
            builder = builder.with_checkpoint_interval(*checkpoint_interval);
        }
        let runtime = builder.build()?;
        runtime.restore_last_revision()?;
        Ok(DistributedRuntime::single(runtime))
    }

    fn build_embedded(self) -> Result<DistributedRuntime, DistributedError> {
        let node = NodeSettings::new(&self.config, &self.name)?;
        let defaults = self.config.state_backend.defaults()?;
        let mut sql = SqlPrograms::default().with_defaults(defaults.clone());
        if let Some(registry) = self.registry {
            sql = sql.with_registry(registry);
        }
        if let Some(references) = self.references {
            sql = sql.with_references(references);
        }
        let settings = self.settings.iter().map(|(key, value)| (key, value));
        let app = sql.compiled(&self.name, &self.app, settings, &defaults, true)?;
        if app.plan.nodes.is_empty() {
            return Err(DistributedError::Configuration(NOTHING_TO_RUN.into()));
        }
        let config = RuntimeConfig {
            input_bytes_max: self.config.handler_bytes_max,
            ..sql.config(&app)
        };
        let ends = Arc::new(InProcessEnds::kept(&app.plan, &config, new_session())?);
        let config = RuntimeConfig {
            in_process: Some(Arc::clone(&ends)),
            ..config
        };
        // Connectors look at their options.
        let is_bounded = Runtime::new(app.plan.clone(), config)?.is_bounded();
        let programs = HomePrograms {
            sql,
            name: self.name.clone(),
            ends,
            node: OnceLock::new(),
            is_own: false.into(),
        };
        Ok(DistributedRuntime::embedded(Embedded::new(EmbeddedParts {
            node,
            join_timeout: self.config.cluster.join_timeout,
            app,
            is_bounded,
            programs: Arc::new(programs),
            submission: Submission {
                name: self.name,
                sql: self.app,
                parallelism: self.parallelism,
                settings: self.settings,
            },
        })))
    }
}

/// A name that no other process has.
fn new_session() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
