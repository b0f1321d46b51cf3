//! Decisions of a connection, without I/O: how much a receiver grants, which frame goes next, when small batches have waited long
//! enough, and when a silent peer is gone. Events and times go in, decisions come out.

mod coalescer;
mod liveness;
mod outbox;
mod window;

pub use coalescer::Coalescer;
pub use liveness::{Liveness, Pulse};
pub use outbox::{Next, Outbox};
pub use window::{CreditWindow, Exceeded};
