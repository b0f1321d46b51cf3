//! From tokens to statements: one file per family of statements.
//!
//! A text is split at its semicolons, and every statement is parsed by itself, so several mistakes are reported at
//! once. What no production accepts is refused here; productions of later versions are in [`later`] and refused by
//! name.

mod column;
mod command;
mod create;
mod duration;
mod emission;
mod insert;
mod later;
mod options;
mod query;
mod text;

pub(crate) use duration::{duration, positive};
pub(crate) use emission::{begins_emit, begins_output};
pub use text::parse;
