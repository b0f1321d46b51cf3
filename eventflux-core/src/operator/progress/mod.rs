//! What an operator knows about its input as a whole, in snapshots.
//!
//! **Layout** Rows of [`SHARED_TABLE`](crate::state::SHARED_TABLE) in key group 0, which every subtask reads, so that each finds
//! what those had come to whose key groups it has now. A sharing out of the key groups has a number, one more than the one before
//! it; only rows of the largest count.
//!
//! ```text
//! key            := u32-be number of the sharing out, u32-be subtask, kind
//! kind 0: owned  := u64-be number of the map, ranges of key groups: (u16-be first, u16-be last)…
//! kind 1: come   := i64-be watermark, u64-be number for the next arriving row
//! ```
//!
//! Before there were such rows, there was one of kind 1 with an empty key for each key group, in a table of the operator's own;
//! these are read, too.

mod progress;
mod shares;

pub(super) use progress::Progress;
