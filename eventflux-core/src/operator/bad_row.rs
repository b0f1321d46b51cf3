//! A row that cannot be carried on.

use bytes::Bytes;

/// A row that did not decode, broke a constraint or made an expression fail.
///
/// It leaves the main path under its stream's error policy: the run fails, the row is dropped, or it goes to a
/// dead-letter stream. It is counted in each case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The outside system's split, where the row came from one: a file's path, a Kafka partition.
    pub partition: Option<String>,
    /// Where in the partition: a byte offset, a message offset, a line. The connector's page says which.
    pub offset: Option<i64>,
    /// Why the row is bad, one lower-case sentence.
    pub reason: String,
    /// The row's raw bytes; JSON of the row where it was already decoded.
    pub raw: Bytes,
}
