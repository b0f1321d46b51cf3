//! Each test feeds elements by channel and reads what the operator would see.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};

use super::{InputMerge, Merged};
use crate::batch::EventBatch;
use crate::element::{Barrier, StreamElement, WATERMARK_MAX};

fn rows(value: i64) -> StreamElement {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![value]));
    StreamElement::Batch(EventBatch::at(
        RecordBatch::try_from_iter([("n", column)]).unwrap(),
        value,
    ))
}

fn watermark(watermark: i64) -> StreamElement {
    StreamElement::Watermark(watermark)
}

fn barrier(epoch: u64) -> StreamElement {
    StreamElement::Barrier(Barrier { generation: 1, epoch })
}

/// Feeds the elements and shows what comes out, one word each.
fn feed<const N: usize>(merge: &mut InputMerge, elements: [(usize, StreamElement); N]) -> String {
    let mut merged = Vec::new();
    for (channel, element) in elements {
        assert!(!merge.is_held(channel), "channel {channel} is held");
        merge.take(channel, element, &mut merged);
    }
    let words: Vec<String> = merged
        .iter()
        .map(|merged| match merged {
            Merged::Batch(input, batch) => format!("rows{input}@{}", batch.event_time()[0]),
            Merged::Watermark(WATERMARK_MAX) => "watermark:max".to_owned(),
            Merged::Watermark(watermark) => format!("watermark:{watermark}"),
            Merged::Idle => "idle".to_owned(),
            Merged::Barrier(barrier) => format!("barrier:{}", barrier.epoch),
            Merged::End => "end".to_owned(),
        })
        .collect();
    words.join(" ")
}

fn two_inputs() -> InputMerge {
    InputMerge::new([0, 1])
}

#[test]
fn the_watermark_is_the_least_of_all_and_never_falls() {
    let mut merge = two_inputs();
    let seen = feed(
        &mut merge,
        [
            (0, watermark(10)),
            (1, watermark(5)),
            (1, watermark(5)),
            (1, watermark(12)),
            (0, watermark(9)),
        ],
    );
    assert_eq!(seen, "watermark:5 watermark:10");
}

#[test]
fn an_idle_input_does_not_hold_the_watermark_back_until_it_has_rows_again() {
    let mut merge = two_inputs();
    let idle = (1, StreamElement::Idle);
    assert_eq!(
        feed(&mut merge, [(0, watermark(10)), idle, (0, watermark(20))]),
        "watermark:10 watermark:20"
    );
    assert_eq!(feed(&mut merge, [(1, rows(15)), (0, watermark(30))]), "rows1@15");
    assert_eq!(feed(&mut merge, [(1, watermark(25))]), "watermark:25");
}

#[test]
fn idleness_is_passed_on_once_when_all_inputs_are_idle() {
    let mut merge = two_inputs();
    let idle = |channel| (channel, StreamElement::Idle);
    assert_eq!(
        feed(&mut merge, [(0, watermark(10)), idle(0), idle(1), idle(1)]),
        "idle"
    );
    assert_eq!(feed(&mut merge, [(0, watermark(20))]), "watermark:20");
    assert_eq!(feed(&mut merge, [idle(0)]), "idle");
}

#[test]
fn the_last_end_brings_the_last_watermark_and_the_end() {
    let mut merge = two_inputs();
    let end = |channel| {
        [
            (channel, watermark(WATERMARK_MAX)),
            (channel, StreamElement::EndOfInput),
        ]
    };
    assert_eq!(
        feed(&mut merge, [(0, watermark(3)), (1, watermark(4))]),
        "watermark:3"
    );
    assert_eq!(feed(&mut merge, end(0)), "watermark:4");
    assert_eq!(feed(&mut merge, end(1)), "watermark:max end");
}

#[test]
fn an_ended_input_beside_idle_ones_does_not_flush_windows() {
    let mut merge = two_inputs();
    let seen = feed(
        &mut merge,
        [
            (0, watermark(WATERMARK_MAX)),
            (0, StreamElement::EndOfInput),
            (1, watermark(4)),
            (1, StreamElement::Idle),
        ],
    );
    assert_eq!(seen, "watermark:4 idle");
    assert_eq!(feed(&mut merge, [(1, StreamElement::EndOfInput)]), "end");
}

#[test]
fn a_stop_without_a_last_watermark_leaves_event_time_where_it_is() {
    let mut merge = two_inputs();
    let seen = feed(
        &mut merge,
        [
            (0, watermark(7)),
            (1, watermark(5)),
            (0, StreamElement::EndOfInput),
            (1, StreamElement::EndOfInput),
        ],
    );
    assert_eq!(seen, "watermark:5 end");
}

#[test]
fn a_barrier_holds_its_input_until_all_have_it() {
    let mut merge = two_inputs();
    assert_eq!(feed(&mut merge, [(0, rows(1)), (0, barrier(1))]), "rows0@1");
    assert!(merge.is_held(0));
    assert_eq!(
        feed(&mut merge, [(1, rows(2)), (1, barrier(1))]),
        "rows1@2 barrier:1"
    );
    assert!(!merge.is_held(0) && !merge.is_held(1));
}

#[test]
fn an_ended_input_counts_as_having_the_barrier() {
    let mut merge = two_inputs();
    assert_eq!(
        feed(&mut merge, [(0, barrier(1)), (1, StreamElement::EndOfInput)]),
        "barrier:1"
    );
    assert_eq!(feed(&mut merge, [(0, barrier(2))]), "barrier:2");
}

#[test]
fn a_newer_barrier_takes_the_place_of_an_aborted_one() {
    let mut merge = two_inputs();
    assert_eq!(feed(&mut merge, [(0, barrier(1)), (1, barrier(2))]), "");
    assert!(!merge.is_held(0) && merge.is_held(1));
    assert_eq!(feed(&mut merge, [(0, barrier(2))]), "barrier:2");
}

#[test]
fn an_older_barrier_is_ignored() {
    let mut merge = two_inputs();
    assert_eq!(
        feed(
            &mut merge,
            [(0, barrier(5)), (1, barrier(5)), (0, barrier(4)), (1, rows(1))]
        ),
        "barrier:5 rows1@1"
    );
}

#[test]
fn an_input_that_is_over_closes_nothing_while_others_are_idle() {
    let mut merge = two_inputs();
    let seen = feed(
        &mut merge,
        [
            (0, watermark(10)),
            (1, watermark(10)),
            (1, StreamElement::Idle),
            // With checkpoints it is over long before it ends, and tells its event time again behind each barrier.
            (0, watermark(WATERMARK_MAX)),
            (0, barrier(1)),
            (1, barrier(1)),
            (0, watermark(WATERMARK_MAX)),
            (1, rows(20)),
            (1, watermark(20)),
            (1, watermark(WATERMARK_MAX)),
        ],
    );
    assert_eq!(
        seen,
        "watermark:10 idle barrier:1 idle rows1@20 watermark:20 watermark:max"
    );
}
