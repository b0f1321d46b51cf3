//! The compiler of EventFlux: SQL text to diagnostics or a physical plan.
//!
//! `text -> tokens (with positions) -> statements -> catalog -> logical plan -> streaming plan -> physical plan`
//!
//! [`compile`] is the way in. It reads no file, no environment and no clock: the same text, context and settings give
//! the same plan everywhere.

mod app;
mod catalog;
mod compile;
pub mod diagnostic;
pub mod duration;
mod explain;
pub mod function;
pub mod option;
mod planner;
pub mod statement;
mod text;

pub use app::{
    Answer, CompileContext, CompiledApp, ConnectorMode, LogicalQuery, OutputInfo, OutputKind, OutputMode,
    SETTINGS, SettingDoc, SettingError, Settings, StreamInfo, StreamRole, TtlSetting,
};
pub use catalog::{TYPE_KEY, TypeName, type_name_of};
pub use compile::compile;

/// A short name for a text, the same everywhere.
fn text_hash(text: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}
