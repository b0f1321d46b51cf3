//! Where dead letters go.

use crate::catalog::RelationId;

/// The stream of dead letters of a source: the built-in one, or the one its options name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Target(pub(super) RelationId);

impl Target {
    /// The built-in stream.
    pub(super) const BUILT_IN: Target = Target(RelationId(0));
}
