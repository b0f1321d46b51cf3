//! What travels an edge.

use crate::batch::EventBatch;

/// A promise: no later row has an event time below this, microseconds since the epoch; rows that break it are late.
pub type Watermark = i64;

/// The watermark at the end of a bounded input: everything closes.
pub const WATERMARK_MAX: Watermark = i64::MAX;

/// The watermark before anything is known.
pub const WATERMARK_MIN: Watermark = i64::MIN;

/// A checkpoint barrier: what came before it belongs to `epoch`, what comes after it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Barrier {
    /// Bumped at every recovery; receivers refuse barriers of an older generation.
    pub generation: u64,
    /// The checkpoint's number, strictly increasing over the life of an app.
    pub epoch: u64,
}

/// Nothing else travels an edge.
#[derive(Debug, Clone)]
pub enum StreamElement {
    /// Rows.
    Batch(EventBatch),
    /// Event time has reached this point.
    Watermark(Watermark),
    /// A checkpoint's cut.
    Barrier(Barrier),
    /// The input has no rows at hand and does not hold back the watermark until its next element.
    Idle,
    /// The input has ended; a watermark of [`WATERMARK_MAX`] came before it.
    EndOfInput,
}
