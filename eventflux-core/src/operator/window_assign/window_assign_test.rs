use super::*;
use crate::plan::WindowSpec;
use crate::testing::{OperatorHarness, assert_table, context, schema};

const INPUT: &str = "key text, n bigint";
const OUTPUT: &str =
    "key text, n bigint, window_start timestamp, window_end timestamp, window_time timestamp";

fn fixed(window: WindowSpec) -> OperatorHarness {
    OperatorHarness::new(FixedWindowAssign::new(&window, &schema(OUTPUT), 3).unwrap())
}

fn sessions(gap_us: i64) -> OperatorHarness {
    OperatorHarness::new(
        SessionAssign::new(gap_us, &[0], &schema(INPUT), &schema(OUTPUT), context()).unwrap(),
    )
}

#[test]
fn a_row_comes_out_once_per_window() {
    let mut hop = fixed(WindowSpec::Hop {
        slide_us: 4,
        size_us: 10,
        offset_us: 0,
    });
    let output = hop.run(&schema(INPUT), "+I A 1 @9\n -D A 1 @9\n +I B 2 @2\n watermark 5");
    assert_table(
        &output,
        "+I A 1 0 10 9
         +I A 1 4 14 13
         +I A 1 8 18 17
         -D A 1 0 10 9
         -D A 1 4 14 13
         -D A 1 8 18 17
         +I B 2 -4 6 5
         +I B 2 0 10 9
         watermark 5",
    );
}

#[test]
fn a_row_between_hops_goes_nowhere() {
    let mut hop = fixed(WindowSpec::Hop {
        slide_us: 10,
        size_us: 4,
        offset_us: 0,
    });
    assert_table(
        &hop.run(&schema(INPUT), "A 1 @3\n A 2 @4\n A 3 @13"),
        "+I A 1 0 4 3\n +I A 3 10 14 13",
    );
}

#[test]
fn a_time_without_a_representable_window_is_bad() {
    let mut tumble = fixed(WindowSpec::Tumble {
        size_us: 10,
        offset_us: 0,
    });
    assert_table(
        &tumble.run(&schema(INPUT), "A 1 @-9223372036854775808\n A 2 @1"),
        "+I A 2 0 10 9",
    );
    assert_eq!(
        tumble.take_bad(),
        ["its window is outside the range of timestamps"]
    );
}

#[test]
fn a_session_comes_out_when_it_closes() {
    let mut sessions = sessions(5);
    let output = sessions.run(
        &schema(INPUT),
        "B 1 @10
         A 2 @14
         A 3 @10
         A 4 @19
         watermark 18
         A 9 @13
         watermark 19
         B 5 @13
         B 6 @30
         watermark max",
    );
    assert_table(
        &output,
        "+I B 1 10 15 14
         watermark 18
         +I A 3 10 19 18
         +I A 9 10 19 18
         +I A 2 10 19 18
         watermark 19
         +I A 4 19 24 23
         +I B 6 30 35 34
         watermark max",
    );
    assert_table(&sessions.take_late(), "+I B 5");
}

#[test]
fn a_row_taken_back_parts_its_session() {
    let output = sessions(5).run(
        &schema(INPUT),
        "+I A 1 @10
         +I A 2 @14
         +I A 2 @14
         +I A 3 @18
         watermark 14
         -D A 2 @14
         -D A 2 @14
         -D A 7 @18
         watermark 15
         watermark max",
    );
    assert_table(
        &output,
        "watermark 14
         +I A 1 10 15 14
         watermark 15
         +I A 3 18 23 22
         watermark max",
    );
}
