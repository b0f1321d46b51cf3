//! Filter, then project: the operator without state that stands between all others.
//!
//! **Shapes** The rows of the input for which every filter is true, in their order, with their event times, kinds and key
//! hashes, under the columns of the projection.
//!
//! **Errors** A row for which an expression fails is bad on its own account: the rows around it go on. Whether a row is bad
//! never depends on the rows that share its batch: a filter that can fail sees only rows that passed the filters before it.

mod calc_operator;
mod filter;
mod kind;
mod narrow;
mod piece;
mod projection;

#[cfg(test)]
mod tests;

pub use calc_operator::CalcOperator;
