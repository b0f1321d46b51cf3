//! How event time is cut: every window is made of whole slices, so that a row belongs to one slice only.
//!
//! **Shapes** A tumbling window is a slice. A hop whose size is a multiple of its slide is cut at the slides; any other
//! hop is cut where a window starts and where one ends, two slices per slide. Cumulating windows are cut at the steps.
//!
//! **Source** Li et al., "No pane, no gain", 2005; Krishnamurthy et al., "On-the-fly sharing for streamed aggregation",
//! 2006 (paired windows).

use crate::plan::WindowSpec;

/// A slice or a window: [start, end), microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first microsecond.
    pub start: i64,
    /// The microsecond after the last.
    pub end: i64,
}

impl Span {
    /// Whether a time is within.
    pub fn contains(&self, time_us: i64) -> bool {
        self.start <= time_us && time_us < self.end
    }
}

/// Where a time falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this slice.
    Slice(Span),
    /// Between two windows.
    Gap,
    /// In a window that starts or ends outside of what a timestamp can say.
    OutOfRange,
}

/// The slices of windows of fixed size.
#[derive(Debug, Clone, Copy)]
pub enum Slicing {
    /// Windows of `size` at every `slide`; a tumbling window slides by its size.
    Hop {
        /// Distance of the starts.
        slide: i64,
        /// Length.
        size: i64,
        /// Shift of the alignment.
        offset: i64,
    },
    /// Windows from multiples of `size` to each multiple of `step` up to the next.
    Cumulate {
        /// Growth.
        step: i64,
        /// The longest.
        size: i64,
        /// Shift of the alignment.
        offset: i64,
    },
    /// Each window is a slice, known from elsewhere.
    Given,
}

impl Slicing {
    /// The slicing of a window; sessions have none.
    pub fn new(window: &WindowSpec) -> Option<Self> {
        Some(match *window {
            WindowSpec::Tumble { size_us, offset_us } => Slicing::Hop {
                slide: size_us,
                size: size_us,
                offset: offset_us,
            },
            WindowSpec::Hop {
                slide_us,
                size_us,
                offset_us,
            } => Slicing::Hop {
                slide: slide_us,
                size: size_us,
                offset: offset_us,
            },
            WindowSpec::Cumulate {
                step_us,
                size_us,
                offset_us,
            } => Slicing::Cumulate {
                step: step_us,
                size: size_us,
                offset: offset_us,
            },
            WindowSpec::Session { .. } => return None,
        })
    }

    /// The slice of a time.
    pub fn place(&self, time_us: i64) -> Place {
        let time = i128::from(time_us);
        match *self {
            Slicing::Hop { slide, size, offset } => {
                let (slide, size, offset) = (i128::from(slide), i128::from(size), i128::from(offset));
                let start = floor(time - offset, slide) + offset;
                let cut = start + size.rem_euclid(slide);
                let (from, to) = match (cut == start, time < cut) {
                    (true, _) => (start, start + slide),
                    (false, true) => (start, cut),
                    (false, false) => (cut, start + slide),
                };
                // The first window that holds all of the slice, and the last.
                let first_end = floor(to - offset - size - 1, slide) + slide + offset + size;
                if first_end - size > from {
                    return Place::Gap;
                }
                within(first_end - size, start + size, from, to)
            }
            Slicing::Cumulate { step, size, offset } => {
                let (step, size, offset) = (i128::from(step), i128::from(size), i128::from(offset));
                let start = floor(time - offset, size) + offset;
                let from = start + floor(time - start, step);
                within(start, start + size, from, (from + step).min(start + size))
            }
            Slicing::Given => Place::Gap,
        }
    }

    /// The end of the first window that holds a slice and ends after `after`.
    pub fn next_end(&self, slice: Span, after: i64) -> Option<i64> {
        let at_least = i128::from(slice.end).max(i128::from(after) + 1);
        match *self {
            Slicing::Hop { slide, size, offset } => {
                let (slide, size, offset) = (i128::from(slide), i128::from(size), i128::from(offset));
                let end = ceil(at_least - offset - size, slide) + offset + size;
                if end - size > i128::from(slice.start) {
                    None
                } else {
                    i64::try_from(end).ok()
                }
            }
            Slicing::Cumulate { step, size, offset } => {
                let (step, size, offset) = (i128::from(step), i128::from(size), i128::from(offset));
                let start = floor(i128::from(slice.start) - offset, size) + offset;
                let end = (start + ceil(at_least - start, step)).min(start + size);
                if end < at_least {
                    None
                } else {
                    i64::try_from(end).ok()
                }
            }
            Slicing::Given => (slice.end > after).then_some(slice.end),
        }
    }

    /// The end of the first window that holds a slice.
    pub fn first_end(&self, slice: Span) -> i64 {
        self.next_end(slice, i64::MIN).unwrap_or(i64::MAX)
    }

    /// The end of the last window that holds a slice.
    pub fn last_end(&self, slice: Span) -> i64 {
        let end = match *self {
            Slicing::Hop { slide, size, offset } => {
                let (slide, size, offset) = (i128::from(slide), i128::from(size), i128::from(offset));
                floor(i128::from(slice.start) - offset, slide) + offset + size
            }
            Slicing::Cumulate { size, offset, .. } => {
                let (size, offset) = (i128::from(size), i128::from(offset));
                floor(i128::from(slice.start) - offset, size) + offset + size
            }
            Slicing::Given => i128::from(slice.end),
        };
        i64::try_from(end).unwrap_or(i64::MAX)
    }

    /// The start of the window with this end; nothing if windows are given, and may share an end.
    pub fn window_start(&self, end: i64) -> Option<i64> {
        let end = i128::from(end);
        let start = match *self {
            Slicing::Hop { size, .. } => end - i128::from(size),
            Slicing::Cumulate { size, offset, .. } => {
                let (size, offset) = (i128::from(size), i128::from(offset));
                floor(end - 1 - offset, size) + offset
            }
            Slicing::Given => return None,
        };
        i64::try_from(start).ok()
    }
}

/// The largest multiple of `step` that is at most `value`.
fn floor(value: i128, step: i128) -> i128 {
    value - value.rem_euclid(step)
}

/// The smallest multiple of `step` that is at least `value`.
fn ceil(value: i128, step: i128) -> i128 {
    floor(value + step - 1, step)
}

/// A slice, if the windows that hold it can be told as timestamps.
fn within(first_start: i128, last_end: i128, from: i128, to: i128) -> Place {
    match (
        i64::try_from(first_start),
        i64::try_from(last_end),
        i64::try_from(from),
        i64::try_from(to),
    ) {
        (Ok(_), Ok(_), Ok(start), Ok(end)) => Place::Slice(Span { start, end }),
        _ => Place::OutOfRange,
    }
}

#[cfg(test)]
#[path = "slicing_test.rs"]
mod tests;
