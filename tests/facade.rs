//! The library as programs use it.

use std::sync::{Arc, Mutex};

use eventflux::time::VirtualClock;
use eventflux::{
    AppError, BuildError, EventFluxAppRuntime, EventFluxAppRuntimeBuilder, InputError, RowStream, RunEnd,
    Value,
};

const NUMBERS: &str = "CREATE STREAM Numbers (n BIGINT);";

fn build(queries: &str) -> EventFluxAppRuntime {
    EventFluxAppRuntimeBuilder::new(format!("{NUMBERS} {queries}"))
        .build()
        .unwrap()
}

fn numbers(stream: &mut RowStream) -> Vec<i64> {
    let batches = std::iter::from_fn(|| stream.next_blocking());
    batches
        .flat_map(|rows| rows.iter().map(|row| row.at(0).unwrap()).collect::<Vec<_>>())
        .collect()
}

#[test]
fn a_mistake_in_the_text_is_shown_as_the_compiler_shows_it() {
    let error = EventFluxAppRuntimeBuilder::new("CREATE STREAM s (n BIGINT);\nSELECT m FROM s;")
        .with_name("my.sql")
        .build()
        .err()
        .unwrap();
    let shown = format!("{error:?}");
    assert!(shown.contains("my.sql:2:8"), "{shown}");
    assert!(shown.contains("SELECT m FROM s"), "{shown}");
    let BuildError::Diagnostics(rejected) = error else {
        panic!("{error}")
    };
    assert_eq!(rejected.diagnostics().len(), 1);
    assert!(
        rejected.concise().starts_with("my.sql:2:8"),
        "{}",
        rejected.concise()
    );
}

#[test]
fn settings_and_names_of_functions_are_checked() {
    let unknown = EventFluxAppRuntimeBuilder::new(NUMBERS)
        .set("paralelism", "2")
        .build()
        .err()
        .unwrap();
    assert_eq!(unknown.to_string(), "there is no setting `paralelism`");
    let invalid = EventFluxAppRuntimeBuilder::new(NUMBERS)
        .with_parallelism(0)
        .build()
        .err()
        .unwrap();
    assert_eq!(
        invalid.to_string(),
        "setting `parallelism`: `0` is no integer from 1 to 1024"
    );
    let lower = eventflux::expr::RowFunction::new("lower", |n: i64| n);
    let taken = EventFluxAppRuntimeBuilder::new(NUMBERS)
        .register_function(lower)
        .build()
        .err()
        .unwrap();
    assert_eq!(taken.to_string(), "there is a function `lower` already");
}

#[test]
fn streams_are_found_by_name_and_others_are_refused_with_a_suggestion() {
    let runtime = build("INSERT INTO Big SELECT n FROM Numbers WHERE n > 5;");
    assert_eq!(runtime.input_handler("numbers").unwrap().stream(), "Numbers");
    let unknown = runtime.input_handler("Number").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no input stream `Number`: did you mean `Numbers`?"
    );
    let unknown = runtime.output_stream("elsewhere").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no output stream `elsewhere`: there are Big"
    );
}

#[test]
fn a_runtime_starts_once_and_ends_only_then() {
    let runtime = build("SELECT n FROM Numbers;");
    assert!(matches!(runtime.wait(), Err(AppError::NotStarted)));
    assert!(runtime.metrics().operators.is_empty());
    runtime.start().unwrap();
    assert!(matches!(runtime.start(), Err(AppError::Started)));
    assert_eq!(runtime.shutdown().unwrap().end, RunEnd::Stopped);
    assert_eq!(runtime.wait().unwrap().end, RunEnd::Stopped);
}

#[test]
fn nobody_waits_for_a_run_that_could_not_start_or_that_is_gone() {
    let cannot_open = "
        CREATE STREAM Kept (n BIGINT)
        WITH ('connector' = 'file', 'path' = '/proc/none.csv', 'format' = 'csv');
        INSERT INTO Kept SELECT n FROM Numbers;";
    for (more, is_startable) in [(cannot_open, false), ("", true)] {
        let runtime = build(&format!("SELECT n FROM Numbers; {more}"));
        let mut stream = runtime.output_stream("select").unwrap();
        let input = runtime.input_handler("Numbers").unwrap();
        assert_eq!(runtime.start().is_ok(), is_startable);
        if is_startable {
            drop(runtime);
        }
        assert!(stream.next_blocking().is_none());
        assert!(matches!(input.send((1,)), Err(InputError::Ended)));
    }
}

#[test]
fn a_stream_between_two_queries_can_be_read_if_somebody_does_so_at_the_start() {
    let queries =
        "INSERT INTO Big SELECT n FROM Numbers WHERE n > 5; INSERT INTO Huge SELECT n FROM Big WHERE n > 50;";
    let runtime = build(queries);
    let (mut big, mut huge) = (
        runtime.output_stream("Big").unwrap(),
        runtime.output_stream("Huge").unwrap(),
    );
    runtime.start().unwrap();
    let input = runtime.input_handler("Numbers").unwrap();
    for number in [1, 10, 100] {
        input.send((number,)).unwrap();
    }
    runtime.finish().unwrap();
    assert_eq!(
        (numbers(&mut big), numbers(&mut huge)),
        (vec![10, 100], vec![100])
    );

    let unread = build(queries);
    unread.start().unwrap();
    let late = unread.output_stream("Big").unwrap_err().to_string();
    assert_eq!(
        late,
        "stream `Big` is read by another query: add its readers before the start"
    );
    // The last stream is nobody else's: it can be read at any time.
    let mut huge = unread.output_stream("Huge").unwrap();
    unread.input_handler("Numbers").unwrap().send((51,)).unwrap();
    unread.finish().unwrap();
    assert_eq!(numbers(&mut huge), [51]);
}

#[test]
fn now_and_windows_over_the_time_of_arrival_follow_the_given_clock() {
    let clock = Arc::new(VirtualClock::at(1_000_000));
    let app = format!(
        "{NUMBERS}
         INSERT INTO Counts SELECT count(*) AS c, window_start FROM Numbers WINDOW TUMBLING(1 SECOND)
         GROUP BY window_start;
         SELECT now() AS at FROM Numbers;"
    );
    let runtime = EventFluxAppRuntimeBuilder::new(app)
        .with_clock(Arc::clone(&clock) as _)
        .build()
        .unwrap();
    let (mut counts, mut times) = (
        runtime.output_stream("Counts").unwrap(),
        runtime.output_stream("select").unwrap(),
    );
    runtime.start().unwrap();
    let input = runtime.input_handler("Numbers").unwrap();
    input.send((1,)).unwrap();
    let at: Value = times
        .next_blocking()
        .unwrap()
        .iter()
        .next()
        .unwrap()
        .at(0)
        .unwrap();
    assert_eq!(at, Value::Timestamp(1_000_000));
    clock.advance_to(2_500_000);
    let closed = counts.next_blocking().unwrap();
    let row = closed.iter().next().unwrap();
    assert_eq!(
        row.values().unwrap(),
        [Value::Int(1), Value::Timestamp(1_000_000)]
    );
    input.send((2,)).unwrap();
    assert_eq!(runtime.shutdown().unwrap().end, RunEnd::Stopped);
    assert!(
        counts.next_blocking().is_none(),
        "a window that is open stays open"
    );
}

#[test]
fn results_are_the_same_at_every_parallelism_and_batch_size() {
    let run = |parallelism: usize, batch_rows: usize| {
        let app = format!(
            "{NUMBERS}
             INSERT INTO Sums SELECT n % 10 AS k, sum(n) AS s FROM Numbers GROUP BY n % 10;"
        );
        let builder = EventFluxAppRuntimeBuilder::new(app);
        let runtime = builder
            .with_parallelism(parallelism)
            .with_batch_size(batch_rows)
            .build()
            .unwrap();
        let last = Arc::new(Mutex::new(std::collections::BTreeMap::new()));
        let kept = Arc::clone(&last);
        let keep = move |rows: &eventflux::Rows| {
            for row in rows {
                kept.lock()
                    .unwrap()
                    .insert(row.get::<i64>("k").unwrap(), row.values().unwrap()[1].clone());
            }
        };
        runtime.add_callback("Sums", keep).unwrap();
        runtime.start().unwrap();
        let input = runtime.input_handler("Numbers").unwrap();
        for number in 0..1_000 {
            input.send((number,)).unwrap();
        }
        runtime.finish().unwrap();
        let last = last.lock().unwrap();
        last.clone()
    };
    let expected = run(1, 4096);
    assert_eq!(expected.len(), 10);
    for (parallelism, batch_rows) in [(1, 1), (3, 1), (3, 4096)] {
        assert_eq!(run(parallelism, batch_rows), expected);
    }
}

#[test]
fn a_program_without_statements_that_run_ends_at_once() {
    let runtime = EventFluxAppRuntimeBuilder::new(NUMBERS).build().unwrap();
    assert!(runtime.input_handler("Numbers").is_err());
    runtime.start().unwrap();
    assert_eq!(runtime.wait().unwrap().end, RunEnd::InputEnded);
}
