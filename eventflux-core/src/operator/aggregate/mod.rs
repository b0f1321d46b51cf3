//! Aggregate functions over groups: state in plain vectors, one element per group number.
//!
//! **Shapes** A batch's argument columns and the group of each row go in; an array with one result per asked group
//! comes out. [`GroupedAggregate`] is the trait; a function implements [`function::Function`], which is about one
//! group's state, and gets the rest.
//!
//! **NULLs** As in PostgreSQL: they do not count, except in `count(*)`, `array_agg`, `first_value` and `last_value`.

mod bits;
mod boolean;
mod build;
mod collect;
mod compensated;
mod count;
mod distinct;
mod extended;
mod extreme;
mod foreign;
mod function;
mod grouped;
mod moment;
mod multiset;
mod number;
mod percentile;
mod rows;
mod stored;
mod total;
mod value;

pub use build::build_aggregate;
pub use grouped::GroupedAggregate;
pub use rows::{AggregateRows, Evaluated};
pub use stored::{Stored, write_delimited};
