//! What a loop has left to do for a barrier that it has handed on.

use crate::element::Barrier;
use crate::error::Result;
use crate::runtime::chain::{Next, copy_first};
use crate::runtime::task::Task;

/// A barrier between being handed on and being acknowledged: what operators have frozen is copied meanwhile.
///
/// **Invariants** A barrier is acknowledged after all snapshots of the loop's operators have been handed over. At most one is
/// on its way: what is left of it is copied before the next one is handed on.
#[derive(Debug, Default)]
pub(super) struct Frozen {
    barrier: Option<Barrier>,
}

impl Frozen {
    /// A barrier has been handed on through a chain.
    pub(super) fn begin<'a>(
        &mut self,
        task: &Task,
        barrier: Barrier,
        branches: impl IntoIterator<Item = &'a mut Next>,
    ) {
        match branches.into_iter().any(Next::has_frozen) {
            true => self.barrier = Some(barrier),
            false => task.acknowledge(barrier),
        }
    }

    /// Whether there is something left to copy.
    pub(super) fn is_any(&self) -> bool {
        self.barrier.is_some()
    }

    /// Copies a slice; acknowledges the barrier once there is no more.
    pub(super) fn copy<'a>(
        &mut self,
        task: &Task,
        branches: impl IntoIterator<Item = &'a mut Next>,
    ) -> Result<()> {
        let Some(barrier) = self.barrier else {
            return Ok(());
        };
        if !copy_first(branches)? {
            self.barrier = None;
            task.acknowledge(barrier);
        }
        Ok(())
    }
}
