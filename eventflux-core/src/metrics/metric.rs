//! The names of all metrics: one table, from which everything else about them is made.

/// Whether a metric only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// What there is one value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricScope {
    /// Each operator, in each of its subtasks.
    Operator,
    /// Each loop; it bears the name of its first operator.
    Subtask,
    /// The whole run.
    Run,
}

/// What a metric's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricUnit {
    /// Plain numbers.
    Count,
    /// Bytes.
    Bytes,
    /// Kept in microseconds, exported in seconds; a point of time is counted from the epoch, UTC.
    Seconds,
}

/// Makes the enum and everything that is said of its members.
macro_rules! metrics {
    ($($scope:ident { $($help:literal $metric:ident: $kind:ident of $unit:ident as $name:literal
        $(with $label:literal = $value:literal)?;)* })*) => {
        /// Everything that is measured.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Metric {
            $($(#[doc = $help] $metric,)*)*
        }

        impl Metric {
            /// All of them; those of one name stand together.
            pub const ALL: [Metric; [$($(Metric::$metric),*),*].len()] = [$($(Metric::$metric),*),*];

            /// The name under which it is exported; the members of a family share it and differ in a label.
            pub fn name(self) -> &'static str {
                match self { $($(Metric::$metric => $name,)*)* }
            }

            /// What tells it apart from the others of its name: a label and its value.
            pub fn label(self) -> Option<(&'static str, &'static str)> {
                match self { $($(Metric::$metric => None$(.or(Some(($label, $value))))?,)*)* }
            }

            /// What it is, in one line.
            pub fn help(self) -> &'static str {
                match self { $($(Metric::$metric => $help,)*)* }
            }

            /// Whether it only grows.
            pub fn kind(self) -> MetricKind {
                match self { $($(Metric::$metric => MetricKind::$kind,)*)* }
            }

            /// What its values are.
            pub fn unit(self) -> MetricUnit {
                match self { $($(Metric::$metric => MetricUnit::$unit,)*)* }
            }

            /// What there is one value of.
            pub fn scope(self) -> MetricScope {
                match self { $($(Metric::$metric => MetricScope::$scope,)*)* }
            }
        }
    };
}

metrics! {
    Operator {
        "Rows that an operator was given; of a source: good rows that it delivered."
        RowsIn: Counter of Count as "eventflux_operator_rows_in_total";
        "Rows that an operator emitted; of a sink: rows that it took."
        RowsOut: Counter of Count as "eventflux_operator_rows_out_total";
        "Batches that an operator was given."
        BatchesIn: Counter of Count as "eventflux_operator_batches_in_total";
        "Rows that came after their window had closed."
        LateRows: Counter of Count as "eventflux_operator_late_rows_total";
        "Rows that did not decode, broke a constraint or made an expression fail."
        BadRows: Counter of Count as "eventflux_operator_bad_rows_total";
        "Bytes of state in memory."
        StateBytes: Gauge of Bytes as "eventflux_operator_state_bytes";
        "Bytes of state on the disk, where memory is limited."
        ColdBytes: Gauge of Bytes as "eventflux_operator_cold_bytes";
        "Rows of state that were looked for on the disk."
        ColdReads: Counter of Count as "eventflux_operator_cold_reads_total";
        "Rows of state that left memory."
        StateEvictions: Counter of Count as "eventflux_operator_state_evictions_total";
        "The watermark that an operator has handed on; +Inf when its input has ended."
        WatermarkUs: Gauge of Seconds as "eventflux_operator_watermark_timestamp_seconds";
    }
    Subtask {
        "Time in which the loop did work."
        BusyUs: Counter of Seconds as "eventflux_subtask_busy_seconds_total";
        "Time in which the loop waited for input."
        IdleUs: Counter of Seconds as "eventflux_subtask_idle_seconds_total";
        "Time in which the loop waited for others to take what it had, or for a sink."
        BackpressuredUs: Counter of Seconds as "eventflux_subtask_backpressured_seconds_total";
        "Bytes sent to other subtasks."
        BytesOut: Counter of Bytes as "eventflux_subtask_sent_bytes_total";
        "Bytes that wait to be read by the loop."
        QueuedBytes: Gauge of Bytes as "eventflux_subtask_queued_bytes";
        "Barriers of checkpoints, by how long the loop stood still for them: up to a millisecond, up to 5, up to 25, or longer."
        BarriersUpTo1Ms: Counter of Count as "eventflux_subtask_barriers_total" with "stop" = "1ms";
        "Barriers for which the loop stood still for more than a millisecond and up to 5."
        BarriersUpTo5Ms: Counter of Count as "eventflux_subtask_barriers_total" with "stop" = "5ms";
        "Barriers for which the loop stood still for more than 5 milliseconds and up to 25."
        BarriersUpTo25Ms: Counter of Count as "eventflux_subtask_barriers_total" with "stop" = "25ms";
        "Barriers for which the loop stood still for more than 25 milliseconds."
        BarriersLonger: Counter of Count as "eventflux_subtask_barriers_total" with "stop" = "longer";
        "Time in which the loop stood still for barriers."
        BarrierStopUs: Counter of Seconds as "eventflux_subtask_barrier_stop_seconds_total";
        "The longest time that the loop stood still for one barrier, or for a piece of what it copies after one."
        BarrierStopMaxUs: Gauge of Seconds as "eventflux_subtask_barrier_stop_max_seconds";
    }
    Run {
        "Checkpoints by outcome: committed is durable, failed is an attempt to store one, given_up one whose barriers did not come through in time."
        CheckpointsCommitted: Counter of Count as "eventflux_checkpoints_total" with "outcome" = "committed";
        "Attempts to store a checkpoint that failed; they are made again."
        CheckpointsFailed: Counter of Count as "eventflux_checkpoints_total" with "outcome" = "failed";
        "Checkpoints whose barriers did not come through in time."
        CheckpointsGivenUp: Counter of Count as "eventflux_checkpoints_total" with "outcome" = "given_up";
        "Time that durable checkpoints took by phase: align until the barriers had come through, store until the checkpoint was durable."
        CheckpointAlignUs: Counter of Seconds as "eventflux_checkpoint_duration_seconds_total" with "phase" = "align";
        "Time from the last acknowledgement until a checkpoint was durable, of all of them."
        CheckpointStoreUs: Counter of Seconds as "eventflux_checkpoint_duration_seconds_total" with "phase" = "store";
        "Time that the newest durable checkpoint took, by phase."
        CheckpointLastAlignUs: Gauge of Seconds as "eventflux_checkpoint_last_duration_seconds" with "phase" = "align";
        "Time from the last acknowledgement until the newest checkpoint was durable."
        CheckpointLastStoreUs: Gauge of Seconds as "eventflux_checkpoint_last_duration_seconds" with "phase" = "store";
        "Bytes that checkpoints added to the store."
        CheckpointBytes: Counter of Bytes as "eventflux_checkpoint_written_bytes_total";
        "Bytes that the newest checkpoint added to the store."
        CheckpointLastBytes: Gauge of Bytes as "eventflux_checkpoint_last_written_bytes";
        "Bytes of state that the newest checkpoint consists of."
        CheckpointStoredBytes: Gauge of Bytes as "eventflux_checkpoint_stored_bytes";
        "When the newest checkpoint became durable."
        CheckpointLastUs: Gauge of Seconds as "eventflux_checkpoint_last_success_timestamp_seconds";
        "The number of the newest durable checkpoint."
        CheckpointEpoch: Gauge of Count as "eventflux_checkpoint_last_epoch";
        "Commits of sinks that belong to durable checkpoints and are not visible outside yet."
        CommitsWaiting: Gauge of Count as "eventflux_sink_commits_waiting";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_say_what_a_metric_is() {
        for (position, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, position);
            let name = metric.name();
            assert!(name.starts_with("eventflux_"), "{name}");
            let (stem, is_total) = match name.strip_suffix("_total") {
                Some(stem) => (stem, true),
                None => (name, false),
            };
            assert_eq!(is_total, metric.kind() == MetricKind::Counter, "{name}");
            assert_eq!(
                stem.ends_with("_bytes"),
                metric.unit() == MetricUnit::Bytes,
                "{name}"
            );
            assert_eq!(
                stem.ends_with("_seconds"),
                metric.unit() == MetricUnit::Seconds,
                "{name}"
            );
        }
    }

    #[test]
    fn the_members_of_a_family_stand_together_and_differ_in_one_label() {
        let mut over = BTreeSet::new();
        for pair in Metric::ALL.windows(2) {
            if pair[0].name() == pair[1].name() {
                let (one, other) = (pair[0].label().unwrap(), pair[1].label().unwrap());
                assert!(one.0 == other.0 && one.1 != other.1, "{pair:?}");
                assert_eq!(
                    (pair[0].kind(), pair[0].scope()),
                    (pair[1].kind(), pair[1].scope())
                );
            } else {
                assert!(
                    over.insert(pair[0].name()) && !over.contains(pair[1].name()),
                    "{pair:?}"
                );
            }
        }
    }
}
