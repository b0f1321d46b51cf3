//! Manifests: what one committed epoch consists of.
//!
//! A manifest is a stored object. Putting it is the commit; whatever it names was stored before.

mod codec;
mod manifest;
mod plan_identity;
mod serial;

pub use manifest::{Manifest, OutputRef, SegmentKind, SegmentRef, SinkNote, SourceProgress, TimeProgress};
pub use plan_identity::{OperatorIdentity, PlanIdentity};
