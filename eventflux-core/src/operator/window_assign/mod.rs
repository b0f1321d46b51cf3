//! Windows as columns: the input's columns, then `window_start`, `window_end`, `window_time`.
//!
//! **Shapes** Tumble, hop and cumulate emit a row once per window of it, at once, with the row's own event time; a row in
//! no window (between two hops) goes nowhere. A session is known only when it closes: its rows are kept until then and
//! come out with `window_time` as their event time, by session end, then by partition key, then by time.

mod buffer;
mod fixed;
mod session;
mod session_output;

pub(super) use buffer::RowSessionEnds;
pub use fixed::FixedWindowAssign;
pub use session::SessionAssign;

#[cfg(test)]
#[path = "window_assign_test.rs"]
mod tests;
