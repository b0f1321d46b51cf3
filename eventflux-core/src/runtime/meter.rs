//! Who measures what: the cells of all operators and loops of a run.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::edge::Mailbox;
use super::task::Task;
use crate::checkpoint::Participant;
use crate::element::WATERMARK_MIN;
use crate::metrics::{
    BarrierStops, Cells, CheckpointSnapshot, Metric, MetricsSnapshot, OperatorRole, OperatorSnapshot,
    SubtaskSnapshot,
};
use crate::operator::BadRow;

/// One parallel copy of an operator.
#[derive(Debug)]
pub(crate) struct OperatorEntry {
    pub(crate) operator_id: String,
    pub(crate) name: String,
    pub(crate) role: OperatorRole,
    pub(crate) subtask: usize,
    pub(crate) cells: Cells,
    first_bad_row: OnceLock<String>,
}

impl OperatorEntry {
    pub(crate) fn new(operator_id: String, name: String, role: OperatorRole, subtask: usize) -> Self {
        Self {
            operator_id,
            name,
            role,
            subtask,
            cells: Cells::default(),
            first_bad_row: OnceLock::new(),
        }
    }

    /// Counts a bad row; the first one is remembered, for the message at the end.
    pub(crate) fn count_bad_row(&self, row: &BadRow) {
        self.cells.add(Metric::BadRows, 1);
        self.first_bad_row.get_or_init(|| {
            let place = match (&row.partition, row.offset) {
                (Some(partition), Some(offset)) => format!("{partition}, offset {offset}: "),
                (Some(partition), None) => format!("{partition}: "),
                (None, Some(offset)) => format!("offset {offset}: "),
                (None, None) => String::new(),
            };
            format!("{place}{}", row.reason)
        });
    }

    /// How checkpoints name it.
    pub(crate) fn participant(&self) -> Participant {
        Participant {
            operator_id: self.operator_id.clone(),
            subtask: self.subtask,
        }
    }

    fn snapshot(&self) -> OperatorSnapshot {
        let watermark = self.cells.get(Metric::WatermarkUs);
        OperatorSnapshot {
            operator_id: self.operator_id.clone(),
            name: self.name.clone(),
            role: self.role,
            subtask: self.subtask,
            rows_in: self.cells.count(Metric::RowsIn),
            rows_out: self.cells.count(Metric::RowsOut),
            batches_in: self.cells.count(Metric::BatchesIn),
            late_rows: self.cells.count(Metric::LateRows),
            bad_rows: self.cells.count(Metric::BadRows),
            first_bad_row: self.first_bad_row.get().cloned(),
            state_bytes: self.cells.count(Metric::StateBytes),
            cold_bytes: self.cells.count(Metric::ColdBytes),
            cold_reads: self.cells.count(Metric::ColdReads),
            state_evictions: self.cells.count(Metric::StateEvictions),
            watermark: (watermark != WATERMARK_MIN).then_some(watermark),
        }
    }
}

/// One loop.
#[derive(Debug)]
struct LoopEntry {
    name: String,
    operator_id: String,
    subtask: usize,
    cells: Arc<Cells>,
    mailbox: Option<Arc<Mailbox>>,
}

impl LoopEntry {
    fn snapshot(&self) -> SubtaskSnapshot {
        SubtaskSnapshot {
            name: self.name.clone(),
            operator_id: self.operator_id.clone(),
            subtask: self.subtask,
            busy_us: self.cells.count(Metric::BusyUs),
            idle_us: self.cells.count(Metric::IdleUs),
            backpressured_us: self.cells.count(Metric::BackpressuredUs),
            bytes_out: self.cells.count(Metric::BytesOut),
            queued_bytes: self
                .mailbox
                .as_ref()
                .map_or(0, |mailbox| mailbox.queued_bytes() as u64),
            barrier_stops: BarrierStops::of(&self.cells),
        }
    }
}

/// All of a run's operators and loops. The lock is taken when a run is built and when it is read, never by a loop.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    entries: Mutex<(Vec<Arc<OperatorEntry>>, Vec<LoopEntry>)>,
    checkpoints: Arc<Cells>,
}

impl Meter {
    pub(crate) fn add_operator(&self, entry: OperatorEntry) -> Arc<OperatorEntry> {
        let entry = Arc::new(entry);
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .push(Arc::clone(&entry));
        entry
    }

    /// A loop, after the operator that is its first.
    pub(crate) fn add_loop(
        &self,
        task: &Task,
        operator_id: &str,
        subtask: usize,
        mailbox: Option<Arc<Mailbox>>,
    ) {
        let entry = LoopEntry {
            name: task.name.clone(),
            operator_id: operator_id.to_owned(),
            subtask,
            cells: Arc::clone(&task.cells),
            mailbox,
        };
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .push(entry);
    }

    /// Where checkpoints are counted, by one coordinator.
    pub(crate) fn checkpoint_cells(&self) -> &Arc<Cells> {
        &self.checkpoints
    }

    pub(crate) fn snapshot(&self) -> MetricsSnapshot {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        MetricsSnapshot {
            operators: entries.0.iter().map(|entry| entry.snapshot()).collect(),
            subtasks: entries.1.iter().map(LoopEntry::snapshot).collect(),
            checkpoints: checkpoints(&self.checkpoints),
        }
    }
}

fn checkpoints(cells: &Cells) -> CheckpointSnapshot {
    let committed = cells.count(Metric::CheckpointsCommitted);
    let is_any = committed > 0;
    CheckpointSnapshot {
        committed,
        failed: cells.count(Metric::CheckpointsFailed),
        given_up: cells.count(Metric::CheckpointsGivenUp),
        align_us: cells.count(Metric::CheckpointAlignUs),
        store_us: cells.count(Metric::CheckpointStoreUs),
        last_align_us: is_any.then(|| cells.count(Metric::CheckpointLastAlignUs)),
        last_store_us: is_any.then(|| cells.count(Metric::CheckpointLastStoreUs)),
        bytes: cells.count(Metric::CheckpointBytes),
        last_bytes: is_any.then(|| cells.count(Metric::CheckpointLastBytes)),
        stored_bytes: cells.count(Metric::CheckpointStoredBytes),
        last_us: is_any.then(|| cells.get(Metric::CheckpointLastUs)),
        epoch: is_any.then(|| cells.count(Metric::CheckpointEpoch)),
        commits_waiting: cells.count(Metric::CommitsWaiting),
    }
}
