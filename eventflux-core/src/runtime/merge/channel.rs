//! What is known of one sender.

use crate::element::{WATERMARK_MAX, WATERMARK_MIN, Watermark};

/// ```text
///            Batch, Watermark
///          ┌──────────────────┐
///          ▼                  │
///       Active ───Idle───► Idle        either ───EndOfInput───► Ended
/// ```
#[derive(Debug, Clone, Copy)]
pub(super) struct Channel {
    /// Which of the operator's inputs it belongs to.
    pub(super) input: usize,
    /// The last watermark. A channel that ended because the run stops keeps it; at the end of a bounded input it is
    /// [`WATERMARK_MAX`].
    pub(super) watermark: Watermark,
    pub(super) is_idle: bool,
    pub(super) has_ended: bool,
    /// It has sent the barrier that others have not: its elements wait.
    pub(super) is_held: bool,
}

impl Channel {
    pub(super) fn new(input: usize) -> Self {
        Self {
            input,
            watermark: WATERMARK_MIN,
            is_idle: false,
            has_ended: false,
            is_held: false,
        }
    }

    /// Whether no more rows come. With checkpoints, a channel may go on sending barriers then.
    pub(super) fn is_over(&self) -> bool {
        self.has_ended || self.watermark == WATERMARK_MAX
    }

    /// How far it lets event time advance.
    pub(super) fn bound(&self) -> Watermark {
        if self.is_idle {
            WATERMARK_MAX
        } else {
            self.watermark
        }
    }
}
