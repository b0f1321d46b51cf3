//! Rows from and to this process: input handlers, callbacks and row streams.
//!
//! **Invariants** Both directions are bounded in bytes: a sender waits while the loop is behind, and the loop waits while a
//! row stream's reader is behind.

mod blocking;
mod in_process_ends;
mod input;
mod input_queue;
mod input_source;
mod outlet;
mod output_stream;

pub(crate) use blocking::block_on;
pub use in_process_ends::InProcessEnds;
pub use input::{Input, InputError};
pub(crate) use input_queue::InputQueue;
pub(crate) use input_source::InputSource;
pub use outlet::Outlet;
pub use output_stream::OutputStream;
