//! Rows as columns: what travels between operators.

mod concat;
mod event_batch;
pub mod json;
mod row;
mod row_kind;

pub use event_batch::EventBatch;
pub use row::{RowBuilder, Value};
pub use row_kind::{RowKind, RowKinds};
