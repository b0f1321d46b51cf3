//! Bugs made on purpose, to see that the tests would find them.
//!
//! Outside of tests and of the feature `simulation` nothing of this is compiled: [`is_broken`] is `false`.

/// A bug. Some are of the surroundings that only the simulator has.
#[cfg_attr(
    not(any(test, feature = "simulation")),
    expect(dead_code, reason = "nobody breaks what is used")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A worker obeys leaders of older terms and orders for older generations.
    FenceSkipped,
    /// A worker acknowledges an epoch before its segments are stored.
    AckBeforeSync,
    /// The number of an epoch that was given up is given again.
    EpochReused,
    /// A barrier arrives before data that was sent before it.
    BarrierOvertakesData,
    /// An epoch of an older generation is committed.
    OldGenerationCommits,
    /// A command that comes twice is carried out twice.
    DedupSkipped,
    /// Sinks make an epoch visible when they have acknowledged it.
    DeliveredBeforeCommit,
    /// A restart does not repeat the commits of sinks.
    CommitsNotRepeated,
    /// Sources go on where they are after a recovery.
    SourcesNotSought,
    /// Survivors keep the state of the generation before.
    RollbackSkipped,
    /// Data of an older generation is taken.
    HandshakeSkipped,
    /// Rows of an epoch that was given up are missing in the next one.
    AbortedRowsDropped,
    /// A manifest is published before it is committed.
    PublishedBeforeCommit,
    /// A source notes its position after the rows that follow the barrier.
    PositionAfterBarrier,
    /// A leader that has lost its quorum commits all the same.
    QuorumSkipped,
    /// Whoever asks for a checkpoint is told one that had begun before.
    OlderCheckpointAnswered,
}

#[cfg(any(test, feature = "simulation"))]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static BROKEN: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Whether this bug is there, on this thread.
    pub(crate) fn is_broken(bug: Bug) -> bool {
        BROKEN.get() == Some(bug)
    }

    /// Runs something with a bug, on this thread.
    #[cfg(test)]
    pub(crate) fn with_bug<T>(bug: Option<Bug>, run: impl FnOnce() -> T) -> T {
        struct Mend;
        impl Drop for Mend {
            fn drop(&mut self) {
                BROKEN.set(None);
            }
        }
        BROKEN.set(bug);
        let _mend = Mend;
        run()
    }
}

#[cfg(any(test, feature = "simulation"))]
pub(crate) use switch::is_broken;
#[cfg(test)]
pub(crate) use switch::with_bug;

/// Whether this bug is there: it is not.
#[cfg(not(any(test, feature = "simulation")))]
#[inline(always)]
pub(crate) fn is_broken(_: Bug) -> bool {
    false
}
