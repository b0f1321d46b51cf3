use arrow::datatypes::{DataType, Field};

use super::*;
use crate::plan::{AggregateCall, AggregateFunction, ErrorPolicy, WindowAggregateSpec};
use crate::state::MemoryDelta;
use crate::testing::{OperatorHarness, assert_table, context, schema};

fn sessions_of_changelog() -> OperatorHarness {
    let spec = OperatorSpec::WindowAggregate(WindowAggregateSpec {
        window: WindowTime::Assign(WindowSpec::Session { gap_us: 5 }),
        keys: vec![0],
        calls: vec![AggregateCall {
            function: AggregateFunction::Count,
            arguments: vec![],
            argument_types: vec![],
            parameters: vec![],
            distinct: false,
            filter: None,
            order_by: vec![],
            output: Arc::new(Field::new("count", DataType::Int64, false)),
        }],
        allowed_lateness_us: 0,
        error_policy: ErrorPolicy::Fail,
    });
    let input = OperatorInput {
        schema: schema("key text, n bigint"),
        changelog: ChangelogMode::Changelog { unique_key: None },
    };
    let output =
        schema("key text, count bigint, window_start timestamp, window_end timestamp, window_time timestamp");
    OperatorHarness::boxed(build_operator(&spec, &[input], &output, context()).unwrap())
}

#[test]
fn sessions_of_a_changelog_part_when_the_row_between_is_taken_back() {
    let input = schema("key text, n bigint");
    let mut sessions = sessions_of_changelog();
    let first = "+I A 1 @10\n +I A 2 @14\n +I A 3 @18";
    assert_table(&sessions.run(&input, first), "");
    let mut delta = MemoryDelta::default();
    sessions.snapshot(&mut delta);
    let mut restored = sessions_of_changelog();
    restored.restore(&delta, |_| true);
    for mut sessions in [sessions, restored] {
        let output = sessions.run(&input, "-D A 2 @14\n watermark 16\n watermark max");
        assert_table(
            &output,
            "+I A 1 10 15 14\n watermark 16\n +I A 1 18 23 22\n watermark max",
        );
    }
}
