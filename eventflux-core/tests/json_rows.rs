//! Rows as JSON: one case per type, NULLs, slices.

use std::sync::Arc;

use arrow::array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow::array::types::{Int8Type, IntervalMonthDayNano};
use arrow::array::*;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use eventflux_core::batch::json::{JsonRows, mark_json, write_row};

/// The rows of one column `c`, as JSON values.
fn json(array: impl Array + 'static) -> Vec<String> {
    let field = Field::new("c", array.data_type().clone(), true);
    json_of(field, Arc::new(array))
}

fn json_of(field: Field, array: ArrayRef) -> Vec<String> {
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap();
    let rows = JsonRows::new(&batch).unwrap();
    let texts = (0..batch.num_rows()).map(|row| {
        let mut out = Vec::new();
        rows.write(row, &mut out);
        let text = String::from_utf8(out).unwrap();
        text.strip_prefix("{\"c\":")
            .unwrap()
            .strip_suffix('}')
            .unwrap()
            .to_owned()
    });
    texts.collect()
}

#[test]
fn numbers_and_booleans_are_bare() {
    assert_eq!(
        json(BooleanArray::from(vec![Some(true), Some(false), None])),
        ["true", "false", "null"]
    );
    assert_eq!(json(Int8Array::from(vec![-128, 127])), ["-128", "127"]);
    assert_eq!(json(UInt64Array::from(vec![u64::MAX])), ["18446744073709551615"]);
    assert_eq!(json(Int64Array::from(vec![i64::MIN])), ["-9223372036854775808"]);
    let decimals = Decimal128Array::from(vec![Some(12_345), Some(-5), None])
        .with_precision_and_scale(10, 2)
        .unwrap();
    assert_eq!(json(decimals), ["123.45", "-0.05", "null"]);
}

#[test]
fn floats_are_shortest_and_what_is_no_number_is_text() {
    let values = vec![
        700.0,
        0.1,
        -0.0,
        1e300,
        5e-324,
        1e16,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    let expected = [
        "700.0",
        "0.1",
        "-0.0",
        "1e+300",
        "5e-324",
        "1e+16",
        "\"NaN\"",
        "\"Infinity\"",
        "\"-Infinity\"",
    ];
    assert_eq!(json(Float64Array::from(values)), expected);
    assert_eq!(json(Float32Array::from(vec![0.1])), ["0.1"]);
}

#[test]
fn text_is_escaped_and_json_is_not() {
    assert_eq!(
        json(StringArray::from(vec!["a\"b\\c\n\u{1}é😀"])),
        [r#""a\"b\\c\n\u0001é😀""#]
    );
    assert_eq!(
        json(StringViewArray::from(vec!["a", "long enough to leave the view"])),
        ["\"a\"", "\"long enough to leave the view\""]
    );
    let documents = StringArray::from(vec![Some("{\"a\":\n [1]}"), None]);
    assert_eq!(
        json_of(
            mark_json(Field::new("c", DataType::Utf8, true)),
            Arc::new(documents)
        ),
        ["{\"a\":  [1]}", "null"]
    );
}

#[test]
fn bytes_are_base64() {
    assert_eq!(
        json(BinaryArray::from(vec![&b"\x00\xff"[..], b"abc", b""])),
        ["\"AP8=\"", "\"YWJj\"", "\"\""]
    );
}

#[test]
fn moments_are_iso_8601_with_the_digits_of_their_type() {
    assert_eq!(
        json(Date32Array::from(vec![0, 15_706])),
        ["\"1970-01-01\"", "\"2013-01-01\""]
    );
    assert_eq!(
        json(Time64MicrosecondArray::from(vec![18_000_250_000])),
        ["\"05:00:00.250000\""]
    );
    assert_eq!(
        json(TimestampMillisecondArray::from(vec![1_700_000_000_000])),
        ["\"2023-11-14T22:13:20.000Z\""]
    );
    let zoned = TimestampMicrosecondArray::from(vec![1]).with_timezone("UTC");
    assert_eq!(json(zoned), ["\"1970-01-01T00:00:00.000001Z\""]);
    let interval = IntervalMonthDayNano::new(1, 2, 3_000_000_000);
    assert_eq!(
        json(IntervalMonthDayNanoArray::from(vec![interval])),
        ["\"P1M2DT3S\""]
    );
    assert_eq!(json(DurationMillisecondArray::from(vec![1_500])), ["\"PT1.5S\""]);
}

#[test]
fn nested_values_are_arrays_and_objects() {
    let mut lists = ListBuilder::new(Int32Builder::new());
    lists.append_value([Some(1), None]);
    lists.append_null();
    lists.append_value([]);
    lists.append_value([Some(4)]);
    let lists = lists.finish();
    assert_eq!(json(lists.clone()), ["[1,null]", "null", "[]", "[4]"]);
    assert_eq!(json(lists.slice(2, 2)), ["[]", "[4]"]);

    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    maps.keys().append_value("a\"");
    maps.values().append_value(1);
    maps.append(true).unwrap();
    maps.append(false).unwrap();
    assert_eq!(json(maps.finish()), [r#"{"a\"":1}"#, "null"]);

    let fields = Fields::from(vec![
        Field::new("x y", DataType::Int32, true),
        Field::new("s", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(StringArray::from(vec![Some("a"), None, None])),
    ];
    let rows = StructArray::new(fields, columns, Some(vec![true, false, true].into()));
    assert_eq!(
        json(rows.clone()),
        [r#"{"x y":1,"s":"a"}"#, "null", r#"{"x y":3,"s":null}"#]
    );
    assert_eq!(json(rows.slice(2, 1)), [r#"{"x y":3,"s":null}"#]);
}

#[test]
fn dictionaries_show_their_values() {
    let words: DictionaryArray<Int8Type> = vec![Some("a"), None, Some("b"), Some("a")].into_iter().collect();
    assert_eq!(json(words.clone()), ["\"a\"", "null", "\"b\"", "\"a\""]);
    assert_eq!(json(words.slice(1, 2)), ["null", "\"b\""]);
}

#[test]
fn a_row_without_columns_is_an_empty_object() {
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    let mut out = Vec::new();
    write_row(&batch, 0, &mut out).unwrap();
    assert_eq!(out, b"{}");
}

#[test]
fn a_type_outside_the_language_is_refused_by_name() {
    let runs = RunArray::try_new(&Int32Array::from(vec![1]), &Int32Array::from(vec![7])).unwrap();
    let field = Field::new("r", runs.data_type().clone(), true);
    let batch = RecordBatch::try_new(
        Arc::new(Schema::new(vec![field])),
        vec![Arc::new(runs) as ArrayRef],
    )
    .unwrap();
    let error = JsonRows::new(&batch).err().unwrap().to_string();
    assert!(error.starts_with("columns: column `r`: "), "{error}");
}
