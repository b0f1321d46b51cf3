//! Compiled expressions: vectorised, over the columns of a batch.
//!
//! This module and the compiler are the only places that name DataFusion's types.

mod accumulator;
mod columns;
mod expression;
mod fallible;
pub mod function;
mod halves;
mod harden;
mod in_precision;
mod lazy_logical;
mod message;
mod row_results;
mod wording;

#[cfg(test)]
mod tests;

pub use accumulator::{Accumulator, AccumulatorFactory};
pub use expression::Expression;
pub use function::{ArgumentTypes, FunctionError, RowFunction, ScalarFunction, Text};
pub(crate) use halves::in_halves;
pub use message::error_message;
pub use row_results::RowResults;
