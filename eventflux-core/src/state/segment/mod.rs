//! Segments: the stored rows of one subtask and epoch.
//!
//! **Shapes** An operator's snapshot fills [`SnapshotRows`]; a [`SegmentBuilder`] turns those of one subtask into an object;
//! a [`SegmentSet`] gives any subtask of any later run the rows of its key groups. The bytes are drawn in
//! `docs/internals/segments.md`.

mod block;
mod builder;
mod compression;
mod fold;
mod footer;
mod ipc_stream;
mod reader;
mod rows;
mod segment_ref;
#[cfg(test)]
mod segment_test;
mod set;
mod zstd_context;

pub use builder::{BuiltSegment, SEGMENTS, SegmentBuilder, SegmentHeading, SegmentOptions};
pub use compression::Compression;
pub use fold::{FoldLimits, FoldScope, fold, fold_in_pieces};
pub use footer::{SegmentFooter, StoredBlock, StoredOperator};
pub use reader::SegmentReader;
pub use rows::SnapshotRows;
pub use segment_ref::{SegmentKind, SegmentRef};
pub use set::SegmentSet;
