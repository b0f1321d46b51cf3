//! What a run tells its subtasks.

use tokio::sync::watch;

use crate::element::Barrier;

/// How a run is to go on. Later phases win over earlier ones.
///
/// ```text
/// Running ──► Finishing ──► Stopping ──► Aborted
///    │  the inputs end    no more input,   now: what is in flight is dropped;
///    │  now; windows       windows stay    also the state after a failure
///    │  close              open
///    └─────────────────────────► (the inputs end by themselves)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// As usual.
    Running,
    /// The sources end as if their input had ended.
    Finishing,
    /// The sources stop; event time stays where it is.
    Stopping,
    /// Everything stops.
    Aborted,
}

/// The orders in force.
///
/// **Invariants** Orders only go forward: of two, each part of the later one is at least that of the earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orders {
    /// How to go on.
    pub phase: Phase,
    /// The newest barrier that sources have to emit.
    pub barrier: Option<Barrier>,
    /// The newest epoch whose checkpoint is durable.
    pub committed: Option<u64>,
    /// Sources whose input has ended may end: no checkpoint needs them any more. Without checkpoints, from the beginning.
    pub is_let_go: bool,
}

/// The end that gives orders.
#[derive(Debug)]
pub(crate) struct Commander(watch::Sender<Orders>);

impl Commander {
    /// `is_let_go`: no checkpoint comes after the end of the inputs.
    pub(crate) fn new(is_let_go: bool) -> Self {
        Self(watch::Sender::new(Orders {
            phase: Phase::Running,
            barrier: None,
            committed: None,
            is_let_go,
        }))
    }

    /// Lets sources whose input has ended end.
    pub(crate) fn let_go(&self) {
        self.0.send_modify(|orders| orders.is_let_go = true);
    }

    /// Tells the sources that the checkpoint of an epoch is durable; an older one than the last leaves it as it is.
    pub(crate) fn committed(&self, epoch: u64) {
        self.0.send_if_modified(|orders| {
            let is_newer = orders.committed < Some(epoch);
            orders.committed = orders.committed.max(Some(epoch));
            is_newer
        });
    }

    /// Moves to a phase; an earlier one than the present leaves it as it is.
    pub(crate) fn enter(&self, phase: Phase) {
        self.0.send_if_modified(|orders| {
            let is_later = phase > orders.phase;
            orders.phase = orders.phase.max(phase);
            is_later
        });
    }

    /// Asks the sources for a barrier; an older one than the last leaves it as it is.
    pub(crate) fn ask_barrier(&self, barrier: Barrier) {
        self.0.send_if_modified(|orders| {
            let is_newer = orders.barrier.is_none_or(|last| is_newer(barrier, last));
            if is_newer {
                orders.barrier = Some(barrier);
            }
            is_newer
        });
    }

    /// Waits until the run is aborted.
    pub(crate) async fn aborted(&self) {
        let mut orders = self.0.subscribe();
        // The sender is part of this: the wait cannot fail.
        let _ = orders.wait_for(|orders| orders.phase == Phase::Aborted).await;
    }

    pub(crate) fn phase(&self) -> Phase {
        self.0.borrow().phase
    }

    /// The end that follows orders.
    pub(crate) fn follow(&self) -> watch::Receiver<Orders> {
        self.0.subscribe()
    }
}

/// Whether a barrier comes after another.
pub(crate) fn is_newer(barrier: Barrier, than: Barrier) -> bool {
    (barrier.generation, barrier.epoch) > (than.generation, than.epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_and_barriers_only_go_forward() {
        let commander = Commander::new(true);
        let follower = commander.follow();
        let barrier = |epoch| Barrier { generation: 1, epoch };
        commander.ask_barrier(barrier(4));
        commander.ask_barrier(barrier(3));
        commander.enter(Phase::Aborted);
        commander.enter(Phase::Stopping);
        assert_eq!(
            *follower.borrow(),
            Orders {
                phase: Phase::Aborted,
                barrier: Some(barrier(4)),
                committed: None,
                is_let_go: true,
            }
        );
    }
}
