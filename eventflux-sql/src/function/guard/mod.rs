//! What is changed in expressions before they are optimised, so that constants are folded by the same rules that rows follow.
//!
//! Runs once types are settled and before DataFusion's optimiser, which evaluates constant parts by its own operators: they
//! wrap around, cut off and pass over divisions by zero.

mod arithmetic;
mod binary;
mod cast;
mod concatenation;
mod expression;
mod pattern;
mod plan;

pub(super) use arithmetic::CheckedArithmetic;
pub(super) use cast::SqlCast;
pub(super) use concatenation::Concatenation;
pub use expression::guard_expression;
pub use plan::guard_plan;
