//! The reference of metrics is what the engine's table of them says.
//!
//! `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux metrics` writes the page anew.

use std::fmt::Write;
use std::path::Path;

use eventflux::metrics::{Metric, MetricKind, MetricScope};
use eventflux_core::testing::assert_page;

const HEAD: &str = "\
# Metrics

<!-- Written by `EVENTFLUX_UPDATE_DOCS=1 cargo test -p eventflux metrics` from the engine's table of metrics: do not edit. -->

`eventflux run --listen 127.0.0.1:9464` serves them at `/metrics`, as Prometheus reads them; [watching a run](../guides/observing.md)
says how to use them. Every metric has the label `app`, the name of the app's file. `operator` is the stable id that
`eventflux explain` shows, `subtask` says which of its parallel copies, from 0. A value that there is not yet has no line.
";

fn heading(scope: MetricScope) -> &'static str {
    match scope {
        MetricScope::Operator => {
            "## Of operators\n\nLabels: `app`, `operator`, `role` (`source`, `inner`, `sink`), `subtask`."
        }
        MetricScope::Subtask => {
            "## Of loops\n\nA loop is the thread of one subtask of an operator and of all operators behind it up to the next exchange; it \
             bears the name of its first.\nLabels: `app`, `operator`, `subtask`."
        }
        MetricScope::Run => "## Of the run\n\nLabels: `app`, and those that are named.",
    }
}

fn page() -> String {
    let mut page = String::from(HEAD);
    let (mut scope, mut name) = (None, "");
    for metric in Metric::ALL {
        if scope != Some(metric.scope()) {
            scope = Some(metric.scope());
            let heading = heading(metric.scope());
            let _ = write!(page, "\n{heading}\n\n| metric | kind | |\n|---|---|---|\n");
        }
        if metric.name() == name {
            continue;
        }
        name = metric.name();
        let kind = match metric.kind() {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
        };
        let family = Metric::ALL.into_iter().filter(|other| other.name() == name);
        let labels: Vec<_> = family.filter_map(Metric::label).collect();
        let labels = match labels.first() {
            Some((label, _)) => {
                let values: Vec<_> = labels.iter().map(|(_, value)| format!("`{value}`")).collect();
                format!(" `{label}`: {}.", values.join(", "))
            }
            None => String::new(),
        };
        let _ = writeln!(page, "| `{name}` | {kind} | {}{labels} |", metric.help());
    }
    page
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/metrics.md");
    assert_page(&path, &page(), "cargo test -p eventflux metrics");
}
