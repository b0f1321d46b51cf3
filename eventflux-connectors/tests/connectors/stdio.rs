//! What standard input and output refuse. What they do is tested with processes of their own, by the command's tests.

use eventflux_core::ErrorKind;

use crate::kit::program::{line, source, source_context};
use crate::kit::sink_kit;

#[tokio::test]
async fn one_stream_at_a_time_reads_standard_input() {
    let plan = || source("stdin", &[line()], &[("format", "line")]).unwrap();
    let context = source_context(0, 1, &[]);
    let first = plan().open(&context).unwrap();
    let error = plan().open(&context).err().unwrap();
    assert_eq!(
        error.to_string(),
        "stdin `stdin`: another stream of this process reads it"
    );
    assert_eq!(error.kind(), ErrorKind::Input);
    drop(first);
    assert!(plan().open(&context).is_ok());
}

#[test]
fn standard_output_takes_what_its_format_can_express() {
    sink_kit::check_input("stdout", &[]);
}
