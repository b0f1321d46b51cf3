use std::sync::Arc;

use arrow::array::*;
use arrow::compute::cast;
use arrow::datatypes::*;

use super::super::KeyBytes;
use super::*;

fn batch(columns: Vec<ArrayRef>) -> RecordBatch {
    let fields = columns.iter().enumerate();
    let fields =
        fields.map(|(index, column)| Field::new(format!("c{index}"), column.data_type().clone(), true));
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Fields>())), columns).unwrap()
}

fn hex_and_hash(columns: Vec<ArrayRef>) -> Vec<(String, u64)> {
    let rows = batch(columns);
    let indices = (0..rows.num_columns()).collect::<Vec<_>>();
    let mut bytes = KeyBytes::default();
    bytes.fill(&rows, &indices).unwrap();
    let mut hashes = Vec::new();
    hash_rows(&rows, &indices, &mut hashes).unwrap();
    let hex = |row| {
        bytes
            .row(row)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    (0..rows.num_rows())
        .map(|row| {
            assert_eq!(
                hashes[row],
                hash_bytes(bytes.row(row)),
                "the fast path and the bytes disagree"
            );
            (hex(row), hashes[row])
        })
        .collect()
}

fn check(columns: Vec<ArrayRef>, expected: &[(&str, u64)]) {
    let actual = hex_and_hash(columns);
    let actual = actual
        .iter()
        .map(|(hex, hash)| (hex.as_str(), *hash))
        .collect::<Vec<_>>();
    assert_eq!(
        actual, expected,
        "these bytes and hashes are stored: they never change"
    );
}

#[test]
fn golden_integers() {
    check(
        vec![Arc::new(Int64Array::from(vec![
            Some(0),
            Some(1),
            Some(-1),
            Some(i64::MIN),
            None,
        ]))],
        &[
            ("028000000000000000", 0xdcfd168574dc1eb8),
            ("028000000000000001", 0x4edbf97b0dd8ace4),
            ("027fffffffffffffff", 0x272f833168d9ce62),
            ("020000000000000000", 0x8da2b7ab8b1ee0e7),
            ("ff", 0xd6bcec3c6b29d72e),
        ],
    );
    check(
        vec![Arc::new(UInt64Array::from(vec![0, u64::MAX]))],
        &[
            ("030000000000000000", 0xd1d30c5e8136b99d),
            ("03ffffffffffffffff", 0x461f577b67b45767),
        ],
    );
}

#[test]
fn golden_floats() {
    check(
        vec![Arc::new(Float64Array::from(vec![
            0.0,
            -0.0,
            1.5,
            -1.5,
            f64::NAN,
            f64::INFINITY,
        ]))],
        &[
            ("048000000000000000", 0x2f6e1d13b6fa9eed),
            ("048000000000000000", 0x2f6e1d13b6fa9eed),
            ("04bff8000000000000", 0xdb0f7eafe9637e94),
            ("044007ffffffffffff", 0x192c6eae9f9260bf),
            ("04fff8000000000000", 0x35166fd6be445270),
            ("04fff0000000000000", 0x95da844b65e20863),
        ],
    );
}

#[test]
fn golden_strings_and_binaries() {
    check(
        vec![Arc::new(StringArray::from(vec![
            Some(""),
            Some("a"),
            Some("Zürich"),
            None,
        ]))],
        &[
            ("0f00000000", 0x06b801a06a49e127),
            ("0f0000000161", 0x78fd9995f00c67dd),
            ("0f000000075ac3bc72696368", 0x63d3d50026821ce5),
            ("ff", 0xd6bcec3c6b29d72e),
        ],
    );
    check(
        vec![Arc::new(BinaryArray::from(vec![&b""[..], &[0, 255]]))],
        &[
            ("1000000000", 0x2725508e58ee550d),
            ("100000000200ff", 0xa9d761c95296a03e),
        ],
    );
}

#[test]
fn golden_booleans_and_decimals() {
    check(
        vec![Arc::new(BooleanArray::from(vec![true, false]))],
        &[("0101", 0x070d80d6a76865f3), ("0100", 0xab94ac0ace7276c0)],
    );
    let decimals = Decimal128Array::from(vec![0, 1, -12345])
        .with_precision_and_scale(10, 2)
        .unwrap();
    check(
        vec![Arc::new(decimals)],
        &[
            ("050280000000000000000000000000000000", 0x7cfb00269ad64f88),
            ("050280000000000000000000000000000001", 0x687d9e72367ac44a),
            ("05027fffffffffffffffffffffffffffcfc7", 0xc1a976aff66d5033),
        ],
    );
    let wide = Decimal256Array::from(vec![i256::from_i128(-12345), i256::from_parts(0, 1)]);
    check(
        vec![Arc::new(wide.with_precision_and_scale(50, 2).unwrap())],
        &[
            ("05027fffffffffffffffffffffffffffcfc7", 0xc1a976aff66d5033),
            (
                "06028000000000000000000000000000000100000000000000000000000000000000",
                0x54abf49f63f85621,
            ),
        ],
    );
}

#[test]
fn golden_times() {
    check(
        vec![Arc::new(Date32Array::from(vec![0, -1]))],
        &[
            ("078000000000000000", 0xb0aa4f0409709541),
            ("077fffffffffffffff", 0x57cb015243e9f80b),
        ],
    );
    check(
        vec![Arc::new(Time32SecondArray::from(vec![1]))],
        &[("0880000000000f4240", 0x230c7e96a0c04e25)],
    );
    check(
        vec![Arc::new(TimestampMicrosecondArray::from(vec![1]))],
        &[("0a8000000000000001", 0x3b2bf48d81d5656f)],
    );
    check(
        vec![Arc::new(TimestampNanosecondArray::from(vec![1_000, 1_001]))],
        &[
            ("0a8000000000000001", 0x3b2bf48d81d5656f),
            ("0b800000000000000000000000000003e9", 0x35fbd42f573dbff1),
        ],
    );
    check(
        vec![Arc::new(DurationMillisecondArray::from(vec![1]))],
        &[("0c80000000000003e8", 0x3ee3569229be54e6)],
    );
    let interval = IntervalMonthDayNano::new(1, 2, 3);
    check(
        vec![Arc::new(IntervalMonthDayNanoArray::from(vec![interval]))],
        &[("0e80000001800000028000000000000003", 0x3a04952057232e0e)],
    );
}

#[test]
fn golden_nested() {
    let list =
        ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), Some(vec![]), None]);
    check(
        vec![Arc::new(list)],
        &[
            ("1100000002028000000000000001ff", 0x29c9a2f9824547ab),
            ("1100000000", 0xb2806ecf1ac3be92),
            ("ff", 0xd6bcec3c6b29d72e),
        ],
    );
    let fields = Fields::from(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
    ]);
    let children: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![7])),
        Arc::new(StringArray::from(vec!["x"])),
    ];
    check(
        vec![Arc::new(StructArray::new(fields, children, None))],
        &[("12000000020280000000000000070f0000000178", 0x52aa763581056aaa)],
    );
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("k");
    map.values().append_value(1);
    map.append(true).unwrap();
    check(
        vec![Arc::new(map.finish())],
        &[("13000000010f000000016b028000000000000001", 0x455b9bebfd538e9f)],
    );
}

#[test]
fn golden_composites() {
    let ints: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![Some(1), Some(2)]));
    let strings: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    check(
        vec![ints.clone(), dates.clone()],
        &[
            ("028000000000000001078000000000000001", 0xdc75e4e5d262185b),
            ("ff078000000000000002", 0x0cf4d5bab7e8e538),
        ],
    );
    check(
        vec![ints, dates, strings],
        &[
            (
                "0280000000000000010780000000000000010f0000000161",
                0xe756ab8777242909,
            ),
            ("ff0780000000000000020f0000000162", 0xd3f404abec613413),
        ],
    );
}

#[test]
fn no_columns_hash_to_a_constant() {
    let rows = batch(vec![Arc::new(Int32Array::from(vec![1, 2]))]);
    let mut hashes = vec![7];
    hash_rows(&rows, &[], &mut hashes).unwrap();
    assert_eq!(hashes, [0x2d06_8005_38d3_94c2; 2]);
}

#[test]
fn width_encoding_unit_and_zone_leave_no_trace() {
    let same = |array: ArrayRef, others: &[DataType]| {
        let expected = hex_and_hash(vec![array.clone()]);
        for other in others {
            assert_eq!(
                hex_and_hash(vec![cast(&array, other).unwrap()]),
                expected,
                "{other}"
            );
        }
    };
    let dictionary = |values| DataType::Dictionary(Box::new(DataType::Int8), Box::new(values));
    same(
        Arc::new(StringArray::from(vec![Some("a"), None, Some("bb"), Some("a")])),
        &[
            DataType::LargeUtf8,
            DataType::Utf8View,
            dictionary(DataType::Utf8),
        ],
    );
    same(
        Arc::new(BinaryArray::from(vec![Some(&b"a"[..]), None])),
        &[DataType::LargeBinary, DataType::BinaryView],
    );
    same(
        Arc::new(Int8Array::from(vec![Some(1), None, Some(100)])),
        &[
            DataType::Int16,
            DataType::Int64,
            DataType::UInt8,
            DataType::UInt32,
            dictionary(DataType::Int32),
        ],
    );
    same(
        Arc::new(Float32Array::from(vec![Some(0.5), None, Some(-2.0)])),
        &[DataType::Float64, DataType::Float16],
    );
    let utc = Some(Arc::from("+00:00"));
    same(
        Arc::new(TimestampSecondArray::from(vec![Some(1), None, Some(-5)])),
        &[
            DataType::Timestamp(TimeUnit::Millisecond, None),
            DataType::Timestamp(TimeUnit::Microsecond, utc.clone()),
            DataType::Timestamp(TimeUnit::Nanosecond, utc),
        ],
    );
    same(
        Arc::new(Date32Array::from(vec![Some(-1), None])),
        &[DataType::Date64],
    );
    same(
        Arc::new(Time32SecondArray::from(vec![Some(5), None])),
        &[
            DataType::Time32(TimeUnit::Millisecond),
            DataType::Time64(TimeUnit::Nanosecond),
        ],
    );
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
    let item = Arc::new(Field::new_list_field(DataType::Int64, true));
    same(
        Arc::new(list),
        &[DataType::LargeList(item.clone()), DataType::ListView(item)],
    );
}

#[test]
fn null_nan_and_zero_group_as_sql_says() {
    let odd_nan = f64::from_bits(0xfff8_0000_0000_0001);
    let keys = hex_and_hash(vec![Arc::new(Float64Array::from(vec![
        0.0,
        -0.0,
        f64::NAN,
        odd_nan,
    ]))]);
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[2], keys[3]);
    let under_null = Int64Array::new(vec![1, 2].into(), Some(vec![false, false].into()));
    let keys = hex_and_hash(vec![Arc::new(under_null)]);
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn slices_hash_as_the_whole() {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>((0..6).map(|n| Some(vec![Some(n), None])));
    let dictionary: DictionaryArray<Int8Type> = ["a", "b", "a", "c", "b", "d"].into_iter().collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(list), Arc::new(dictionary)];
    let whole = hex_and_hash(columns.clone());
    let slice = hex_and_hash(columns.iter().map(|column| column.slice(2, 3)).collect());
    assert_eq!(slice, whole[2..5]);
}

#[test]
fn a_type_that_cannot_be_a_key_is_refused() {
    let union = UnionArray::try_new(
        [(0, Arc::new(Field::new("a", DataType::Int32, false)))]
            .into_iter()
            .collect(),
        vec![0].into(),
        None,
        vec![Arc::new(Int32Array::from(vec![1]))],
    )
    .unwrap();
    let message = hash_rows(&batch(vec![Arc::new(union)]), &[0], &mut Vec::new())
        .unwrap_err()
        .to_string();
    assert!(message.contains("cannot be part of a key"), "{message}");
}

#[test]
fn every_row_of_a_long_batch_has_the_hash_of_its_bytes() {
    let integers: ArrayRef = Arc::new(Int64Array::from_iter_values(-70..130));
    let nullable: ArrayRef = Arc::new(Int32Array::from_iter((0..200).map(|n| (n % 7 > 0).then_some(n))));
    let strings: ArrayRef = Arc::new(StringArray::from_iter(
        (0..200).map(|n| (n % 9 > 0).then(|| "x".repeat(n))),
    ));
    for columns in [
        vec![Arc::clone(&integers)],
        vec![Arc::clone(&nullable)],
        vec![Arc::clone(&strings)],
        vec![Arc::clone(&integers), Arc::clone(&integers)],
        vec![nullable, strings, integers],
    ] {
        let found = hex_and_hash(columns);
        assert_eq!(found.len(), 200);
    }
}
