//! Manifests: what one committed epoch consists of.
//!
//! A manifest is a stored object, and its put is the commit; whatever it names was stored before. [`ManifestLog`] is the row
//! of them in a store. The bytes are drawn in `docs/internals/manifest.md`.

mod codec;
mod copy;
mod envelope;
#[cfg(test)]
mod fixture_test;
mod garbage;
mod generation;
mod log;
#[cfg(test)]
mod log_test;
mod manifest;
mod object_name;
mod plan_identity;
mod serial;
mod sink_note;

pub use codec::MANIFEST_VERSION;
pub use garbage::Collected;
pub use generation::Generation;
pub use log::{ManifestEntry, ManifestLog};
pub use manifest::{Manifest, SourceProgress, TimeProgress};
pub use plan_identity::{OperatorIdentity, PlanIdentity};
pub use sink_note::{NoteContent, SinkNote};
