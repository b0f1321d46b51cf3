//! Connections of every kind, and rows to send over them.

mod authority;
mod members;
mod rows;
mod wire;

pub use authority::identity;
pub use members::Members;
pub use rows::{assert_rows, barrier, rows, texts, values};
pub use wire::{Net, Wire, pair, peer, run, session};
