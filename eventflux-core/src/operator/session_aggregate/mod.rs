//! Aggregates per key and session: rows less than a gap apart.
//!
//! **Shapes** Append-only rows in; when the watermark reaches the end of a session, one row out: the keys, the results,
//! then `window_start` (the first row's time), `window_end` (the last row's time plus the gap), `window_time`. Rows come
//! out by session end, then by key.
//!
//! A row between two sessions makes one of them:
//!
//! ```text
//! gap 5     ├─ 10 … 12 ─┤17        ├─ 20 ─┤25       and a row at 16
//!           ├─ 10 … 12 … 16 … 20 ─────────┤25
//! ```
//!
//! **Late rows** A row is late when it belongs to no session that is kept and its own would be closed for good. A session
//! that was emitted and is kept for late rows grows with them: its result is taken back and replaced, or taken back until
//! the grown session closes.

mod correction;
mod operator;
mod session_states;
mod sessions;
mod totals;

pub use operator::SessionAggregate;
pub(super) use session_states::{SessionEnds, bounds as session_bounds};
pub(super) use totals::{SessionRows, SessionTotals};
