//! The names of all metrics.

/// Whether a metric only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Everything that is measured. The first group is kept per operator and subtask, the second per subtask loop, the
/// third (`Checkpoint…`) per run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// Rows that an operator was given; of a source: good rows that it delivered.
    RowsIn,
    /// Rows that an operator emitted; of a sink: rows that it took.
    RowsOut,
    /// Batches that an operator was given.
    BatchesIn,
    /// Rows that came after their window had closed.
    LateRows,
    /// Rows that did not decode, broke a constraint or made an expression fail.
    BadRows,
    /// Bytes of state in memory.
    StateBytes,
    /// The watermark that an operator has handed on, microseconds since the epoch.
    WatermarkUs,
    /// Microseconds in which the loop did work.
    BusyUs,
    /// Microseconds in which the loop waited for input.
    IdleUs,
    /// Microseconds in which the loop waited for credit or for a sink.
    BackpressuredUs,
    /// Bytes sent along edges to other subtasks.
    BytesOut,
    /// Bytes that wait in the loop's mailbox.
    QueuedBytes,
    /// Checkpoints that became durable.
    CheckpointsCommitted,
    /// Attempts to store a checkpoint that failed; they are made again.
    CheckpointsFailed,
    /// Checkpoints whose barriers did not come through in time.
    CheckpointsGivenUp,
    /// Microseconds from the barriers to the last acknowledgement, of all durable checkpoints.
    CheckpointAlignUs,
    /// Microseconds from the last acknowledgement until a checkpoint was durable, of all of them.
    CheckpointStoreUs,
    /// Bytes that checkpoints added to the store.
    CheckpointBytes,
    /// Bytes of state that the newest checkpoint consists of.
    CheckpointStoredBytes,
    /// When the newest checkpoint became durable, microseconds since the epoch.
    CheckpointLastUs,
    /// The number of the newest durable checkpoint.
    CheckpointEpoch,
}

impl Metric {
    /// All of them.
    pub const ALL: [Metric; 21] = [
        Metric::RowsIn,
        Metric::RowsOut,
        Metric::BatchesIn,
        Metric::LateRows,
        Metric::BadRows,
        Metric::StateBytes,
        Metric::WatermarkUs,
        Metric::BusyUs,
        Metric::IdleUs,
        Metric::BackpressuredUs,
        Metric::BytesOut,
        Metric::QueuedBytes,
        Metric::CheckpointsCommitted,
        Metric::CheckpointsFailed,
        Metric::CheckpointsGivenUp,
        Metric::CheckpointAlignUs,
        Metric::CheckpointStoreUs,
        Metric::CheckpointBytes,
        Metric::CheckpointStoredBytes,
        Metric::CheckpointLastUs,
        Metric::CheckpointEpoch,
    ];

    /// The name under which it is exported.
    pub fn name(self) -> &'static str {
        match self {
            Metric::RowsIn => "eventflux_operator_rows_in_total",
            Metric::RowsOut => "eventflux_operator_rows_out_total",
            Metric::BatchesIn => "eventflux_operator_batches_in_total",
            Metric::LateRows => "eventflux_operator_late_rows_total",
            Metric::BadRows => "eventflux_operator_bad_rows_total",
            Metric::StateBytes => "eventflux_operator_state_bytes",
            Metric::BusyUs => "eventflux_subtask_busy_us_total",
            Metric::IdleUs => "eventflux_subtask_idle_us_total",
            Metric::BackpressuredUs => "eventflux_subtask_backpressured_us_total",
            Metric::WatermarkUs => "eventflux_operator_watermark_us",
            Metric::BytesOut => "eventflux_subtask_bytes_out_total",
            Metric::QueuedBytes => "eventflux_subtask_queued_bytes",
            Metric::CheckpointsCommitted => "eventflux_checkpoint_committed_total",
            Metric::CheckpointsFailed => "eventflux_checkpoint_failed_total",
            Metric::CheckpointsGivenUp => "eventflux_checkpoint_given_up_total",
            Metric::CheckpointAlignUs => "eventflux_checkpoint_align_us_total",
            Metric::CheckpointStoreUs => "eventflux_checkpoint_store_us_total",
            Metric::CheckpointBytes => "eventflux_checkpoint_bytes_total",
            Metric::CheckpointStoredBytes => "eventflux_checkpoint_stored_bytes",
            Metric::CheckpointLastUs => "eventflux_checkpoint_last_us",
            Metric::CheckpointEpoch => "eventflux_checkpoint_epoch",
        }
    }

    /// Whether it only grows.
    pub fn kind(self) -> MetricKind {
        match self {
            Metric::StateBytes
            | Metric::WatermarkUs
            | Metric::QueuedBytes
            | Metric::CheckpointStoredBytes
            | Metric::CheckpointLastUs
            | Metric::CheckpointEpoch => MetricKind::Gauge,
            _ => MetricKind::Counter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_metrics_are_listed_in_order_and_counters_say_so_in_their_names() {
        for (position, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, position);
            assert_eq!(
                metric.name().ends_with("_total"),
                metric.kind() == MetricKind::Counter,
                "{metric:?}"
            );
        }
    }
}
