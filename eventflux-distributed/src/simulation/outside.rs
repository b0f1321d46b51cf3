//! The outside system that sinks write to: what it shows, and the marker of what it has taken.

use std::collections::{BTreeSet, HashMap};

/// Rows that everybody can see. Like the outside systems that exactly-once sinks write to, it keeps a marker with the rows,
/// so that committing again changes nothing.
#[derive(Debug, Default)]
pub(super) struct Outside {
    markers: BTreeSet<(u32, u64)>,
    /// By row, how often it is there.
    visible: HashMap<u64, u32>,
}

impl Outside {
    /// Makes the rows of a sink's subtask and epoch visible, unless they are. Returns the rows that are new.
    pub(super) fn commit<'a>(&mut self, subtask: u32, epoch: u64, rows: &'a [u64]) -> &'a [u64] {
        if !self.markers.insert((subtask, epoch)) {
            return &[];
        }
        for row in rows {
            *self.visible.entry(*row).or_default() += 1;
        }
        rows
    }

    pub(super) fn count(&self, row: u64) -> u32 {
        self.visible.get(&row).copied().unwrap_or_default()
    }

    pub(super) fn row_count(&self) -> usize {
        self.visible.len()
    }
}
