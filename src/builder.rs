//! From a text to a runtime.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eventflux_core::checkpoint::{CheckpointConfig, StartFrom};
use eventflux_core::connector::{
    DecodeFormat, EncodeFormat, Registry, ResolveReference, SinkConnector, SourceConnector,
};
use eventflux_core::expr::ScalarFunction;
use eventflux_core::runtime::{MemoryLimit, Runtime, RuntimeConfig};
use eventflux_core::state::store::CheckpointStore;
use eventflux_core::time::Clock;
use eventflux_sql::diagnostic::SourceText;
use eventflux_sql::function::FunctionRegistry;
use eventflux_sql::{CompileContext, OutputMode, Settings, compile};

use crate::app_runtime::EventFluxAppRuntime;
use crate::built_in_registry;
use crate::error::{BuildError, Rejected};

/// Builds a runtime of one text of SQL.
///
/// Nothing is opened and no thread is started before [`EventFluxAppRuntime::start`].
pub struct EventFluxAppRuntimeBuilder {
    source: SourceText,
    settings: Vec<(String, String)>,
    config: RuntimeConfig,
    functions: Vec<Arc<dyn ScalarFunction>>,
    interval: Option<Duration>,
    defaults: Settings,
}

impl EventFluxAppRuntimeBuilder {
    /// A builder for this text.
    pub fn new(app: impl Into<String>) -> Self {
        Self {
            source: SourceText::new("app.sql", app),
            settings: Vec::new(),
            config: RuntimeConfig {
                registry: built_in_registry(),
                ..RuntimeConfig::default()
            },
            functions: Vec::new(),
            interval: None,
            defaults: Settings::default(),
        }
    }

    /// The name under which diagnostics show the text; without it `app.sql`.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.source = SourceText::new(name, self.source.text().to_owned());
        self
    }

    /// Subtasks per operator, where the query can use as many; without it, the number of cores.
    #[must_use]
    pub fn with_parallelism(self, parallelism: usize) -> Self {
        self.set("parallelism", parallelism.to_string())
    }

    /// Rows that travel together at the most. Results do not depend on it.
    #[must_use]
    pub fn with_batch_size(self, rows: usize) -> Self {
        self.set("batch_size", rows.to_string())
    }

    /// A setting, as `SET key = value` in the text would have it; it wins over the text.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// Where the state is saved: when [`EventFluxAppRuntime::persist_state`] asks for it, at the interval of
    /// [`with_checkpoint_interval`](Self::with_checkpoint_interval), and when the run ends. A runtime starts from the beginning
    /// unless it is told to restore.
    #[must_use]
    pub fn with_persistence_store(mut self, store: Box<dyn CheckpointStore>) -> Self {
        self.config.checkpoints = Some(CheckpointConfig {
            from: StartFrom::Nothing,
            app: self.source.name().to_owned(),
            ..CheckpointConfig::new(Arc::from(store))
        });
        self
    }

    /// Saves the state again and again, from the beginning of one checkpoint to that of the next; needs a store.
    #[must_use]
    pub fn with_checkpoint_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Settings that the text may set otherwise.
    #[cfg(feature = "cluster")]
    #[must_use]
    pub(crate) fn with_defaults(mut self, defaults: Settings) -> Self {
        self.defaults = defaults;
        self
    }

    /// Bytes of rows that may wait behind one input handler.
    #[cfg(feature = "cluster")]
    #[must_use]
    pub(crate) fn with_handler_bytes(mut self, bytes_max: usize) -> Self {
        self.config.input_bytes_max = bytes_max;
        self
    }

    /// How saved state is compressed; needs a store.
    #[cfg(feature = "cluster")]
    #[must_use]
    pub(crate) fn with_compression(
        mut self,
        compression: eventflux_core::state::segment::Compression,
    ) -> Self {
        if let Some(checkpoints) = &mut self.config.checkpoints {
            checkpoints.compression = compression;
        }
        self
    }

    /// The clock that gives processing time and `now()`; without it, the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.config.clock = clock;
        self
    }

    /// Bytes of rows that may wait behind one input handler, and on one edge between two subtasks, before senders wait.
    #[must_use]
    pub fn with_queue_bytes(mut self, bytes_max: usize) -> Self {
        self.config.input_bytes_max = bytes_max;
        self.config.edge_bytes_max = bytes_max;
        self
    }

    /// Keeps the run to this many bytes of memory, besides what the program itself takes: sources wait, and state that does not fit
    /// goes to a folder of its own among the temporary files, which is gone at the end. Needs the feature `spill`.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: u64) -> Self {
        self.config.memory = Some(MemoryLimit {
            bytes,
            state_bytes: None,
            folder: std::env::temp_dir(),
            is_kept: false,
        });
        self
    }

    /// Keeps the run to this many bytes of memory, with the state that does not fit in this folder. In a run with checkpoints it
    /// stays there, so that the next start need not read it from the checkpoint again. Needs the feature `spill`.
    #[must_use]
    pub fn with_memory_limit_in(mut self, bytes: u64, folder: impl Into<PathBuf>) -> Self {
        self.config.memory = Some(MemoryLimit {
            bytes,
            state_bytes: None,
            folder: folder.into(),
            is_kept: true,
        });
        self
    }

    /// Where `${env:…}` and `${file:…}` in options are looked up; without it, in the environment and files of this process.
    #[must_use]
    pub fn with_references(mut self, references: Arc<dyn ResolveReference>) -> Self {
        self.config.references = references;
        self
    }

    /// All connectors and formats, in place of the built-in ones.
    #[must_use]
    pub fn with_registry(mut self, registry: Registry) -> Self {
        self.config.registry = registry;
        self
    }

    /// A source of the program's own, for `'connector' = '…'` by its name; it wins over a built-in one.
    #[must_use]
    pub fn register_source(mut self, connector: Arc<dyn SourceConnector>) -> Self {
        self.config.registry.add_source(connector);
        self
    }

    /// A sink of the program's own, for `'connector' = '…'` by its name; it wins over a built-in one.
    #[must_use]
    pub fn register_sink(mut self, connector: Arc<dyn SinkConnector>) -> Self {
        self.config.registry.add_sink(connector);
        self
    }

    /// A format of the program's own that can be read, for `'format' = '…'` by its name.
    #[must_use]
    pub fn register_decoder(mut self, format: Arc<dyn DecodeFormat>) -> Self {
        self.config.registry.add_decoder(format);
        self
    }

    /// A format of the program's own that can be written, for `'format' = '…'` by its name.
    #[must_use]
    pub fn register_encoder(mut self, format: Arc<dyn EncodeFormat>) -> Self {
        self.config.registry.add_encoder(format);
        self
    }

    /// A scalar function of the program's own; queries call it by its name.
    #[must_use]
    pub fn register_function(mut self, function: impl ScalarFunction + 'static) -> Self {
        self.functions.push(Arc::new(function));
        self
    }

    /// Compiles the text.
    ///
    /// **Errors** The text, a setting, a function's name or a connector's options are wrong.
    pub fn build(self) -> Result<EventFluxAppRuntime, BuildError> {
        let mut settings = Settings::default();
        for (key, value) in &self.settings {
            settings.set(key, value)?;
        }
        let mut functions = FunctionRegistry::default();
        for function in self.functions {
            functions.register(function)?;
        }
        let context = CompileContext {
            registry: self.config.registry.clone(),
            functions,
            settings,
            defaults: self.defaults,
            outputs: OutputMode::All,
            ..CompileContext::default()
        };
        let app = compile(&self.source, &context).map_err(|diagnostics| {
            BuildError::Diagnostics(Box::new(Rejected::new(self.source, diagnostics)))
        })?;
        let mut config = self.config;
        match (&mut config.checkpoints, self.interval) {
            (Some(checkpoints), interval) => checkpoints.interval = interval,
            (None, Some(_)) => return Err(BuildError::NoStore),
            (None, None) => {}
        }
        config.parallelism = app.settings.parallelism.unwrap_or_else(core_count);
        config.batch_rows_max = app.settings.batch_size.unwrap_or(config.batch_rows_max);
        let runtime = Runtime::new(app.plan.clone(), config)?;
        Ok(EventFluxAppRuntime::new(app, runtime))
    }
}

fn core_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
