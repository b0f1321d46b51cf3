//! State over runtimes, from Rust.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventflux::persistence::DirectoryStore;
use eventflux::{AppError, BuildError, EventFluxAppRuntime, EventFluxAppRuntimeBuilder, Value};
use tempfile::TempDir;

const APP: &str = "
    CREATE STREAM Payments (at TIMESTAMP, card STRING, amount BIGINT, WATERMARK FOR at AS at);
    INSERT INTO Totals
    SELECT card, count(*) AS n, sum(amount) AS total, max(amount) AS largest, count(DISTINCT amount) AS amounts
    FROM Payments GROUP BY card;
    INSERT INTO Minutes
    SELECT card, sum(amount) AS spent
    FROM TUMBLE(Payments, at, INTERVAL '1' MINUTE) GROUP BY card, window_start, window_end;";

fn builder(folder: &Path) -> EventFluxAppRuntimeBuilder {
    let store = DirectoryStore::open(folder).unwrap();
    EventFluxAppRuntimeBuilder::new(APP).with_persistence_store(Box::new(store))
}

/// Collects the rows of both outputs as text.
fn collect(runtime: &EventFluxAppRuntime) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let totals = Arc::clone(&lines);
    runtime
        .add_callback("Totals", move |rows| {
            for row in rows {
                let number = |name: &str| row.get::<i64>(name).unwrap();
                let card: String = row.get("card").unwrap();
                let numbers = [number("n"), number("total"), number("largest"), number("amounts")];
                totals.lock().unwrap().push(format!("{card} {numbers:?}"));
            }
        })
        .unwrap();
    let minutes = Arc::clone(&lines);
    runtime
        .add_callback("Minutes", move |rows| {
            for row in rows {
                let card: String = row.get("card").unwrap();
                let spent: i64 = row.get("spent").unwrap();
                minutes.lock().unwrap().push(format!("{card} spent {spent}"));
            }
        })
        .unwrap();
    lines
}

fn send(runtime: &EventFluxAppRuntime, rows: &[(i64, &str, i64)]) {
    let payments = runtime.input_handler("Payments").unwrap();
    for (seconds, card, amount) in rows {
        payments
            .send((Value::Timestamp(seconds * 1_000_000), *card, *amount))
            .unwrap();
    }
}

fn sorted(lines: &Mutex<Vec<String>>) -> Vec<String> {
    let mut lines = lines.lock().unwrap().clone();
    lines.sort();
    lines
}

#[test]
fn groups_and_windows_in_flight_are_restored_exactly() {
    let folder = TempDir::new().unwrap();
    let runtime = builder(folder.path()).with_parallelism(2).build().unwrap();
    runtime.start().unwrap();
    send(&runtime, &[(0, "A", 5), (1, "A", 7), (2, "B", 9), (3, "A", 5)]);
    let revision = runtime.persist_state().unwrap();
    send(&runtime, &[(4, "A", 1_000)]);
    runtime.abort();
    let _ = runtime.wait();
    drop(runtime);

    for parallelism in [1, 3] {
        let runtime = builder(folder.path())
            .with_parallelism(parallelism)
            .build()
            .unwrap();
        runtime.restore_revision(revision).unwrap();
        let lines = collect(&runtime);
        runtime.start().unwrap();
        send(&runtime, &[(10, "A", 6), (20, "B", 9), (60, "C", 1)]);
        runtime.shutdown().unwrap();
        let expected = [
            "A [4, 23, 7, 3]",
            "A spent 23",
            "B [2, 18, 9, 1]",
            "B spent 18",
            "C [1, 1, 1, 1]",
        ];
        let found = sorted(&lines);
        for line in expected {
            assert!(
                found.contains(&line.to_owned()),
                "no `{line}` at {parallelism}: {found:?}"
            );
        }
        assert!(!found.iter().any(|line| line.contains("1000")), "{found:?}");
    }
}

#[test]
fn without_restoring_a_runtime_starts_from_the_beginning() {
    let folder = TempDir::new().unwrap();
    for _ in 0..2 {
        let runtime = builder(folder.path()).build().unwrap();
        let lines = collect(&runtime);
        runtime.start().unwrap();
        send(&runtime, &[(0, "A", 5)]);
        runtime.shutdown().unwrap();
        assert_eq!(sorted(&lines), ["A [1, 5, 5, 1]"]);
    }
}

#[test]
fn revisions_are_listed_and_any_of_them_can_be_restored() {
    let folder = TempDir::new().unwrap();
    let runtime = builder(folder.path()).build().unwrap();
    assert_eq!(runtime.restore_last_revision().unwrap(), None);
    runtime.start().unwrap();
    let mut revisions = Vec::new();
    for amount in [1, 2] {
        send(&runtime, &[(amount, "A", amount)]);
        revisions.push(runtime.persist_state().unwrap());
    }
    let listed: Vec<u64> = runtime
        .revisions()
        .unwrap()
        .iter()
        .map(|revision| revision.id)
        .collect();
    assert_eq!(listed, revisions);
    assert!(matches!(runtime.restore_last_revision(), Err(AppError::Started)));
    runtime.abort();
    let _ = runtime.wait();
    drop(runtime);
    for (revision, total) in revisions.iter().zip([11, 13]) {
        let runtime = builder(folder.path()).build().unwrap();
        runtime.restore_revision(*revision).unwrap();
        let mut totals = runtime.output_stream("Totals").unwrap();
        runtime.start().unwrap();
        send(&runtime, &[(10, "A", 10)]);
        let rows = totals.next_blocking().unwrap();
        let last = rows.iter().last().unwrap();
        assert_eq!(last.get::<i64>("total").unwrap(), total);
        // Its revisions must not take the place of those that are restored here.
        runtime.abort();
        let _ = runtime.wait();
    }
    let runtime = builder(folder.path()).build().unwrap();
    runtime.restore_revision(1_000_000).unwrap();
    assert!(runtime.start().unwrap_err().to_string().contains("1000000"));
}

#[test]
fn checkpoints_at_an_interval_need_no_asking() {
    let folder = TempDir::new().unwrap();
    let interval = Duration::from_millis(5);
    let runtime = builder(folder.path())
        .with_checkpoint_interval(interval)
        .build()
        .unwrap();
    runtime.start().unwrap();
    while runtime.metrics().checkpoints.committed < 2 {
        std::thread::yield_now();
    }
    runtime.shutdown().unwrap();
    let metrics = runtime.metrics().checkpoints;
    assert!(metrics.committed >= 3 && metrics.last_us.is_some(), "{metrics:?}");
    let without = EventFluxAppRuntimeBuilder::new(APP)
        .with_checkpoint_interval(interval)
        .build();
    assert!(matches!(without.err(), Some(BuildError::NoStore)));
}

#[test]
fn without_a_store_there_is_nothing_to_persist() {
    let runtime = EventFluxAppRuntimeBuilder::new(APP).build().unwrap();
    assert!(matches!(runtime.persist_state(), Err(AppError::NotStarted)));
    assert!(
        runtime
            .restore_last_revision()
            .unwrap_err()
            .to_string()
            .contains("no store")
    );
    runtime.start().unwrap();
    assert!(
        runtime
            .persist_state()
            .unwrap_err()
            .to_string()
            .contains("no store")
    );
}
