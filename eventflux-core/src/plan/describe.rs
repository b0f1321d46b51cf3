//! A spec in words: what plans show, and what a plan's fingerprint is made of.

use std::fmt::Write;

use super::{
    AggregateCall, CalcSpec, EventTimeSpec, ExpandSpec, NamedExpression, OperatorSpec, SinkSpec, SourceKind,
    SourceSpec, WindowAssignSpec, WindowSpec, WindowTime,
};
use crate::connector::OptionText;
use crate::connector::secret::shown_option;

/// The word for when state is forgotten.
pub(crate) const STATE_TTL: &str = "state ttl";
/// The word for results that come out again although they stay as they are.
pub(crate) const REPEATED: &str = "unchanged";

/// What a spec says, as pairs of a word and its value. Complete: specs that differ in what they do differ here.
pub(super) fn describe(spec: &OperatorSpec, input_names: &[Vec<String>]) -> Vec<(&'static str, String)> {
    let columns = input_names.first().map_or(&[][..], Vec::as_slice);
    match spec {
        OperatorSpec::Source(source) => describe_source(source),
        OperatorSpec::Calc(calc) => describe_calc(calc),
        OperatorSpec::Union | OperatorSpec::AfterImage(_) => Vec::new(),
        OperatorSpec::EventTime(time) => vec![("watermark", watermark(time, columns))],
        OperatorSpec::WindowAssign(assign) => describe_assign(assign, columns),
        OperatorSpec::WindowAggregate(aggregate) => {
            let mut lines = vec![("window", window_time(&aggregate.window, columns))];
            lines.extend(keys_and_calls(&aggregate.keys, &aggregate.calls, columns));
            if aggregate.allowed_lateness_us > 0 {
                lines.push(("allowed lateness", duration(aggregate.allowed_lateness_us)));
            }
            lines.push(("errors", format!("{:?}", aggregate.error_policy)));
            lines
        }
        OperatorSpec::GroupAggregate(aggregate) => {
            let mut lines = keys_and_calls(&aggregate.keys, &aggregate.calls, columns);
            if let Some(ttl) = &aggregate.state_ttl {
                lines.push((STATE_TTL, duration(ttl.ttl_us)));
                if ttl.repeats_results {
                    lines.push((REPEATED, "repeated".to_owned()));
                }
            }
            lines.push(("errors", format!("{:?}", aggregate.error_policy)));
            lines
        }
        OperatorSpec::Expand(expand) => describe_expand(expand, columns),
        OperatorSpec::Sink(sink) => describe_sink(sink),
        OperatorSpec::InProcessSink(sink) => vec![("stream", sink.stream.clone())],
    }
}

fn describe_source(source: &SourceSpec) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    match &source.kind {
        SourceKind::Connector { connector, options } => {
            lines.push(("connector", connector.clone()));
            lines.push(("options", option_list(options)));
        }
        SourceKind::InProcess => lines.push(("rows", "from this process".to_owned())),
        SourceKind::Values(rows) => lines.push(("rows", format!("{} given: {rows:?}", rows.num_rows()))),
        SourceKind::DeadLetters => lines.push(("rows", "bad rows of this app".to_owned())),
    }
    let mut names: Vec<String> = source
        .columns
        .iter()
        .map(|column| column.field.name().clone())
        .collect();
    let columns = source.columns.iter().map(|column| {
        let from = column
            .metadata
            .as_ref()
            .map_or(String::new(), |key| format!(" FROM {key}"));
        let null = if column.field.is_nullable() {
            ""
        } else {
            " NOT NULL"
        };
        format!("{} {}{null}{from}", column.field.name(), column.field.data_type())
    });
    lines.push(("columns", columns.collect::<Vec<_>>().join(", ")));
    if !source.computed.is_empty() {
        lines.push(("computed", expressions(&source.computed)));
        names.extend(
            source
                .computed
                .iter()
                .map(|computed| computed.field.name().clone()),
        );
    }
    lines.push(match &source.event_time {
        Some(time) => ("watermark", watermark(time, &names)),
        None => ("watermark", "time of arrival".to_owned()),
    });
    lines.push(("idle after", duration(source.idle_timeout_us)));
    lines.push(("errors", format!("{:?}", source.error_policy)));
    lines
}

fn describe_calc(calc: &CalcSpec) -> Vec<(&'static str, String)> {
    let mut lines: Vec<_> = calc
        .filters
        .iter()
        .map(|filter| ("where", filter.text().to_owned()))
        .collect();
    if let Some(projection) = &calc.projection {
        lines.push(("select", expressions(projection)));
    }
    lines.push(("errors", format!("{:?}", calc.error_policy)));
    lines
}

fn describe_assign(assign: &WindowAssignSpec, columns: &[String]) -> Vec<(&'static str, String)> {
    let mut lines = vec![("window", assign.window.to_string())];
    if !assign.partition_by.is_empty() {
        lines.push(("partition by", names(&assign.partition_by, columns)));
    }
    lines
}

fn describe_expand(expand: &ExpandSpec, columns: &[String]) -> Vec<(&'static str, String)> {
    let sets = expand.sets.iter().map(|set| {
        let kept: Vec<usize> = expand
            .keys
            .iter()
            .zip(set)
            .filter(|(_, kept)| **kept)
            .map(|(key, _)| *key)
            .collect();
        format!("({})", names(&kept, columns))
    });
    vec![
        ("grouping sets", sets.collect::<Vec<_>>().join(", ")),
        ("ids", format!("{:?}", expand.grouping_ids)),
    ]
}

fn describe_sink(sink: &SinkSpec) -> Vec<(&'static str, String)> {
    let columns: Vec<String> = sink
        .schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let mut lines = vec![
        ("connector", sink.connector.clone()),
        ("options", option_list(&sink.options)),
        ("columns", columns.join(", ")),
    ];
    if !sink.key.is_empty() {
        lines.push(("key", names(&sink.key, &columns)));
    }
    lines
}

fn keys_and_calls(
    keys: &[usize],
    calls: &[AggregateCall],
    columns: &[String],
) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if !keys.is_empty() {
        lines.push(("by", names(keys, columns)));
    }
    if !calls.is_empty() {
        let calls = calls
            .iter()
            .map(|call| format!("{} = {}", call.output.name(), call.text(columns)));
        lines.push(("aggregates", calls.collect::<Vec<_>>().join(", ")));
    }
    lines
}

fn expressions(expressions: &[NamedExpression]) -> String {
    let each = expressions.iter().map(|named| {
        let (name, text) = (named.field.name(), named.expression.text());
        if name == text {
            name.clone()
        } else {
            format!("{name} = {text}")
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

fn option_list(options: &[(String, OptionText)]) -> String {
    options
        .iter()
        .map(|(key, value)| format!("{key} = '{}'", shown_option(key, value)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn watermark(time: &EventTimeSpec, columns: &[String]) -> String {
    let column = name(time.column, columns);
    if time.delay_us == 0 {
        column
    } else {
        format!("{column} - {}", duration(time.delay_us))
    }
}

fn window_time(window: &WindowTime, columns: &[String]) -> String {
    match window {
        WindowTime::Assign(window) => window.to_string(),
        WindowTime::Attached { start, end } => {
            format!("attached [{}, {})", name(*start, columns), name(*end, columns))
        }
    }
}

/// The columns' names, separated by commas.
pub(super) fn names(indices: &[usize], columns: &[String]) -> String {
    indices
        .iter()
        .map(|index| name(*index, columns))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A column's name; its number where it is not known.
pub(super) fn name(index: usize, columns: &[String]) -> String {
    columns.get(index).cloned().unwrap_or_else(|| format!("#{index}"))
}

/// Microseconds in the largest units that give them exactly: `1 h 30 min`.
pub(super) fn duration(us: i64) -> String {
    const UNITS: [(i64, &str); 6] = [
        (86_400_000_000, "d"),
        (3_600_000_000, "h"),
        (60_000_000, "min"),
        (1_000_000, "s"),
        (1_000, "ms"),
        (1, "us"),
    ];
    if us == 0 {
        return "0 s".to_owned();
    }
    let mut text = if us < 0 { "-".to_owned() } else { String::new() };
    let mut rest = us.unsigned_abs();
    for (unit_us, unit) in UNITS {
        let count = rest / unit_us.unsigned_abs();
        rest %= unit_us.unsigned_abs();
        if count > 0 {
            let gap = if text.is_empty() || text == "-" { "" } else { " " };
            // Writing to a string cannot fail.
            let _ = write!(text, "{gap}{count} {unit}");
        }
    }
    text
}

impl std::fmt::Display for WindowSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (text, offset_us) = match self {
            WindowSpec::Tumble { size_us, offset_us } => {
                (format!("tumble {}", duration(*size_us)), *offset_us)
            }
            WindowSpec::Hop {
                slide_us,
                size_us,
                offset_us,
            } => (
                format!("hop {} every {}", duration(*size_us), duration(*slide_us)),
                *offset_us,
            ),
            WindowSpec::Cumulate {
                step_us,
                size_us,
                offset_us,
            } => (
                format!("cumulate {} by {}", duration(*size_us), duration(*step_us)),
                *offset_us,
            ),
            WindowSpec::Session { gap_us } => (format!("session {}", duration(*gap_us)), 0),
        };
        f.write_str(&text)?;
        if offset_us == 0 {
            Ok(())
        } else {
            write!(f, " offset {}", duration(offset_us))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_in_their_natural_units() {
        assert_eq!(duration(90 * 60_000_000), "1 h 30 min");
        assert_eq!(duration(10_000_000), "10 s");
        assert_eq!(duration(1_500), "1 ms 500 us");
        assert_eq!(duration(0), "0 s");
        assert_eq!(duration(-86_400_000_000), "-1 d");
        assert!(duration(i64::MIN).starts_with("-106751991 d"));
    }

    #[test]
    fn windows_read_like_sentences() {
        let hop = WindowSpec::Hop {
            slide_us: 2_000_000,
            size_us: 10_000_000,
            offset_us: 1_000_000,
        };
        assert_eq!(hop.to_string(), "hop 10 s every 2 s offset 1 s");
    }
}
