//! `debezium_json`: every change of a changelog as an envelope of the row before and after it.
//!
//! **Source** Debezium's change event, without the schema part.

mod encoder;
mod format;

pub use format::DebeziumJson;
