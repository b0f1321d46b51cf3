//! The example data: the same rows in both formats.

use std::io::Read;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, TimeUnit};
use eventflux_core::connector::Decode;

use super::harness::{Case, column};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/data")
        .join(name)
}

fn columns() -> Vec<FieldRef> {
    let integers = |names: &[&str]| -> Vec<FieldRef> {
        names.iter().map(|name| column(name, DataType::Int32)).collect()
    };
    let texts =
        |names: &[&str]| -> Vec<FieldRef> { names.iter().map(|name| column(name, DataType::Utf8)).collect() };
    let time = || DataType::Timestamp(TimeUnit::Microsecond, None);
    [
        integers(&["year", "month", "day", "dep_time", "sched_dep_time", "dep_delay"]),
        integers(&["arr_time", "sched_arr_time", "arr_delay"]),
        texts(&["carrier!"]),
        integers(&["flight"]),
        texts(&["tailnum", "origin!", "dest!"]),
        vec![
            column("air_time", DataType::Int16),
            column("distance", DataType::Int64),
        ],
        integers(&["hour", "minute"]),
        vec![column("time_hour", time()), column("scheduled_dep!", time())],
    ]
    .concat()
}

fn rows(format: &str, bytes: &[u8]) -> RecordBatch {
    let mut decoder: Box<dyn Decode> = Case::new(format, columns(), &[]).plan().unwrap();
    let mut bad = Vec::new();
    let start = decoder.begin(bytes, true).unwrap().unwrap();
    let taken = decoder
        .decode_stream(&bytes[start..], start as u64, true, usize::MAX, &mut bad)
        .unwrap();
    assert_eq!((start + taken, bad), (bytes.len(), vec![]));
    decoder.take().unwrap()
}

#[test]
fn the_flights_are_the_same_in_csv_and_json() {
    let csv = rows("csv", &std::fs::read(path("flights.csv")).unwrap());
    let mut lines = Vec::new();
    let file = std::fs::File::open(path("flights.ndjson.gz")).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut lines)
        .unwrap();
    let json = rows("json", &lines);
    assert_eq!(csv.num_rows(), 27_004);
    assert_eq!(csv, json);
}
