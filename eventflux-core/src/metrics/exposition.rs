//! Metrics as Prometheus reads them: the text exposition format, version 0.0.4.
//!
//! **Shapes** Per name a `# HELP`, a `# TYPE`, and a line per value. Labels: `app`; of an operator or loop `operator` (its
//! stable id) and `subtask` (which copy, from 0); of an operator also `role` (`source`, `inner`, `sink`).
//!
//! **Source** <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::fmt::{self, Write};

use super::{
    CheckpointSnapshot, Metric, MetricKind, MetricScope, MetricUnit, MetricsSnapshot, OperatorRole,
    OperatorSnapshot, SubtaskSnapshot,
};
use crate::element::WATERMARK_MAX;

/// All metrics of an app at one moment. A value that there is not (yet) has no line.
pub fn exposition(app: &str, snapshot: &MetricsSnapshot) -> String {
    exposition_of(&[LabelledSnapshot {
        labels: vec![("app", app)],
        snapshot,
    }])
}

/// What is measured of one app, with the labels that all its lines bear.
#[derive(Debug, Clone)]
pub struct LabelledSnapshot<'a> {
    /// Names and values.
    pub labels: Vec<(&'a str, &'a str)>,
    /// What is measured.
    pub snapshot: &'a MetricsSnapshot,
}

/// All metrics of several apps.
pub fn exposition_of(apps: &[LabelledSnapshot<'_>]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, apps);
    text
}

fn write_all(text: &mut String, apps: &[LabelledSnapshot<'_>]) -> fmt::Result {
    let mut name = "";
    for metric in Metric::ALL {
        if metric.name() != name {
            name = metric.name();
            write_head(text, metric)?;
        }
        for app in apps {
            write_values(text, metric, app)?;
        }
    }
    Ok(())
}

fn write_values(text: &mut String, metric: Metric, app: &LabelledSnapshot<'_>) -> fmt::Result {
    let LabelledSnapshot { labels, snapshot } = app;
    match metric.scope() {
        MetricScope::Operator => {
            for operator in &snapshot.operators {
                let copy = operator.subtask.to_string();
                let own = [
                    ("operator", operator.operator_id.as_str()),
                    ("role", role(operator.role)),
                    ("subtask", &copy),
                ];
                write_line(
                    text,
                    metric,
                    &[labels, &own[..]].concat(),
                    of_operator(operator, metric),
                )?;
            }
        }
        MetricScope::Subtask => {
            for subtask in &snapshot.subtasks {
                let copy = subtask.subtask.to_string();
                let own = [("operator", subtask.operator_id.as_str()), ("subtask", &copy)];
                write_line(
                    text,
                    metric,
                    &[labels, &own[..]].concat(),
                    of_subtask(subtask, metric),
                )?;
            }
        }
        MetricScope::Run => {
            write_line(
                text,
                metric,
                labels,
                of_checkpoints(&snapshot.checkpoints, metric),
            )?;
        }
    }
    Ok(())
}

fn of_operator(operator: &OperatorSnapshot, metric: Metric) -> Option<i64> {
    match metric {
        Metric::RowsIn => Some(operator.rows_in as i64),
        Metric::RowsOut => Some(operator.rows_out as i64),
        Metric::BatchesIn => Some(operator.batches_in as i64),
        Metric::LateRows => Some(operator.late_rows as i64),
        Metric::BadRows => Some(operator.bad_rows as i64),
        Metric::StateBytes => Some(operator.state_bytes as i64),
        Metric::ColdBytes => Some(operator.cold_bytes as i64),
        Metric::ColdReads => Some(operator.cold_reads as i64),
        Metric::StateEvictions => Some(operator.state_evictions as i64),
        Metric::WatermarkUs => operator.watermark,
        _ => None,
    }
}

fn of_subtask(subtask: &SubtaskSnapshot, metric: Metric) -> Option<i64> {
    match metric {
        Metric::BusyUs => Some(subtask.busy_us as i64),
        Metric::IdleUs => Some(subtask.idle_us as i64),
        Metric::BackpressuredUs => Some(subtask.backpressured_us as i64),
        Metric::BytesOut => Some(subtask.bytes_out as i64),
        Metric::QueuedBytes => Some(subtask.queued_bytes as i64),
        Metric::BarriersUpTo1Ms => Some(subtask.barrier_stops.up_to_1ms as i64),
        Metric::BarriersUpTo5Ms => Some(subtask.barrier_stops.up_to_5ms as i64),
        Metric::BarriersUpTo25Ms => Some(subtask.barrier_stops.up_to_25ms as i64),
        Metric::BarriersLonger => Some(subtask.barrier_stops.longer as i64),
        Metric::BarrierStopUs => Some(subtask.barrier_stops.total_us as i64),
        Metric::BarrierStopMaxUs => Some(subtask.barrier_stops.max_us as i64),
        _ => None,
    }
}

fn of_checkpoints(checkpoints: &CheckpointSnapshot, metric: Metric) -> Option<i64> {
    match metric {
        Metric::CheckpointsCommitted => Some(checkpoints.committed as i64),
        Metric::CheckpointsFailed => Some(checkpoints.failed as i64),
        Metric::CheckpointsGivenUp => Some(checkpoints.given_up as i64),
        Metric::CheckpointAlignUs => Some(checkpoints.align_us as i64),
        Metric::CheckpointStoreUs => Some(checkpoints.store_us as i64),
        Metric::CheckpointLastAlignUs => checkpoints.last_align_us.map(|us| us as i64),
        Metric::CheckpointLastStoreUs => checkpoints.last_store_us.map(|us| us as i64),
        Metric::CheckpointBytes => Some(checkpoints.bytes as i64),
        Metric::CheckpointLastBytes => checkpoints.last_bytes.map(|bytes| bytes as i64),
        Metric::CheckpointStoredBytes => Some(checkpoints.stored_bytes as i64),
        Metric::CheckpointLastUs => checkpoints.last_us,
        Metric::CheckpointEpoch => checkpoints.epoch.map(|epoch| epoch as i64),
        Metric::CommitsWaiting => Some(checkpoints.commits_waiting as i64),
        _ => None,
    }
}

fn role(role: OperatorRole) -> &'static str {
    match role {
        OperatorRole::Source => "source",
        OperatorRole::Inner => "inner",
        OperatorRole::Sink => "sink",
    }
}

fn write_head(text: &mut String, metric: Metric) -> fmt::Result {
    let kind = match metric.kind() {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
    };
    let name = metric.name();
    text.push_str("# HELP ");
    text.push_str(name);
    text.push(' ');
    escape(text, metric.help(), false);
    writeln!(text, "\n# TYPE {name} {kind}")
}

fn write_line(text: &mut String, metric: Metric, labels: &[(&str, &str)], value: Option<i64>) -> fmt::Result {
    let Some(value) = value else {
        return Ok(());
    };
    text.push_str(metric.name());
    let mut separator = '{';
    for (label, value) in labels.iter().copied().chain(metric.label()) {
        write!(text, "{separator}{label}=\"")?;
        escape(text, value, true);
        text.push('"');
        separator = ',';
    }
    text.push_str("} ");
    match metric.unit() {
        MetricUnit::Count | MetricUnit::Bytes => writeln!(text, "{value}"),
        MetricUnit::Seconds if value == WATERMARK_MAX => writeln!(text, "+Inf"),
        MetricUnit::Seconds => {
            let sign = if value < 0 { "-" } else { "" };
            let us = value.unsigned_abs();
            writeln!(text, "{sign}{}.{:06}", us / 1_000_000, us % 1_000_000)
        }
    }
}

/// In help, backslashes and line feeds are escaped; in values of labels quotation marks, too.
fn escape(text: &mut String, raw: &str, is_label: bool) {
    for letter in raw.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if is_label => text.push_str("\\\""),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::BarrierStops;

    /// A snapshot in which everything has a value.
    fn full() -> MetricsSnapshot {
        MetricsSnapshot {
            operators: vec![OperatorSnapshot {
                operator_id: "insert:t/\"quoted\\\n\"".into(),
                name: "sink".into(),
                role: OperatorRole::Sink,
                subtask: 1,
                rows_in: 7,
                rows_out: 6,
                batches_in: 1,
                late_rows: 0,
                bad_rows: 1,
                first_bad_row: None,
                state_bytes: 99,
                cold_bytes: 500,
                cold_reads: 4,
                state_evictions: 5,
                watermark: Some(-1_500_000),
            }],
            subtasks: vec![SubtaskSnapshot {
                name: "source t".into(),
                operator_id: "source:t".into(),
                subtask: 0,
                busy_us: 1_234_567,
                idle_us: 0,
                backpressured_us: 0,
                bytes_out: 0,
                queued_bytes: 12,
                barrier_stops: BarrierStops::default(),
            }],
            checkpoints: CheckpointSnapshot {
                committed: 3,
                last_align_us: Some(5),
                last_store_us: Some(2_000_000),
                last_bytes: Some(10),
                last_us: Some(1_700_000_000_000_001),
                epoch: Some(17),
                ..CheckpointSnapshot::default()
            },
        }
    }

    #[test]
    fn every_metric_has_its_value_under_its_name() {
        let text = exposition("totals", &full());
        for metric in Metric::ALL {
            let name = metric.name();
            assert_eq!(text.matches(&format!("# TYPE {name} ")).count(), 1, "{name}");
            assert_eq!(text.matches(&format!("# HELP {name} ")).count(), 1, "{name}");
            let label = metric
                .label()
                .map_or(String::new(), |(label, value)| format!("{label}=\"{value}\""));
            let mut lines = text.lines();
            let line = lines.find(|line| line.starts_with(&format!("{name}{{")) && line.contains(&label));
            assert!(line.is_some(), "{name} {label} has no line in\n{text}");
        }
    }

    #[test]
    fn values_are_in_base_units_and_labels_are_escaped() {
        let text = exposition("totals", &full());
        for line in [
            r#"eventflux_operator_rows_in_total{app="totals",operator="insert:t/\"quoted\\\n\"",role="sink",subtask="1"} 7"#,
            r#"eventflux_subtask_busy_seconds_total{app="totals",operator="source:t",subtask="0"} 1.234567"#,
            r#"eventflux_checkpoints_total{app="totals",outcome="committed"} 3"#,
            r#"eventflux_checkpoint_last_success_timestamp_seconds{app="totals"} 1700000000.000001"#,
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
        assert!(
            text.contains("role=\"sink\",subtask=\"1\"} -1.500000\n"),
            "{text}"
        );
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn what_has_no_value_has_no_line_and_the_end_of_time_is_infinite() {
        let mut snapshot = full();
        snapshot.checkpoints = CheckpointSnapshot::default();
        snapshot.operators[0].watermark = Some(WATERMARK_MAX);
        let text = exposition("totals", &snapshot);
        assert!(!text.contains("eventflux_checkpoint_last_epoch{"), "{text}");
        assert!(
            text.contains("# TYPE eventflux_checkpoint_last_epoch gauge\n"),
            "{text}"
        );
        assert!(text.contains("subtask=\"1\"} +Inf\n"), "{text}");
    }
}
