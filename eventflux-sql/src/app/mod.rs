//! What goes into a compilation and what comes out of it.

mod answer;
mod compiled;
mod context;
mod settings;

pub use answer::Answer;
pub use compiled::{CompiledApp, LogicalQuery, OutputInfo, OutputKind, StreamInfo, StreamRole};
pub use context::{CompileContext, ConnectorMode, OutputMode};
pub use settings::{SETTINGS, SettingDoc, SettingError, Settings, TtlSetting};
