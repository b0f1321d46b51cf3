//! Operators: what is done to rows, one file or folder per operator.

mod bad_row;
pub mod calc;
pub mod group;
mod operator;
mod output;

pub use bad_row::BadRow;
pub use operator::{Operator, OperatorContext, TimedOperator};
pub use output::{Collector, Output, SideOutput};
