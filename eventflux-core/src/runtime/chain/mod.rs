//! Chains: operators of one subtask that call each other.
//!
//! **Shapes** A tree. Its root is given what the subtask's head takes from a source or a mailbox; its leaves are sinks and
//! exchanges. An element is carried through the whole tree by plain calls before the next one is taken.
//!
//! ```text
//! head ──► stage ──► fan ──► stage ──► sink
//!            │        └────► exchange ──► mailboxes of other subtasks
//!            ├ late ───► …
//!            └ errors ─► …
//! ```

mod dead_letter;
mod emit;
mod next;
mod outlet_stage;
mod panic;
mod side;
mod sink_stage;
mod stage;

pub(crate) use emit::Emit;
pub(crate) use next::{Next, copy_first};
pub(crate) use outlet_stage::OutletStage;
pub(crate) use panic::catch_panic;
pub(crate) use side::Side;
pub(crate) use sink_stage::{SinkKind, SinkStage};
pub(crate) use stage::Stage;
