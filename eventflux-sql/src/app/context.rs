//! What a text is compiled against.

use std::time::Duration;

use eventflux_core::connector::Registry;

use super::Settings;
use crate::function::FunctionRegistry;

/// What is known besides the text.
#[derive(Clone)]
pub struct CompileContext {
    /// The connectors and formats.
    pub registry: Registry,
    /// The functions that queries may call.
    pub functions: FunctionRegistry,
    /// Settings given from outside; they win over SET in the text.
    pub settings: Settings,
    /// Settings for texts that say nothing of them.
    pub defaults: Settings,
    /// Which streams are also given to this process.
    pub outputs: OutputMode,
    /// Whether connectors are used.
    pub connectors: ConnectorMode,
    /// How long planning may take.
    pub planning_time_max: Duration,
}

/// Which streams are given to callbacks and row streams of this process, or to the command's printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputMode {
    /// Bare SELECTs, and streams without a connector that no query reads.
    #[default]
    Terminal,
    /// Every stream that a query inserts into, and bare SELECTs.
    All,
}

/// Whether connectors are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectorMode {
    /// As the text says.
    #[default]
    Real,
    /// Sources are fed by this process, sinks are left out: for `replay` and tests. Options are checked all the same.
    InProcess,
}

impl Default for CompileContext {
    fn default() -> Self {
        Self {
            registry: Registry::default(),
            functions: FunctionRegistry::default(),
            settings: Settings::default(),
            defaults: Settings::default(),
            outputs: OutputMode::default(),
            connectors: ConnectorMode::default(),
            planning_time_max: Duration::from_secs(10),
        }
    }
}
