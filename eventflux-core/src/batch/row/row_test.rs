//! Rows that go into a batch come out of it again.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, TimeUnit};

use super::{RowBuilder, Value};

/// A column of each type with a value that it takes.
fn columns() -> Vec<(DataType, Value)> {
    let item = || Arc::new(Field::new("item", DataType::Int32, true));
    let entries = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Float64, true),
    ]);
    let text = Value::from("x");
    vec![
        (DataType::Boolean, true.into()),
        (DataType::Int8, (-8i8).into()),
        (DataType::Int16, (-16i16).into()),
        (DataType::Int32, (-32i32).into()),
        (DataType::Int64, i64::MIN.into()),
        (DataType::UInt8, 8u8.into()),
        (DataType::UInt16, 16u16.into()),
        (DataType::UInt32, 32u32.into()),
        (DataType::UInt64, u64::MAX.into()),
        (DataType::Float32, 0.5f32.into()),
        (DataType::Float64, f64::MIN_POSITIVE.into()),
        (
            DataType::Decimal128(10, 2),
            Value::Decimal {
                unscaled: -12_345,
                scale: 2,
            },
        ),
        (DataType::Utf8, "text".into()),
        (DataType::LargeUtf8, "text".into()),
        (DataType::Utf8View, "a text of more than twelve bytes".into()),
        (DataType::Binary, vec![0u8, 255].into()),
        (DataType::LargeBinary, vec![0u8, 255].into()),
        (DataType::BinaryView, vec![0u8, 255].into()),
        (DataType::Date32, Value::Date(-1)),
        (DataType::Time32(TimeUnit::Second), Value::Time(86_399_000_000)),
        (DataType::Time32(TimeUnit::Millisecond), Value::Time(1_000)),
        (DataType::Time64(TimeUnit::Microsecond), Value::Time(1)),
        (DataType::Time64(TimeUnit::Nanosecond), Value::Time(1)),
        (
            DataType::Timestamp(TimeUnit::Second, None),
            Value::Timestamp(-1_000_000),
        ),
        (
            DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Value::Timestamp(-1_000),
        ),
        (
            DataType::Timestamp(TimeUnit::Microsecond, None),
            Value::Timestamp(1),
        ),
        (
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            Value::Timestamp(-1),
        ),
        (
            DataType::Interval(IntervalUnit::MonthDayNano),
            Value::Interval {
                months: 1,
                days: -2,
                nanoseconds: 3,
            },
        ),
        (
            DataType::List(item()),
            Value::List(vec![1i32.into(), Value::Null]),
        ),
        (
            DataType::Struct(entries.clone()),
            Value::Struct(vec![text.clone(), Value::Null]),
        ),
        (
            DataType::Map(
                Arc::new(Field::new("entries", DataType::Struct(entries), false)),
                false,
            ),
            Value::Map(vec![(text, 1.5.into())]),
        ),
    ]
}

fn builder(columns: impl IntoIterator<Item = (DataType, bool)>) -> RowBuilder {
    let fields = columns.into_iter().enumerate();
    let fields =
        fields.map(|(index, (data_type, nullable))| Field::new(format!("c{index}"), data_type, nullable));
    RowBuilder::new(Arc::new(Schema::new(fields.collect::<Vec<_>>()))).unwrap()
}

#[test]
fn values_and_nulls_of_every_type_come_back() {
    let (types, values): (Vec<_>, Vec<_>) = columns().into_iter().unzip();
    let mut rows = builder(types.into_iter().map(|data_type| (data_type, true)));
    let nulls = vec![Value::Null; values.len()];
    for row in [&nulls, &values, &nulls] {
        rows.push(row).unwrap();
    }
    assert_eq!(rows.row_count(), 3);
    assert!(rows.memory_bytes() > 8 * 3 * values.len() / 2);
    let batch = rows.finish().unwrap();
    let row = |row: usize| {
        batch
            .columns()
            .iter()
            .map(move |column| Value::read(column.as_ref(), row).unwrap())
    };
    assert_eq!(row(0).collect::<Vec<_>>(), nulls);
    assert_eq!(row(1).collect::<Vec<_>>(), values);
    assert_eq!(rows.row_count(), 0);
    rows.push(&values).unwrap();
    assert_eq!(rows.finish().unwrap().num_rows(), 1);
}

#[track_caller]
fn refused(data_type: DataType, nullable: bool, value: impl Into<Value>, reason: &str) {
    let mut rows = builder([(DataType::Int64, false), (data_type, nullable)]);
    let error = rows.push(&[1.into(), value.into()]).unwrap_err();
    assert_eq!(error.to_string(), format!("columns: {reason}"));
    assert_eq!(rows.row_count(), 0);
    assert_eq!(rows.finish().unwrap().num_rows(), 0);
}

#[test]
fn values_that_do_not_fit_are_refused_and_leave_nothing_behind() {
    refused(
        DataType::Int64,
        false,
        Value::Null,
        "column `c1` must not be null",
    );
    refused(
        DataType::Int8,
        true,
        128,
        "the number does not fit column `c1` of type Int8",
    );
    refused(
        DataType::UInt8,
        true,
        -1,
        "the number does not fit column `c1` of type UInt8",
    );
    refused(
        DataType::Utf8,
        true,
        1,
        "column `c1` has type Utf8, not an integer",
    );
    refused(
        DataType::Int64,
        true,
        1.5,
        "column `c1` has type Int64, not a float",
    );
    refused(
        DataType::Boolean,
        true,
        "true",
        "column `c1` has type Boolean, not a string",
    );
    let decimal = DataType::Decimal128(3, 1);
    let digits = |unscaled, scale| Value::Decimal { unscaled, scale };
    refused(
        decimal.clone(),
        true,
        digits(1000, 1),
        "the number does not fit column `c1` of type Decimal128(3, 1)",
    );
    refused(
        decimal.clone(),
        true,
        digits(155, 2),
        "the number does not fit column `c1` of type Decimal128(3, 1)",
    );
    refused(
        decimal,
        true,
        100,
        "the number does not fit column `c1` of type Decimal128(3, 1)",
    );
    let list = DataType::List(Arc::new(Field::new("item", DataType::Int32, false)));
    refused(list, true, vec![Value::Null], "column `item` must not be null");
}

#[test]
fn numbers_widen_exactly() {
    let mut rows = builder([
        (DataType::Float64, true),
        (DataType::Decimal128(5, 2), true),
        (DataType::UInt8, true),
    ]);
    rows.push(&[
        3.into(),
        Value::Decimal {
            unscaled: 15,
            scale: 1,
        },
        7.into(),
    ])
    .unwrap();
    let batch = rows.finish().unwrap();
    assert_eq!(Value::read(batch.column(0), 0).unwrap(), Value::Float(3.0));
    assert_eq!(
        Value::read(batch.column(1), 0).unwrap(),
        Value::Decimal {
            unscaled: 150,
            scale: 2
        }
    );
    assert_eq!(Value::read(batch.column(2), 0).unwrap(), Value::UInt(7));
}

#[test]
fn a_row_of_another_length_is_refused() {
    let mut rows = builder([(DataType::Int64, true)]);
    assert_eq!(
        rows.push(&[]).unwrap_err().to_string(),
        "columns: a row of 0 values for 1 columns"
    );
}

#[test]
fn a_system_time_is_a_timestamp_also_before_the_epoch() {
    use std::time::{Duration, UNIX_EPOCH};
    assert_eq!(
        Value::from(UNIX_EPOCH + Duration::from_micros(7)),
        Value::Timestamp(7)
    );
    assert_eq!(
        Value::from(UNIX_EPOCH - Duration::from_micros(7)),
        Value::Timestamp(-7)
    );
}
