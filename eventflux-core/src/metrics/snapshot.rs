//! All metrics of a run at one moment: for the progress line, exporters and the summary at the end.

use super::BarrierStops;
use crate::element::{WATERMARK_MAX, WATERMARK_MIN, Watermark};

/// The metrics of a run at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetricsSnapshot {
    /// Per operator and subtask.
    pub operators: Vec<OperatorSnapshot>,
    /// Per loop.
    pub subtasks: Vec<SubtaskSnapshot>,
    /// Of the whole run; without checkpoints all zero.
    pub checkpoints: CheckpointSnapshot,
}

/// The checkpoints of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckpointSnapshot {
    /// Checkpoints that became durable.
    pub committed: u64,
    /// Attempts to store one that failed.
    pub failed: u64,
    /// Those whose barriers did not come through in time.
    pub given_up: u64,
    /// Microseconds from the barriers to the last acknowledgement, of all durable ones.
    pub align_us: u64,
    /// Microseconds from the last acknowledgement until one was durable, of all of them.
    pub store_us: u64,
    /// The same two of the newest one.
    pub last_align_us: Option<u64>,
    /// See [`CheckpointSnapshot::last_align_us`].
    pub last_store_us: Option<u64>,
    /// Bytes that they added to the store.
    pub bytes: u64,
    /// Bytes that the newest one added.
    pub last_bytes: Option<u64>,
    /// Bytes of state that the newest one consists of.
    pub stored_bytes: u64,
    /// When the newest one became durable, microseconds since the epoch.
    pub last_us: Option<i64>,
    /// The number of the newest durable one.
    pub epoch: Option<u64>,
    /// Commits of sinks that belong to durable ones and are not visible outside yet.
    pub commits_waiting: u64,
}

/// Where an operator stands in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperatorRole {
    /// Rows come in here.
    Source,
    /// Rows leave here.
    Sink,
    /// Between the two.
    Inner,
}

/// One parallel copy of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorSnapshot {
    /// The operator's stable id.
    pub operator_id: String,
    /// What a person calls it.
    pub name: String,
    /// Where it stands.
    pub role: OperatorRole,
    /// Which copy this is, from 0.
    pub subtask: usize,
    /// Rows that it was given; of a source: good rows that it delivered.
    pub rows_in: u64,
    /// Rows that it emitted; of a sink: rows that it took.
    pub rows_out: u64,
    /// Batches that it was given.
    pub batches_in: u64,
    /// Rows that came after their window had closed.
    pub late_rows: u64,
    /// Rows that could not be carried on.
    pub bad_rows: u64,
    /// Where the first of them was and what was wrong with it.
    pub first_bad_row: Option<String>,
    /// Bytes of state in memory.
    pub state_bytes: u64,
    /// Bytes of state on the disk, where memory is limited.
    pub cold_bytes: u64,
    /// Rows of state that were looked for there.
    pub cold_reads: u64,
    /// Rows of state that left memory.
    pub state_evictions: u64,
    /// The watermark that it has handed on; `None` before the first.
    pub watermark: Option<Watermark>,
}

/// One loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubtaskSnapshot {
    /// The loop's name: its first operator and which copy it is.
    pub name: String,
    /// The stable id of its first operator.
    pub operator_id: String,
    /// Which copy it is, from 0.
    pub subtask: usize,
    /// Microseconds in which it did work.
    pub busy_us: u64,
    /// Microseconds in which it waited for input.
    pub idle_us: u64,
    /// Microseconds in which it waited for credit or for a sink.
    pub backpressured_us: u64,
    /// Bytes sent along edges to other subtasks.
    pub bytes_out: u64,
    /// Bytes that wait in its mailbox.
    pub queued_bytes: u64,
    /// How long it stood still for barriers.
    pub barrier_stops: BarrierStops,
}

impl MetricsSnapshot {
    /// Good rows that the sources delivered.
    pub fn rows_in(&self) -> u64 {
        self.with_role(OperatorRole::Source)
            .map(|operator| operator.rows_in)
            .sum()
    }

    /// Rows that the sinks took.
    pub fn rows_out(&self) -> u64 {
        self.with_role(OperatorRole::Sink)
            .map(|operator| operator.rows_out)
            .sum()
    }

    /// Rows that could not be carried on, anywhere.
    pub fn bad_rows(&self) -> u64 {
        self.operators.iter().map(|operator| operator.bad_rows).sum()
    }

    /// Rows that came too late, anywhere.
    pub fn late_rows(&self) -> u64 {
        self.operators.iter().map(|operator| operator.late_rows).sum()
    }

    /// Bytes of state in memory.
    pub fn state_bytes(&self) -> u64 {
        self.operators.iter().map(|operator| operator.state_bytes).sum()
    }

    /// Bytes of state on the disk, where memory is limited.
    pub fn cold_bytes(&self) -> u64 {
        self.operators.iter().map(|operator| operator.cold_bytes).sum()
    }

    /// The least watermark that has arrived at a sink; `None` while one has none, or when every input has ended.
    pub fn watermark(&self) -> Option<Watermark> {
        let sinks = self.with_role(OperatorRole::Sink);
        let least = sinks.map(|sink| sink.watermark.unwrap_or(WATERMARK_MIN)).min()?;
        (least != WATERMARK_MIN && least != WATERMARK_MAX).then_some(least)
    }

    /// How far the watermark is behind this time, microseconds.
    pub fn lag_us(&self, now_us: i64) -> Option<i64> {
        self.watermark().map(|watermark| now_us.saturating_sub(watermark))
    }

    fn with_role(&self, role: OperatorRole) -> impl Iterator<Item = &OperatorSnapshot> {
        self.operators
            .iter()
            .filter(move |operator| operator.role == role)
    }
}
