//! Formats: bytes to columns and back, one folder each, and the list of them all.

mod column;
mod csv;
mod debezium_json;
mod encodable;
mod json;
mod lines;
mod list;
mod raw;
mod scalar;
mod single;
mod text;
mod time_unit;
mod upsert_json;

pub use list::register;
