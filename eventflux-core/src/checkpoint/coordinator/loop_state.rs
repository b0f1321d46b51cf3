//! What is stored of one loop's state, and what is still to be stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checkpoint::LoopId;
use crate::state::segment::{SegmentKind, SegmentRef, SnapshotRows};

/// The state of a loop's operators.
///
/// **Invariants** What belongs to an epoch that was given up becomes part of the next one.
#[derive(Debug, Default)]
pub(crate) struct LoopState {
    name: String,
    /// The base, in one piece or several, then deltas.
    stored: Vec<SegmentRef>,
    /// By epoch, what is not stored yet.
    pending: BTreeMap<u64, Vec<(String, SnapshotRows)>>,
}

/// A segment to be.
#[derive(Debug)]
pub(crate) struct SegmentDraft {
    pub(crate) loop_id: LoopId,
    pub(crate) subtask: String,
    pub(crate) epoch: u64,
    pub(crate) kind: SegmentKind,
    pub(crate) operators: Arc<Vec<(String, SnapshotRows)>>,
    /// What the loop has stored already, if it is time to make one base of all of it.
    pub(crate) folded: Vec<SegmentRef>,
}

impl LoopState {
    /// A loop of this name, and what is stored of it: a base, then deltas.
    pub(crate) fn new(name: String, stored: Vec<SegmentRef>) -> Self {
        Self {
            name,
            stored,
            pending: BTreeMap::new(),
        }
    }

    /// Takes what an operator's rows have changed to in an epoch.
    pub(crate) fn take(&mut self, epoch: u64, operator_id: &str, rows: SnapshotRows) {
        if rows.row_count() > 0 {
            let of_epoch = self.pending.entry(epoch).or_default();
            of_epoch.push((operator_id.to_owned(), rows));
        }
    }

    /// What a segment came to is stored: a base, of which there may be several pieces, or a delta.
    pub(crate) fn add(&mut self, segments: Vec<SegmentRef>) {
        if segments.iter().any(|segment| segment.kind == SegmentKind::Base) {
            self.stored.clear();
        }
        self.stored.extend(segments);
    }

    /// What is stored: a base, then deltas.
    pub(crate) fn stored(&self) -> &[SegmentRef] {
        &self.stored
    }

    /// The segments of everything up to an epoch.
    pub(crate) fn draft(&mut self, loop_id: LoopId, epoch: u64, segments: &mut Vec<SegmentDraft>) {
        // Of several, only the first can be the base of the others.
        let mut is_first = true;
        for (of_epoch, operators) in up_to(&mut self.pending, epoch) {
            let is_base = is_first && (self.stored.is_empty() || self.is_fold_due());
            is_first = false;
            let (kind, folded) = match is_base {
                true => (SegmentKind::Base, self.stored.clone()),
                false => (SegmentKind::Delta, Vec::new()),
            };
            segments.push(SegmentDraft {
                loop_id,
                subtask: self.name.clone(),
                epoch: of_epoch,
                kind,
                operators: Arc::new(operators),
                folded,
            });
        }
    }

    /// The deltas have come to outweigh the base: reading them all back takes twice as long as it has to.
    fn is_fold_due(&self) -> bool {
        let is_base = |segment: &&SegmentRef| segment.kind == SegmentKind::Base;
        let (base, deltas): (Vec<_>, Vec<_>) = self.stored.iter().partition(is_base);
        let bytes =
            |segments: Vec<&SegmentRef>| segments.iter().map(|segment| segment.size_bytes).sum::<u64>();
        bytes(deltas) > bytes(base)
    }
}

/// Takes the entries up to an epoch.
pub(crate) fn up_to<T>(by_epoch: &mut BTreeMap<u64, T>, epoch: u64) -> BTreeMap<u64, T> {
    let later = by_epoch.split_off(&(epoch + 1));
    std::mem::replace(by_epoch, later)
}
