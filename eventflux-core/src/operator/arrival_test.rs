//! Windows of every kind against a list of rows: any order of arrival within the watermark, and a restart in the middle,
//! give what each row's windows contain.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use proptest::prelude::*;

use super::{SessionAggregate, WindowAggregate};
use crate::plan::{
    AggregateCall, AggregateFunction, ErrorPolicy, WindowAggregateSpec, WindowSpec, WindowTime,
};
use crate::state::MemoryDelta;
use crate::testing::{OperatorHarness, context, schema};

const INPUT: &str = "key text, n bigint";
const KEYS: [&str; 3] = ["A", "B", "NULL"];

#[derive(Debug, Clone, Copy)]
struct Row {
    key: &'static str,
    n: i64,
    time: i64,
}

/// Rows in an order of arrival, cut into batches: the watermark follows each, `delay` behind the newest row so far.
#[derive(Debug, Clone)]
struct Arrival {
    batches: Vec<Vec<Row>>,
    delay: i64,
}

impl Arrival {
    /// Each row comes at its time plus its own hold-up, which is not longer than the delay.
    fn new(rows: &[(Row, i64)], delay: i64, batch_rows: usize) -> Self {
        let mut order: Vec<(i64, Row)> = rows
            .iter()
            .map(|(row, hold_up)| (row.time + hold_up % (delay + 1), *row))
            .collect();
        order.sort_by_key(|(arrives, _)| *arrives);
        let order: Vec<Row> = order.into_iter().map(|(_, row)| row).collect();
        Self {
            batches: order.chunks(batch_rows).map(<[Row]>::to_vec).collect(),
            delay,
        }
    }

    /// One text table per batch, and the end of the input.
    fn tables(&self) -> Vec<String> {
        let mut newest = i64::MIN;
        let mut tables: Vec<String> = Vec::new();
        for batch in &self.batches {
            let mut table = String::new();
            for Row { key, n, time } in batch {
                newest = newest.max(*time);
                table.push_str(&format!("{key} {n} @{time}\n"));
            }
            table.push_str(&format!("watermark {}\n", newest - self.delay));
            tables.push(table);
        }
        tables.push("watermark max\n".into());
        tables
    }
}

fn operator(window: &WindowSpec) -> OperatorHarness {
    let call = |function, argument: Option<usize>| AggregateCall {
        function,
        arguments: argument.into_iter().collect(),
        argument_types: argument.map(|_| DataType::Int64).into_iter().collect(),
        parameters: vec![],
        distinct: false,
        filter: None,
        order_by: vec![],
        output: Arc::new(Field::new("result", DataType::Int64, true)),
    };
    let spec = WindowAggregateSpec {
        window: WindowTime::Assign(window.clone()),
        keys: vec![0],
        calls: vec![
            call(AggregateFunction::Count, None),
            call(AggregateFunction::Sum, Some(1)),
            call(AggregateFunction::Max, Some(1)),
        ],
        allowed_lateness_us: 0,
        error_policy: ErrorPolicy::Fail,
    };
    let output = schema(
        "key text, count bigint, sum bigint, max bigint, \
         window_start timestamp, window_end timestamp, window_time timestamp",
    );
    let input = schema(INPUT);
    match window {
        WindowSpec::Session { .. } => {
            OperatorHarness::new(SessionAggregate::new(&spec, &input, &output, context()).unwrap())
        }
        _ => OperatorHarness::new(WindowAggregate::new(&spec, &input, true, &output, context()).unwrap()),
    }
}

/// What an operator emits; before each batch of such a number its state moves to a new one. `is_continued`: all snapshots are
/// read together; otherwise each new operator begins with a snapshot of everything.
fn emitted(window: &WindowSpec, arrival: &Arrival, restarts: &[usize], is_continued: bool) -> String {
    let mut running = operator(window);
    let mut delta = MemoryDelta::default();
    let mut output = String::new();
    for (number, table) in arrival.tables().iter().enumerate() {
        if restarts.iter().any(|restart| number <= *restart) {
            running.snapshot(&mut delta);
        }
        if restarts.contains(&number) {
            running = operator(window);
            match is_continued {
                true => running.go_on(&delta),
                false => {
                    running.restore(&delta, |_| true);
                    delta = MemoryDelta::default();
                }
            }
        }
        output.push_str(&running.run(&schema(INPUT), table));
        assert_eq!(running.take_late(), "", "nothing is late");
    }
    output
}

/// The windows of a time, by their definition.
fn windows_of(window: &WindowSpec, time: i64) -> Vec<(i64, i64)> {
    let candidates: Vec<(i64, i64)> = match *window {
        WindowSpec::Tumble { size_us, offset_us } => (-100..200)
            .map(|k| (k * size_us + offset_us, (k + 1) * size_us + offset_us))
            .collect(),
        WindowSpec::Hop {
            slide_us,
            size_us,
            offset_us,
        } => (-100..200)
            .map(|k| (k * slide_us + offset_us, k * slide_us + offset_us + size_us))
            .collect(),
        WindowSpec::Cumulate {
            step_us,
            size_us,
            offset_us,
        } => (-100..200)
            .flat_map(|k| {
                let start = k * size_us + offset_us;
                (1..=size_us / step_us).map(move |steps| (start, start + steps * step_us))
            })
            .collect(),
        WindowSpec::Session { .. } => unreachable!("sessions depend on each other"),
    };
    candidates
        .into_iter()
        .filter(|(start, end)| (*start..*end).contains(&time))
        .collect()
}

/// Rows of each key and window.
fn contents(window: &WindowSpec, rows: &[Row]) -> BTreeMap<(&'static str, i64, i64), Vec<i64>> {
    let mut contents: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    let WindowSpec::Session { gap_us } = *window else {
        for row in rows {
            for (start, end) in windows_of(window, row.time) {
                contents.entry((row.key, start, end)).or_default().push(row.n);
            }
        }
        return contents;
    };
    for key in KEYS {
        let mut rows: Vec<&Row> = rows.iter().filter(|row| row.key == key).collect();
        rows.sort_by_key(|row| row.time);
        for session in rows.chunk_by(|one, next| next.time - one.time < gap_us) {
            let (start, end) = (session[0].time, session[session.len() - 1].time + gap_us);
            contents.insert((key, start, end), session.iter().map(|row| row.n).collect());
        }
    }
    contents
}

fn expected(window: &WindowSpec, rows: &[Row]) -> Vec<String> {
    let line = |((key, start, end), values): (&(&str, i64, i64), &Vec<i64>)| {
        let (count, sum) = (values.len(), values.iter().sum::<i64>());
        let max = values.iter().max().unwrap();
        format!("+I {key} {count} {sum} {max} {start} {end} {}", end - 1)
    };
    let mut lines: Vec<String> = contents(window, rows).iter().map(line).collect();
    lines.sort();
    lines
}

/// Every window comes when the watermark reaches its end, not before and not after.
fn check_promptness(output: &str) {
    let mut before = i64::MIN;
    let mut waiting: Vec<i64> = Vec::new();
    for line in output.lines() {
        match line.strip_prefix("watermark ") {
            None => {
                let end = line.split(' ').nth_back(1).unwrap().parse().unwrap();
                assert!(end > before, "{line} comes behind watermark {before}");
                waiting.push(end);
            }
            Some(text) => {
                let watermark = text.parse().unwrap_or(i64::MAX);
                for end in waiting.drain(..) {
                    assert!(end <= watermark, "a window up to {end} comes at {watermark}");
                }
                before = watermark;
            }
        }
    }
}

fn any_window() -> impl Strategy<Value = WindowSpec> {
    prop_oneof![
        (1..20i64, 0..20i64).prop_map(|(size_us, offset)| WindowSpec::Tumble {
            size_us,
            offset_us: offset % size_us,
        }),
        (1..12i64, 1..30i64, 0..12i64).prop_map(|(slide_us, size_us, offset)| WindowSpec::Hop {
            slide_us,
            size_us,
            offset_us: offset % slide_us,
        }),
        (1..8i64, 1..5i64, 0..40i64).prop_map(|(step_us, steps, offset)| WindowSpec::Cumulate {
            step_us,
            size_us: step_us * steps,
            offset_us: offset % (step_us * steps),
        }),
        (1..15i64).prop_map(|gap_us| WindowSpec::Session { gap_us }),
    ]
}

fn any_row() -> impl Strategy<Value = Row> {
    (prop::sample::select(&KEYS[..]), -5..5i64, -20..80i64).prop_map(|(key, n, time)| Row { key, n, time })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn windows_contain_their_rows_whatever_the_order_of_arrival(
        window in any_window(),
        rows in prop::collection::vec((any_row(), 0..100i64, 0..100i64), 0..40),
        delay in 0..25i64,
        batch_rows in 1..8usize,
        restarts in prop::collection::vec(0..20usize, 1..4),
    ) {
        let plain: Vec<Row> = rows.iter().map(|(row, _, _)| *row).collect();
        let expected = expected(&window, &plain);
        let orders: [Vec<(Row, i64)>; 2] = [
            rows.iter().map(|(row, hold_up, _)| (*row, *hold_up)).collect(),
            rows.iter().map(|(row, _, hold_up)| (*row, *hold_up)).collect(),
        ];
        for order in orders {
            let arrival = Arrival::new(&order, delay, batch_rows);
            let output = emitted(&window, &arrival, &[], false);
            check_promptness(&output);
            let mut lines: Vec<&str> = output.lines().filter(|line| !line.starts_with("watermark")).collect();
            lines.sort_unstable();
            prop_assert_eq!(&lines, &expected);
            let restarts: Vec<usize> = restarts.iter().map(|number| number % (arrival.batches.len() + 1)).collect();
            for is_continued in [false, true] {
                prop_assert_eq!(&emitted(&window, &arrival, &restarts, is_continued), &output);
            }
        }
    }
}
