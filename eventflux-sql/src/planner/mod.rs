//! From statements to the physical plan.
//!
//! ```text
//! statement ── bind ──> full names ── sql_to_rel ──> logical plan ── logical ──> typed, optimised
//!           ── streaming ──> operators and edges
//! ```

pub(crate) mod bind;
mod cast_mark;
pub(crate) mod computed;
mod decimal_constant;
mod declaration;
mod expansion;
mod grouping_key;
pub(crate) mod insert;
pub(crate) mod locate;
mod logical;
mod not_null;
pub(crate) mod program;
mod provider;
pub(crate) mod query;
mod relation_planner;
pub(crate) mod request;
pub(crate) mod scanned;
mod sql_to_rel;
pub(crate) mod streaming;
pub(crate) mod window_node;
