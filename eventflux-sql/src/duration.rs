//! Lengths of time in the text: `INTERVAL '10' SECOND`, `INTERVAL '1 day 2 hours'`, `1 hour 30 minutes`.
//!
//! **Units**: microseconds. Months, quarters and years have no fixed length and are refused wherever a length of
//! time is needed; arithmetic on timestamps (`ts - INTERVAL '1' MONTH`) is not the concern of this module.

use crate::diagnostic::Span;

/// A length of time and where the text says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Its length in microseconds.
    pub us: i64,
    /// Where it is written.
    pub span: Span,
}
