//! Aggregates per key and event-time window.
//!
//! **Shapes** Rows in; when the watermark reaches a window's end, one row per key out: the keys, the results, then
//! `window_start`, `window_end`, `window_time`. Rows come out by window end, then by key, whatever the order of arrival.
//!
//! A row is added once, to the slice that it falls into ([`slicing`]); a window is put together from its slices when it
//! closes:
//!
//! ```text
//! HOP(slide 2, size 6)     slices   [0,2) [2,4) [4,6) [6,8) …
//!                          windows  └────── [0,6) ──┘
//!                                         └────── [2,8) ──┘
//! ```
//!
//! **Late rows** A row is late when every window it belongs to is closed for good: when the watermark has reached the
//! end of its last window plus the allowed lateness. Otherwise it counts in those of its windows that are still open.
//!
//! **Before an exchange** rows are added up where they are, by [`LocalWindowAggregate`], and partial aggregates are sent: a row per key
//! and slice instead of a row per event.

mod cold_window;
mod correction;
mod local;
mod operator;
mod partial_rows;
mod place;
mod slice_memory;
mod slice_store;
mod slicing;
mod window_columns;

pub use local::LocalWindowAggregate;
pub use operator::WindowAggregate;
pub use slicing::{Place, Slicing, Span};
pub use window_columns::WindowColumns;
