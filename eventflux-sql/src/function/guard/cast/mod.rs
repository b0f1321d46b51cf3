//! CAST where DataFusion's differs from the language's: numbers are rounded, not cut off; times read as PostgreSQL writes them;
//! what has no agreed meaning is refused.

mod round;
mod rule;
mod sql_cast;
mod text;

pub(in crate::function) use sql_cast::SqlCast;
