//! The blackhole sink.

use eventflux_core::connector::SinkInput;

use crate::kit::program::{line_sink, sink_context};
use crate::kit::rows::lines;

#[tokio::test]
async fn it_takes_rows_of_every_kind_at_any_parallelism_and_no_format() {
    let plan = line_sink("blackhole", &[], &[]).unwrap();
    assert_eq!(
        (plan.input(), plan.parallelism_max()),
        (SinkInput::Changelog, None)
    );
    let mut sink = plan.open(&sink_context(1, 2)).unwrap();
    for rows in [&[][..], &["a", "b"]] {
        sink.write(&lines(rows)).await.unwrap();
        sink.flush().await.unwrap();
    }
    sink.close().await.unwrap();
    let error = line_sink("blackhole", &[], &[("format", "line")]).err().unwrap();
    assert!(error.to_string().contains("`format`"), "{error}");
}
