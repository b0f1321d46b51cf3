use std::sync::Arc;

use arrow::array::{BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, SchemaRef};
use proptest::prelude::*;

use super::*;
use crate::element::{StreamElement, WATERMARK_MAX, WATERMARK_MIN};
use crate::operator::WindowAggregate;
use crate::plan::{AggregateCall, AggregateFunction, ErrorPolicy, WindowSpec, WindowTime};
use crate::testing::{OperatorHarness, assert_table, context, schema};

const INPUT: &str = "n bigint, key text, passes boolean, from timestamp, to timestamp";
const OUTPUT: &str = "key text, a bigint, b bigint, c bigint, d double, e bigint, f bigint, g double, h bigint, \
                      window_start timestamp, window_end timestamp, window_time timestamp";

fn call(function: AggregateFunction, has_argument: bool, output: DataType) -> AggregateCall {
    let arguments = if has_argument { vec![0] } else { vec![] };
    AggregateCall {
        function,
        argument_types: arguments.iter().map(|_| DataType::Int64).collect(),
        arguments,
        parameters: vec![],
        distinct: false,
        filter: None,
        order_by: vec![],
        output: Arc::new(Field::new("result", output, true)),
    }
}

fn spec(window: WindowTime, keys: Vec<usize>) -> WindowAggregateSpec {
    use AggregateFunction::*;
    let filtered = AggregateCall {
        filter: Some(2),
        ..call(Count, true, DataType::Int64)
    };
    WindowAggregateSpec {
        window,
        keys,
        calls: vec![
            call(Count, false, DataType::Int64),
            filtered,
            call(Sum, true, DataType::Int64),
            call(Avg, true, DataType::Float64),
            call(Min, true, DataType::Int64),
            call(Max, true, DataType::Int64),
            call(StddevPop, true, DataType::Float64),
            call(BitXor, true, DataType::Int64),
        ],
        allowed_lateness_us: 0,
        error_policy: ErrorPolicy::Fail,
    }
}

fn tumble(size_us: i64) -> WindowTime {
    WindowTime::Assign(WindowSpec::Tumble {
        size_us,
        offset_us: 0,
    })
}

fn local(spec: &WindowAggregateSpec) -> LocalWindowAggregate {
    let local = LocalWindowAggregate::new(spec, &schema(INPUT), WATERMARK_MIN, 4);
    local.unwrap().expect("the window can be aggregated in parts")
}

fn aggregate(spec: &WindowAggregateSpec) -> OperatorHarness {
    let output = match spec.keys.is_empty() {
        true => schema(OUTPUT.strip_prefix("key text, ").unwrap()),
        false => schema(OUTPUT),
    };
    OperatorHarness::new(WindowAggregate::new(spec, &schema(INPUT), false, &output, context()).unwrap())
}

/// Rows of (time, key, number); every other one passes the filter.
fn rows(rows: &[(i64, Option<u8>, Option<i64>)]) -> EventBatch {
    let times = rows.iter().map(|(time, ..)| *time);
    let keys = rows.iter().map(|(_, key, _)| key.map(|key| format!("k{key}")));
    let columns: RecordBatch = RecordBatch::try_new(
        schema(INPUT) as SchemaRef,
        vec![
            Arc::new(rows.iter().map(|(_, _, n)| *n).collect::<Int64Array>()),
            Arc::new(keys.collect::<StringArray>()),
            Arc::new(
                times
                    .clone()
                    .map(|time| Some(time % 2 == 0))
                    .collect::<BooleanArray>(),
            ),
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                times.clone().map(|time| time - time % 3),
            )),
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                times.clone().map(|time| time - time % 3 + 5),
            )),
        ],
    )
    .unwrap();
    EventBatch::new(columns, times.collect::<Vec<_>>().into()).unwrap()
}

/// What an operator is given, and what comes of it: results, late rows, and how many of them are gone.
fn run(spec: &WindowAggregateSpec, elements: Vec<StreamElement>) -> (String, String, u64) {
    let mut aggregate = aggregate(spec);
    elements.into_iter().for_each(|element| aggregate.feed(element));
    (aggregate.take(), aggregate.take_late(), aggregate.side.late_count)
}

/// The same elements behind a sending half; barriers are cuts after each `cut`th.
fn sent(spec: &WindowAggregateSpec, elements: Vec<StreamElement>, cut: usize) -> Vec<StreamElement> {
    let mut local = local(spec);
    let mut sent = Vec::new();
    for (position, element) in elements.into_iter().enumerate() {
        let mut out = Vec::new();
        let control = match element {
            StreamElement::Batch(batch) => {
                local.add(batch, &mut out).unwrap();
                None
            }
            StreamElement::Watermark(watermark) => {
                local.reach(watermark, &mut out).unwrap();
                Some(element)
            }
            other => panic!("{other:?}"),
        };
        if position % cut == cut - 1 {
            local.take_all(&mut out).unwrap();
        }
        sent.extend(out.into_iter().map(StreamElement::Batch));
        sent.extend(control);
    }
    sent
}

fn windows() -> impl Strategy<Value = WindowTime> {
    prop_oneof![
        Just(tumble(10)),
        Just(WindowTime::Assign(WindowSpec::Hop {
            slide_us: 4,
            size_us: 10,
            offset_us: 1
        })),
        // With gaps.
        Just(WindowTime::Assign(WindowSpec::Hop {
            slide_us: 7,
            size_us: 5,
            offset_us: 0
        })),
        Just(WindowTime::Assign(WindowSpec::Cumulate {
            step_us: 3,
            size_us: 12,
            offset_us: 0
        })),
        Just(WindowTime::Attached { start: 3, end: 4 }),
    ]
}

proptest! {
    #[test]
    fn results_and_late_rows_are_those_of_the_rows_themselves(
        window in windows(),
        is_keyed: bool,
        cut in 1..6usize,
        batches in prop::collection::vec(
            (
                prop::collection::vec(
                    (0..30i64, prop::option::of(0..4u8), prop::option::of(-9..9i64)),
                    1..24,
                ),
                0..12i64,
            ),
            1..8,
        ),
    ) {
        let spec = spec(window, if is_keyed { vec![1] } else { vec![] });
        let mut elements = Vec::new();
        let mut watermark = 0;
        for (position, (batch, advance)) in batches.iter().enumerate() {
            let shift = position as i64 * 5;
            let moved: Vec<_> = batch.iter().map(|(time, key, n)| (time + shift, *key, *n)).collect();
            elements.push(StreamElement::Batch(rows(&moved)));
            if *advance > 0 {
                watermark += advance;
                elements.push(StreamElement::Watermark(watermark));
            }
        }
        elements.push(StreamElement::Watermark(WATERMARK_MAX));
        let (results, late, _) = run(&spec, elements.clone());
        let (results_of_parts, late_of_parts, gone) = run(&spec, sent(&spec, elements, cut));
        prop_assert_eq!(results_of_parts, results);
        let sorted = |text: &str| {
            let mut rows: Vec<_> = text.lines().map(str::to_owned).collect();
            rows.sort();
            rows
        };
        prop_assert_eq!(sorted(&late_of_parts), sorted(&late));
        prop_assert_eq!(gone, 0);
    }
}

#[test]
fn a_row_per_key_and_slice_is_sent_before_the_watermark_that_closes_it() {
    let spec = spec(tumble(10), vec![1]);
    let mut local = local(&spec);
    let mut out = Vec::new();
    for _ in 0..100 {
        let batch = rows(&[(1, Some(1), Some(4)), (11, Some(1), Some(5)), (2, Some(2), None)]);
        local.add(batch, &mut out).unwrap();
    }
    local.reach(9, &mut out).unwrap();
    assert!(out.is_empty(), "no window is closed");
    local.reach(10, &mut out).unwrap();
    let due: usize = out.iter().map(EventBatch::num_rows).sum();
    assert_eq!(due, 2);
    assert!(out.iter().all(EventBatch::is_partial));
    out.clear();
    local.take_all(&mut out).unwrap();
    assert_eq!(out.iter().map(EventBatch::num_rows).collect::<Vec<_>>(), [1]);
}

#[test]
fn rows_behind_the_watermark_go_on_as_they_are() {
    let mut local = local(&spec(tumble(10), vec![1]));
    let mut out = Vec::new();
    local.reach(10, &mut out).unwrap();
    local
        .add(rows(&[(9, Some(1), None), (10, Some(1), None)]), &mut out)
        .unwrap();
    assert_eq!(out.len(), 1);
    assert!(!out[0].is_partial());
    assert_eq!(out[0].event_time().as_ref(), [9]);
}

#[test]
fn the_first_rows_after_idleness_go_on_so_that_it_ends() {
    let mut local = local(&spec(tumble(10), vec![1]));
    let mut out = Vec::new();
    local.add(rows(&[(1, Some(1), None)]), &mut out).unwrap();
    local.idle(&mut out).unwrap();
    assert_eq!(out.iter().map(EventBatch::is_partial).collect::<Vec<_>>(), [true]);
    out.clear();
    for _ in 0..2 {
        local.add(rows(&[(2, Some(1), None)]), &mut out).unwrap();
    }
    assert_eq!(
        out.iter().map(EventBatch::is_partial).collect::<Vec<_>>(),
        [false]
    );
}

#[test]
fn what_the_receiver_knew_before_a_restart_is_known() {
    let spec = spec(tumble(10), vec![1]);
    let local = LocalWindowAggregate::new(&spec, &schema(INPUT), 20, 4);
    let mut local = local.unwrap().unwrap();
    let mut out = Vec::new();
    local.add(rows(&[(19, Some(1), None)]), &mut out).unwrap();
    assert!(!out[0].is_partial());
}

#[test]
fn keys_that_hardly_repeat_are_not_added_up_for_long() {
    let mut local = local(&spec(tumble(1_000_000_000), vec![0]));
    let mut next = 0;
    let mut send = |count: usize| {
        let (mut partial, mut whole) = (0, 0);
        let mut sent = 0;
        while sent < count {
            let batch: Vec<_> = (next..next + 1024).map(|n| (1, None, Some(n))).collect();
            (next, sent) = (next + 1024, sent + batch.len());
            let mut out = Vec::new();
            local.add(rows(&batch), &mut out).unwrap();
            for batch in out {
                *(if batch.is_partial() {
                    &mut partial
                } else {
                    &mut whole
                }) += batch.num_rows();
            }
        }
        (partial, whole)
    };
    assert_eq!(send(Worth::TRIED_ROWS), (Worth::TRIED_ROWS, 0));
    assert_eq!(send(Worth::LEFT_OUT_ROWS / 2), (0, Worth::LEFT_OUT_ROWS / 2));
    // Once in a while it is tried again.
    let (partial, whole) = send(Worth::LEFT_OUT_ROWS);
    assert!(
        partial > 0 && partial <= Worth::TRIED_ROWS,
        "{partial} of {whole}"
    );
}

#[test]
fn what_is_kept_is_limited() {
    let mut local = local(&spec(tumble(1_000_000_000), vec![0]));
    let mut out = Vec::new();
    // Often enough to be worth it, but too many to keep.
    let mut kept = 0;
    for round in 0..12 {
        for start in (0..30_000).step_by(1000) {
            let batch: Vec<_> = (start..start + 1000).map(|n| (round, None, Some(n))).collect();
            local.add(rows(&batch), &mut out).unwrap();
            kept = kept.max(local.bytes);
        }
    }
    assert!(kept < 2 * BYTES_MAX, "{kept} bytes");
    assert!(out.iter().any(EventBatch::is_partial));
}

#[test]
fn late_parts_are_counted_by_their_rows() {
    let spec = spec(tumble(10), vec![1]);
    let mut elements = sent(
        &spec,
        vec![StreamElement::Batch(rows(&[
            (1, Some(1), None),
            (2, Some(1), None),
        ]))],
        1,
    );
    elements.insert(0, StreamElement::Watermark(10));
    let (results, late, gone) = run(&spec, elements);
    assert_table(&results, "watermark 10");
    assert_table(&late, "");
    assert_eq!(gone, 2);
}

#[test]
fn what_depends_on_single_rows_is_not_aggregated_in_parts() {
    let is_possible = |spec: &WindowAggregateSpec| {
        LocalWindowAggregate::new(spec, &schema(INPUT), WATERMARK_MIN, 4)
            .unwrap()
            .is_some()
    };
    let plain = spec(tumble(10), vec![1]);
    assert!(is_possible(&plain));
    let late = WindowAggregateSpec {
        allowed_lateness_us: 1,
        ..plain.clone()
    };
    assert!(!is_possible(&late));
    let session = WindowTime::Assign(WindowSpec::Session { gap_us: 3 });
    assert!(!is_possible(&spec(session, vec![1])));
    let mut first = plain.clone();
    first
        .calls
        .push(call(AggregateFunction::First, true, DataType::Int64));
    assert!(!is_possible(&first));
    let mut distinct = plain;
    distinct.calls.push(AggregateCall {
        distinct: true,
        ..call(AggregateFunction::Count, true, DataType::Int64)
    });
    assert!(!is_possible(&distinct));
}
