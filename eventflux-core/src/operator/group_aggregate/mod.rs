//! Aggregates per key without a window: a changelog, an update per input row.
//!
//! **Shapes** The first row of a key gives `+I`, a later one `-U` with the result before and `+U` with the result after
//! it; nothing if the two are equal, as in Flink. When the last row of a key is taken back, its result goes with `-D`.
//! Rows that take back what is not there are ignored. Without calls this is DISTINCT: only `+I` and `-D` remain.
//!
//! **Without keys** there is one group. It exists from the first row on, or from the end of the input if there was no
//! row, and is never deleted: without rows its count is 0 and its sum NULL.
//!
//! **State TTL** With one, a group that was not written for longer begins anew with the next row: `+I`, without a retraction of what it
//! came to before. `expiry` says when.
//!
//! **Invariants** What is emitted does not depend on how the input is cut into batches. A batch is worked on column by
//! column all the same: every call gives its results after each row, and the changes are picked from those.

mod changes;
mod expiry;
mod forgetting;
mod operator;

pub(crate) use expiry::LastWrites;
pub use operator::GroupAggregate;
