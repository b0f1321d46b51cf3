//! A worker's side of the protocol: which orders it obeys, and what it acknowledges when.

mod engine;
mod event;
mod run;

pub use engine::Worker;
pub use event::{WorkerCommand, WorkerEvent};
