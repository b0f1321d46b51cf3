//! `upsert_json`: the current row per key, and tombstones.

mod encoder;
mod format;

pub use format::UpsertJson;
