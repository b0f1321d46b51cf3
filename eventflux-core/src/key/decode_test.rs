use std::cmp::Ordering;

use arrow::array::*;
use arrow::datatypes::*;
use proptest::prelude::*;

use super::super::{KeyBytes, compare};
use super::*;

fn encoded(column: &ArrayRef) -> Vec<Vec<u8>> {
    let schema = Schema::new(vec![Field::new("c", column.data_type().clone(), true)]);
    let rows = RecordBatch::try_new(Arc::new(schema), vec![column.clone()]).unwrap();
    let mut bytes = KeyBytes::default();
    bytes.fill(&rows, &[0]).unwrap();
    (0..bytes.len()).map(|row| bytes.row(row).to_vec()).collect()
}

fn round_trip(column: ArrayRef) {
    let mut decoder = KeyDecoder::new([column.data_type()]).unwrap();
    for _ in 0..2 {
        for key in encoded(&column) {
            decoder.push(&key).unwrap();
        }
        assert_eq!(&decoder.finish().unwrap()[0], &column);
    }
}

#[test]
fn every_type_survives() {
    let strings: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some(""), Some("ü")]));
    for data_type in [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
    ] {
        round_trip(cast(&strings, &data_type).unwrap());
    }
    let ints: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), None, Some(100)]));
    for data_type in [
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
        DataType::Float16,
        DataType::Float32,
        DataType::Float64,
        DataType::Date32,
        DataType::Timestamp(TimeUnit::Second, None),
        DataType::Timestamp(TimeUnit::Millisecond, Some("+02:00".into())),
        DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(TimeUnit::Nanosecond, None),
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Duration(TimeUnit::Second),
        DataType::Duration(TimeUnit::Nanosecond),
        DataType::Decimal32(7, 2),
        DataType::Decimal64(12, 2),
        DataType::Decimal128(20, 2),
        DataType::Decimal256(60, 2),
    ] {
        let between = if data_type == DataType::Date32 {
            DataType::Int32
        } else {
            DataType::Int64
        };
        round_trip(cast(&cast(&ints, &between).unwrap(), &data_type).unwrap());
    }
    round_trip(Arc::new(Time32SecondArray::from(vec![Some(5), None])));
    round_trip(Arc::new(Date64Array::from(vec![Some(86_400_000), None])));
    round_trip(Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])));
    round_trip(Arc::new(NullArray::new(3)));
    round_trip(Arc::new(IntervalMonthDayNanoArray::from(vec![
        Some(IntervalMonthDayNano::new(-1, 2, -3)),
        None,
    ])));
    let fixed = vec![Some(vec![1u8, 2]), None];
    round_trip(Arc::new(
        FixedSizeBinaryArray::try_from_sparse_iter_with_size(fixed.into_iter(), 2).unwrap(),
    ));
}

#[test]
fn nested_types_survive() {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(4)]),
    ]);
    round_trip(Arc::new(list.clone()));
    let fixed = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(
        [Some(vec![Some(1), None]), None, Some(vec![Some(3), Some(4)])],
        2,
    );
    round_trip(Arc::new(fixed));
    let fields = Fields::from(vec![
        Field::new("a", list.data_type().clone(), true),
        Field::new("b", DataType::Boolean, true),
    ]);
    let children: Vec<ArrayRef> = vec![
        Arc::new(list),
        Arc::new(BooleanArray::from(vec![Some(true), None, None, Some(false)])),
    ];
    let nulls = Some(NullBuffer::from(vec![true, true, true, true]));
    round_trip(Arc::new(StructArray::new(fields, children, nulls)));
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("k");
    map.values().append_null();
    map.append(true).unwrap();
    map.append(false).unwrap();
    round_trip(Arc::new(map.finish()));
}

#[test]
fn bytes_that_are_no_key_are_an_error() {
    let key = encoded(&(Arc::new(StringArray::from(vec!["abc"])) as ArrayRef)).remove(0);
    let push = |data_type: &DataType, bytes: &[u8]| KeyDecoder::new([data_type]).unwrap().push(bytes);
    for length in 0..key.len() {
        assert!(push(&DataType::Utf8, &key[..length]).is_err(), "{length} bytes");
    }
    assert!(push(&DataType::Int64, &key).is_err());
    assert!(push(&DataType::Utf8, &[key.as_slice(), &[0]].concat()).is_err());
}

proptest! {
    #[test]
    fn keys_compare_as_integers_do(left: i64, right: i64) {
        let keys = encoded(&(Arc::new(Int64Array::from(vec![left, right])) as ArrayRef));
        prop_assert_eq!(compare(&keys[0], &keys[1]), left.cmp(&right));
    }

    #[test]
    fn keys_compare_as_floats_do(left: f64, right: f64) {
        let keys = encoded(&(Arc::new(Float64Array::from(vec![left, right])) as ArrayRef));
        prop_assert_eq!(Some(compare(&keys[0], &keys[1])), left.partial_cmp(&right));
    }

    #[test]
    fn keys_compare_as_strings_do_with_nulls_last(left: Option<String>, right: Option<String>) {
        let keys = encoded(&(Arc::new(StringArray::from(vec![left.clone(), right.clone()])) as ArrayRef));
        let expected = match (left, right) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(left), Some(right)) => left.cmp(&right),
        };
        prop_assert_eq!(compare(&keys[0], &keys[1]), expected);
    }

    #[test]
    fn lists_survive_and_compare_element_by_element(
        left in prop::collection::vec(any::<i32>(), 0..4),
        right in prop::collection::vec(any::<i32>(), 0..4),
    ) {
        let values = [&left, &right].map(|list| Some(list.iter().copied().map(Some).collect::<Vec<_>>()));
        let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(values));
        let keys = encoded(&list);
        prop_assert_eq!(compare(&keys[0], &keys[1]), left.cmp(&right));
        round_trip(list);
    }
}

#[test]
fn exact_rows_keep_every_float() {
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN, -1.5]));
    let list = FixedSizeListArray::new(
        Arc::new(Field::new_list_field(DataType::Float64, true)),
        5,
        floats.clone(),
        None,
    );
    let mut bytes = KeyBytes::default();
    bytes.fill_exact(&[Arc::new(list)], 1).unwrap();
    let mut decoder = KeyDecoder::new([&DataType::new_fixed_size_list(DataType::Float64, 5, true)]).unwrap();
    decoder.push(bytes.row(0)).unwrap();
    let decoded = decoder.finish().unwrap().remove(0);
    let bits = |array: &ArrayRef| {
        array
            .as_primitive::<Float64Type>()
            .values()
            .iter()
            .map(|value| value.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(decoded.as_fixed_size_list().values()), bits(&floats));
}
