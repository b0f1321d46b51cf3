//! Windows over event time.

/// The shape of an event-time window. All durations are microseconds and positive; windows are [start, end).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WindowSpec {
    /// Adjacent windows of one size, aligned to the epoch plus an offset.
    Tumble {
        /// Length.
        size_us: i64,
        /// Shift of the alignment, in [0, size).
        offset_us: i64,
    },
    /// Overlapping windows (gaps if the slide is longer than the size); the size need not be a multiple of the slide.
    Hop {
        /// Distance of the starts.
        slide_us: i64,
        /// Length.
        size_us: i64,
        /// Shift of the alignment, in [0, slide).
        offset_us: i64,
    },
    /// Windows that share a start and grow by a step up to a size, a multiple of the step.
    Cumulate {
        /// Growth.
        step_us: i64,
        /// The longest.
        size_us: i64,
        /// Shift of the alignment, in [0, size).
        offset_us: i64,
    },
    /// Rows of one key less than a gap apart; it ends a gap after the last row.
    Session {
        /// The gap. Rows exactly a gap apart are in two sessions.
        gap_us: i64,
    },
}

/// What a windowed aggregate takes a row's windows from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WindowTime {
    /// The row's event time, by this window.
    Assign(WindowSpec),
    /// Columns (timestamps) that an earlier operator attached.
    Attached {
        /// Index of the window's start.
        start: usize,
        /// Index of the window's end.
        end: usize,
    },
}
