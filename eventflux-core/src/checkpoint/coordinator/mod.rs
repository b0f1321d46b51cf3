//! The coordinator of one node: when checkpoints are taken, what they consist of, and what follows from them.
//!
//! ```text
//!             engine: when?          book: what?          recorder: into the store
//! loops ──parts──► coordinator ◄──────────┴────────────────────┘
//!   ▲                  │ barriers, committed, let go                    deliveries: one thread per sink that commits
//!   └──────────────────┴──────────────────────────────────────────────►
//! ```

mod book;
mod coordinator;
mod delivery;
mod engine;
mod kept;
mod loop_state;
mod mailbox;
mod progress;
mod recorder;
mod segment_writer;

pub(crate) use book::{Book, Draft};
pub(crate) use coordinator::{Coordinator, Surroundings};
pub(crate) use delivery::{Delivered, Delivery, SLOW};
pub(crate) use engine::{Engine, GIVEN_UP_MAX, Pace};
pub use kept::KeptCheckpoint;
pub(crate) use loop_state::{LoopState, up_to};
pub(crate) use mailbox::{Mail, Mailbox};
pub(crate) use progress::{sources, times};
pub(crate) use recorder::{Heading, Recorder};
pub(crate) use segment_writer::SegmentWriter;
