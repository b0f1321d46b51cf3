//! Manifests: what one committed epoch consists of.
//!
//! A manifest is a stored object. Putting it is the commit; whatever it names was stored before.

mod codec;
mod manifest;
mod plan_identity;
mod serial;
mod sink_note;

pub use codec::MANIFEST_VERSION;
pub use manifest::{Manifest, SourceProgress, TimeProgress};
pub use plan_identity::{OperatorIdentity, PlanIdentity};
pub use sink_note::{NoteContent, SinkNote};
