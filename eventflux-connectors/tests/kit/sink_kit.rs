//! The contract of a sink: what is flushed is outside and in order, nothing comes after the close, a failure has a place.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use eventflux_core::connector::{Sink, SinkInput, SinkPlan, SinkRequest};
use eventflux_core::{Error, ErrorKind};

use super::program::{options, registry, sink_context};
use super::rows::lines;

/// Checks a sink of lines. `plan` and `read` belong to an outside that is empty; `read` gives all rows that can be seen
/// there, those of one subtask in the order in which they stand.
pub async fn check(plan: &dyn SinkPlan, read: impl Fn() -> Vec<String>) {
    let parallelism = plan.parallelism_max().unwrap_or(3).min(3);
    let mut sinks: Vec<_> = (0..parallelism)
        .map(|subtask| plan.open(&sink_context(subtask, parallelism)).unwrap())
        .collect();
    let mut written = vec![Vec::new(); parallelism];
    // Nothing is nothing, before the first row too.
    for sink in &mut sinks {
        sink.write(&lines(&[])).await.unwrap();
        sink.flush().await.unwrap();
    }
    same(&read(), &written, "nothing was written");
    for round in 0..4 {
        for (subtask, sink) in sinks.iter_mut().enumerate() {
            // Batches of one row and of thousands; the last round is larger than any buffer.
            for batch in [1, 7, 1_000 << round] {
                let rows = rows(subtask, written[subtask].len(), batch);
                let texts: Vec<_> = rows.iter().map(String::as_str).collect();
                sink.write(&lines(&texts)).await.unwrap();
                sink.write(&lines(&[])).await.unwrap();
                written[subtask].extend(rows);
            }
        }
        flush(&mut sinks).await;
        same(&read(), &written, "flushed");
        flush(&mut sinks).await;
        same(&read(), &written, "flushed again");
    }
    // What is written and not flushed is there after the close, and nothing comes behind it.
    for (subtask, sink) in sinks.iter_mut().enumerate() {
        let rows = rows(subtask, written[subtask].len(), 3);
        let texts: Vec<_> = rows.iter().map(String::as_str).collect();
        sink.write(&lines(&texts)).await.unwrap();
        written[subtask].extend(rows);
        sink.close().await.unwrap();
    }
    same(&read(), &written, "closed");
    drop(sinks);
    same(&read(), &written, "let go of");
}

async fn flush(sinks: &mut [Box<dyn Sink>]) {
    for sink in sinks {
        sink.flush().await.unwrap();
    }
}

fn rows(subtask: usize, first: usize, count: usize) -> Vec<String> {
    (first..first + count)
        .map(|index| format!("{subtask} {index}"))
        .collect()
}

/// Compares by subtask, each in its order.
fn same(seen: &[String], written: &[Vec<String>], what: &str) {
    let total: usize = written.iter().map(Vec::len).sum();
    assert_eq!(seen.len(), total, "rows that can be seen, {what}");
    for (subtask, written) in written.iter().enumerate() {
        let own = |row: &&String| row.split_once(' ').unwrap().0 == subtask.to_string();
        let seen: Vec<_> = seen.iter().filter(own).collect();
        let first = seen
            .iter()
            .zip(written)
            .position(|(seen, written)| *seen != written);
        assert_eq!(first, None, "subtask {subtask} is in order, {what}");
    }
}

/// Checks that a sink that cannot work says where, at the latest when it flushes.
pub async fn check_failure(plan: &dyn SinkPlan, place: &str, kind: ErrorKind) {
    let error = match plan.open(&sink_context(0, 1)) {
        Err(error) => error,
        Ok(mut sink) => first_error(&mut *sink).await,
    };
    let Error::Connector { object, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(object, place);
    assert!(error.to_string().contains(place), "{error}");
    assert_eq!(error.kind(), kind, "{error}");
}

async fn first_error(sink: &mut dyn Sink) -> Error {
    match sink.write(&lines(&["a"])).await {
        Err(error) => error,
        Ok(()) => sink.flush().await.expect_err("the sink cannot work"),
    }
}

/// Checks that a sink takes the rows that its format can express, and says so before the run.
pub fn check_input(connector: &str, given: &[(&str, &str)]) {
    let registry = registry();
    let schema = Arc::new(Schema::new(vec![Field::new("line", DataType::Utf8, false)]));
    for format in registry.encoders() {
        let name = format.doc().name;
        // Values of one BINARY column only.
        if name == "raw" {
            continue;
        }
        let options = options(&[given, &[("format", name)]].concat());
        let request = SinkRequest {
            stream: "results",
            schema: &schema,
            key: &[0],
            options: &options,
            registry: &registry,
        };
        let plan = registry.sink(connector).unwrap().plan(&request).unwrap();
        assert_eq!(plan.input(), format.input(), "{connector} with {name}");
        let expected = match name {
            "debezium_json" => SinkInput::Changelog,
            "upsert_json" => SinkInput::Upsert,
            _ => SinkInput::Append,
        };
        assert_eq!(plan.input(), expected, "{connector} with {name}");
    }
}
