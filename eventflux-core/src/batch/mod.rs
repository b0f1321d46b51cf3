//! Rows as columns: what travels between operators.

mod concat;
mod event_batch;
pub mod json;
mod row_kind;

pub use event_batch::EventBatch;
pub use row_kind::{RowKind, RowKinds};
