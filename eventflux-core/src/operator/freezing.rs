//! Snapshots that are copied while rows go on coming.

use crate::error::Result;
use crate::state::StateWriter;
use crate::state::segment::SnapshotRows;

/// An operator that stops only for an instant at a barrier, however much has changed: its snapshot is copied in pieces
/// afterwards, and whatever is to change before its turn is copied before that.
///
/// ```text
///         freeze                 copy_frozen: None             copy_frozen: rows
/// (idle) ────────► freezing ───────────────────────► freezing ──────────────────► (idle)
///                     └── rows and watermarks come as always ──┘
/// ```
///
/// **Invariants** The rows are those of the moment of the freeze, whatever comes until they are given.
pub trait FreezingOperator {
    /// What changed since the last snapshot (everything, the first time and after a restore) belongs to the snapshot of this
    /// epoch.
    ///
    /// **Errors** The rows of the epoch before have not all been given.
    fn freeze(&mut self, epoch: u64) -> Result<()>;

    /// Copies so many rows of the snapshot, or some more; all of them once there are no more to copy.
    fn copy_frozen(&mut self, row_count: usize) -> Result<Option<SnapshotRows>>;
}

/// Writes a snapshot at once.
pub(super) fn snapshot_at_once(
    operator: &mut dyn FreezingOperator,
    epoch: u64,
    state: &mut dyn StateWriter,
) -> Result<()> {
    operator.freeze(epoch)?;
    loop {
        if let Some(rows) = operator.copy_frozen(usize::MAX)? {
            return rows.rows().try_for_each(|row| state.write(row));
        }
    }
}
