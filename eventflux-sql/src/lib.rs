//! The compiler of EventFlux: SQL text to diagnostics or a physical plan.
//!
//! `text -> tokens (with positions) -> statements -> catalog -> logical plan -> streaming plan -> physical plan`

pub mod diagnostic;
pub mod duration;
pub mod function;
pub mod option;
pub mod statement;
mod text;
