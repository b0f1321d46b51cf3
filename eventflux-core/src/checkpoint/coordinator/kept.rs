//! Checkpoints that somebody is reading.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The checkpoints of a run that are not to be removed, by their places in the row of manifests, and how many want each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf(Arc<Mutex<BTreeMap<u64, usize>>>);

impl Shelf {
    /// Keeps a checkpoint until what this gives is dropped.
    pub(crate) fn keep(&self, epoch: u64, sequence: u64) -> KeptCheckpoint {
        *self.wanted().entry(sequence).or_default() += 1;
        KeptCheckpoint {
            epoch,
            sequence,
            shelf: self.clone(),
        }
    }

    /// The places of those that are wanted at this moment.
    pub(crate) fn sequences(&self) -> BTreeSet<u64> {
        self.wanted().keys().copied().collect()
    }

    fn wanted(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A checkpoint that is committed, and stays in its store until this is dropped, however many follow it while the run goes on.
#[derive(Debug)]
pub struct KeptCheckpoint {
    epoch: u64,
    sequence: u64,
    shelf: Shelf,
}

impl KeptCheckpoint {
    /// Its number.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl Drop for KeptCheckpoint {
    fn drop(&mut self) {
        let mut wanted = self.shelf.wanted();
        if let Some(count) = wanted.get_mut(&self.sequence) {
            *count -= 1;
            if *count == 0 {
                wanted.remove(&self.sequence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_kept_until_the_last_who_wants_it_lets_go() {
        let shelf = Shelf::default();
        let (first, second, other) = (shelf.keep(17, 3), shelf.keep(17, 3), shelf.keep(19, 5));
        assert_eq!(first.epoch(), 17);
        drop(first);
        assert_eq!(shelf.sequences(), BTreeSet::from([3, 5]));
        drop(second);
        assert_eq!(shelf.sequences(), BTreeSet::from([5]));
        drop(other);
        assert_eq!(shelf.sequences(), BTreeSet::new());
    }
}
