//! What an encoder writes, its decoder reads back: every type, any value.

use std::sync::Arc;

use arrow::array::builder::{Int32Builder, ListBuilder, MapBuilder, MapFieldNames, StringBuilder};
use arrow::array::*;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use eventflux_core::batch::EventBatch;
use eventflux_core::batch::json::mark_json;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::harness::{Case, plan_encoder};

/// The values of one row.
#[derive(Debug, Clone)]
struct Row {
    integer: Option<i64>,
    unsigned: Option<u64>,
    double: Option<f64>,
    text: Option<String>,
    bytes: Option<Vec<u8>>,
    flag: Option<bool>,
    list: Option<Vec<Option<i32>>>,
    map: Option<Vec<(String, Option<i32>)>>,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,8}",
        "[\"',\\\\\n\r\t;]{0,6}",
        Just("NULL".to_owned()),
        Just("null".to_owned())
    ]
}

fn row() -> impl Strategy<Value = Row> {
    let double = any::<f64>().prop_filter("NaN is equal to nothing", |value| !value.is_nan());
    let scalars = (
        of(any::<i64>()),
        of(any::<u64>()),
        of(double),
        of(text()),
        of(vec(any::<u8>(), 0..6)),
        of(any::<bool>()),
    );
    let nested = (
        of(vec(of(any::<i32>()), 0..4)),
        of(proptest::collection::btree_map(text(), of(any::<i32>()), 0..3)),
    );
    (scalars, nested).prop_map(
        |((integer, unsigned, double, text, bytes, flag), (list, map))| Row {
            integer,
            unsigned,
            double,
            text,
            bytes,
            flag,
            list,
            map: map.map(|map| map.into_iter().collect()),
        },
    )
}

/// Columns of all types from the rows' values.
fn columns(rows: &[Row]) -> Vec<(FieldRef, ArrayRef)> {
    let integers = || rows.iter().map(|row| row.integer);
    let small = |modulus: i64| {
        rows.iter()
            .map(move |row| row.integer.map(|value| value % modulus))
    };
    let texts = StringArray::from_iter(rows.iter().map(|row| row.text.as_deref()));
    let documents = StringArray::from_iter(
        rows.iter()
            .map(|row| Some(serde_json::to_string(row.text.as_deref()?).unwrap())),
    );
    let mut lists = ListBuilder::new(Int32Builder::new());
    let names = MapFieldNames {
        entry: "entries".into(),
        key: "keys".into(),
        value: "values".into(),
    };
    let mut maps = MapBuilder::new(Some(names), StringBuilder::new(), Int32Builder::new());
    for row in rows {
        lists.append_option(row.list.clone());
        for (key, value) in row.map.iter().flatten() {
            maps.keys().append_value(key);
            maps.values().append_option(*value);
        }
        maps.append(row.map.is_some()).unwrap();
    }
    let decimals = Decimal128Array::from_iter(rows.iter().map(|row| row.unsigned.map(i128::from)));
    let fields = Fields::from(vec![
        Field::new("a b", DataType::Int64, true),
        Field::new("c", DataType::Utf8, true),
    ]);
    let children: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter(integers())),
        Arc::new(texts.clone()),
    ];
    let present = rows.iter().map(|row| row.flag != Some(true)).collect::<Vec<_>>();
    let plain: Vec<(&str, ArrayRef)> = vec![
        ("int", Arc::new(Int64Array::from_iter(integers()))),
        (
            "tiny",
            Arc::new(Int8Array::from_iter(
                small(100).map(|value| value.map(|value| value as i8)),
            )),
        ),
        (
            "unsigned",
            Arc::new(UInt64Array::from_iter(rows.iter().map(|row| row.unsigned))),
        ),
        (
            "double",
            Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.double))),
        ),
        (
            "float",
            Arc::new(Float32Array::from_iter(
                small(1 << 40).map(|value| value.map(|value| value as f32 / 7.0)),
            )),
        ),
        (
            "decimal",
            Arc::new(decimals.with_precision_and_scale(20, 5).unwrap()),
        ),
        (
            "flag",
            Arc::new(BooleanArray::from_iter(rows.iter().map(|row| row.flag))),
        ),
        ("text", Arc::new(texts)),
        (
            "bytes",
            Arc::new(BinaryArray::from_iter(
                rows.iter().map(|row| row.bytes.as_deref()),
            )),
        ),
        (
            "date",
            Arc::new(Date32Array::from_iter(
                small(i64::from(i32::MAX)).map(|value| value.map(|value| value as i32)),
            )),
        ),
        (
            "time",
            Arc::new(Time64MicrosecondArray::from_iter(
                integers().map(|value| Some(value?.rem_euclid(86_400_000_000))),
            )),
        ),
        ("s", Arc::new(TimestampSecondArray::from_iter(small(1 << 40)))),
        ("ms", Arc::new(TimestampMillisecondArray::from_iter(integers()))),
        (
            "us",
            Arc::new(TimestampMicrosecondArray::from_iter(integers()).with_timezone("UTC")),
        ),
        ("ns", Arc::new(TimestampNanosecondArray::from_iter(integers()))),
        ("list", Arc::new(lists.finish())),
        ("map", Arc::new(maps.finish())),
        (
            "struct",
            Arc::new(StructArray::new(fields, children, Some(present.into()))),
        ),
    ];
    let mut columns: Vec<(FieldRef, ArrayRef)> = plain
        .into_iter()
        .map(|(name, array)| {
            (
                Arc::new(Field::new(name, array.data_type().clone(), true)) as FieldRef,
                array,
            )
        })
        .collect();
    columns.push((
        Arc::new(mark_json(Field::new("json", DataType::Utf8, true))),
        Arc::new(documents),
    ));
    columns
}

/// The rows as they read back from what was written of them, as a stream and as messages.
fn check(format: &str, given: &[(&str, &str)], columns: Vec<(FieldRef, ArrayRef)>) {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let schema = Arc::new(Schema::new(fields.clone()));
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    let rows = EventBatch::at(batch.clone(), 0);
    let mut encoder = plan_encoder(format, &schema, &[], given).unwrap();

    let mut stream = encoder.header();
    encoder.encode_stream(&rows, &mut stream).unwrap();
    let mut decoder = Case::new(format, fields, given).plan().unwrap();
    let mut bad = Vec::new();
    let start = decoder.begin(&stream, true).unwrap().unwrap();
    let taken = decoder
        .decode_stream(&stream[start..], start as u64, true, usize::MAX, &mut bad)
        .unwrap();
    assert_eq!((start + taken, &bad), (stream.len(), &vec![]));
    assert_eq!(
        decoder.take().unwrap(),
        batch,
        "{}",
        String::from_utf8_lossy(&stream)
    );

    let mut messages = eventflux_core::connector::Messages::default();
    encoder.encode_messages(&rows, &mut messages).unwrap();
    let mut decoder = Case::new(format, schema.fields().to_vec(), given).plan().unwrap();
    for message in messages.iter() {
        assert_eq!(
            decoder
                .decode_message(message.value.unwrap(), 0, &mut bad)
                .unwrap(),
            1,
            "{bad:?}"
        );
    }
    assert_eq!(decoder.take().unwrap(), batch);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn json_reads_what_it_writes(rows in vec(row(), 0..12)) {
        check("json", &[], columns(&rows));
    }

    #[test]
    fn csv_reads_what_it_writes(rows in vec(row(), 0..12)) {
        check("csv", &[], columns(&rows));
        check("csv", &[("csv.header", "false"), ("csv.delimiter", ";"), ("csv.quote", "'"), ("csv.null", "NULL")], columns(&rows));
    }

    #[test]
    fn one_csv_column_reads_back(texts in vec(of(text()), 0..8)) {
        let array: ArrayRef = Arc::new(StringArray::from(texts));
        check("csv", &[], vec![(Arc::new(Field::new("only", DataType::Utf8, true)), array)]);
    }
}

#[test]
fn what_is_no_number_reads_back() {
    let values = Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]);
    let field = Arc::new(Field::new("d", DataType::Float64, true));
    for format in ["json", "csv"] {
        let batch = RecordBatch::try_new(
            Arc::new(Schema::new(vec![field.clone()])),
            vec![Arc::new(values.clone()) as ArrayRef],
        )
        .unwrap();
        let mut encoder = plan_encoder(format, &batch.schema(), &[], &[]).unwrap();
        let mut stream = encoder.header();
        encoder
            .encode_stream(&EventBatch::at(batch, 0), &mut stream)
            .unwrap();
        let decoded = Case::new(format, vec![field.clone()], &[]).stream(&stream);
        assert_eq!(
            decoded.rows,
            [
                "{\"d\":\"NaN\"}",
                "{\"d\":\"Infinity\"}",
                "{\"d\":\"-Infinity\"}",
                "{\"d\":-0.0}"
            ]
        );
    }
}
