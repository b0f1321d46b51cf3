//! Rows there and back, and bytes that are no rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Decimal128Array, DictionaryArray,
    FixedSizeBinaryArray, FixedSizeListArray, Float64Array, Int32Array, Int64Array, LargeStringArray,
    ListArray, MapBuilder, NullArray, RecordBatch, StringArray, StringBuilder, StringViewArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow::array::{Int64Builder, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use bytes::Bytes;
use eventflux_core::batch::{EventBatch, RowKind};
use eventflux_core::state::segment::Compression;
use proptest::prelude::*;

use super::{RowDecoder, RowEncoder};
use crate::transport::frame::{FLAG_PACKED, FrameType, Header};

/// A column of every type that is sent.
fn columns(row_count: usize) -> Vec<(&'static str, ArrayRef)> {
    let count = row_count as i64;
    let sometimes = |row: i64| row % 3 != 0;
    let text = |row: i64| sometimes(row).then(|| format!("text {row} that is longer than a view"));
    let ints: Int64Array = (0..count).map(|row| sometimes(row).then_some(row)).collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..row_count).map(|row| (row % 2 == 0).then(|| (0..row as i32 % 5).map(Some))),
    );
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..row_count).map(|row| (row % 4 != 0).then(|| vec![Some(row as i32), None])),
        2,
    );
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    for row in 0..count {
        maps.keys().append_value(format!("k{row}"));
        maps.values().append_option(sometimes(row).then_some(row));
        maps.append(true).unwrap();
    }
    let parts: Vec<(Arc<Field>, ArrayRef)> = vec![
        (
            Arc::new(Field::new("a", DataType::Int64, true)),
            Arc::new(ints.clone()),
        ),
        (
            Arc::new(Field::new("b", DataType::Utf8, true)),
            Arc::new((0..count).map(text).collect::<StringArray>()),
        ),
    ];
    let bytes = (0..count).map(|row| sometimes(row).then(|| row.to_le_bytes()));
    vec![
        ("int", Arc::new(ints)),
        (
            "float",
            Arc::new(
                (0..count)
                    .map(|row| Some(row as f64 / 3.0))
                    .collect::<Float64Array>(),
            ),
        ),
        (
            "bool",
            Arc::new(
                (0..count)
                    .map(|row| Some(sometimes(row)))
                    .collect::<BooleanArray>(),
            ),
        ),
        ("text", Arc::new((0..count).map(text).collect::<StringArray>())),
        (
            "large",
            Arc::new((0..count).map(text).collect::<LargeStringArray>()),
        ),
        (
            "view",
            Arc::new((0..count).map(text).collect::<StringViewArray>()),
        ),
        ("bytes", Arc::new(bytes.clone().collect::<BinaryArray>())),
        ("byte view", Arc::new(bytes.collect::<BinaryViewArray>())),
        (
            "fixed bytes",
            Arc::new(
                FixedSizeBinaryArray::try_from_sparse_iter_with_size(
                    (0..count).map(|row| sometimes(row).then_some([row as u8; 3])),
                    3,
                )
                .unwrap(),
            ),
        ),
        (
            "decimal",
            Arc::new(
                (0..count)
                    .map(|row| Some(i128::from(row) << 70))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(38, 4)
                    .unwrap(),
            ),
        ),
        (
            "time",
            Arc::new(
                (0..count)
                    .map(Some)
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
        ),
        ("null", Arc::new(NullArray::new(row_count))),
        ("list", Arc::new(lists)),
        ("fixed list", Arc::new(fixed)),
        ("map", Arc::new(maps.finish())),
        ("struct", Arc::new(StructArray::from(parts))),
    ]
}

fn batch(row_count: usize) -> EventBatch {
    let columns = columns(row_count);
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
        .collect();
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let times: Vec<i64> = (0..row_count as i64).map(|row| row * 1_000 - 5).collect();
    let kinds = [
        RowKind::Insert,
        RowKind::UpdateBefore,
        RowKind::UpdateAfter,
        RowKind::Delete,
    ];
    EventBatch::new(rows, times.into())
        .unwrap()
        .with_kinds(Some((0..row_count).map(|row| kinds[row % 4]).collect()))
        .unwrap()
}

fn assert_same(left: &EventBatch, right: &EventBatch) {
    assert_eq!(left.rows(), right.rows());
    assert_eq!(left.event_time(), right.event_time());
    assert_eq!(left.kinds(), right.kinds());
    assert_eq!(left.is_partial(), right.is_partial());
}

/// The schema's message, and the header and body of a frame of rows.
fn encode(batch: &EventBatch, compression: Compression) -> (Vec<u8>, Header, Bytes) {
    let mut encoder = RowEncoder::new(compression);
    let schema = encoder.schema(batch.rows().schema_ref()).unwrap().unwrap();
    assert_eq!(encoder.schema(&batch.schema()).unwrap(), None, "it is told once");
    let rows = encoder.rows(batch).unwrap();
    let header = Header {
        codec: rows.codec,
        flags: rows.flags,
        raw_bytes: rows.raw_bytes as u32,
        ..Header::new(FrameType::Rows)
    };
    (schema, header, rows.body.concat().into())
}

fn decode(schema: &[u8], header: &Header, body: &Bytes) -> Result<EventBatch, String> {
    let mut decoder = RowDecoder::default();
    decoder.schema(schema)?;
    decoder.rows(header, body)
}

#[test]
fn rows_of_every_type_come_back_with_each_compression() {
    for compression in Compression::ALL {
        for row_count in [0, 1, 64, 1_000] {
            let batch = batch(row_count);
            let (schema, header, body) = encode(&batch, compression);
            assert_same(&decode(&schema, &header, &body).unwrap(), &batch);
        }
    }
}

/// As `fuzz_targets/rows.rs` reads them: what a node of version 1 sent, without and with packed integers.
const VERSION_1: [(usize, &[u8]); 2] = [
    (20, include_bytes!("../../../../fuzz/seeds/rows/v1")),
    (70, include_bytes!("../../../../fuzz/seeds/rows/v1-packed")),
];

#[test]
fn rows_of_version_1_are_read() {
    for (row_count, bytes) in VERSION_1 {
        let (front, rest) = bytes.split_first_chunk::<8>().unwrap();
        let (schema, body) = rest.split_at(usize::from(u16::from_le_bytes([front[0], front[1]])));
        let header = Header {
            codec: Compression::from_code(front[2]).unwrap(),
            flags: front[3],
            raw_bytes: u32::from_le_bytes([front[4], front[5], front[6], front[7]]),
            ..Header::new(FrameType::Rows)
        };
        let decoded = decode(schema, &header, &Bytes::from_static(body)).unwrap();
        assert_same(&decoded, &batch(row_count));
    }
}

#[test]
fn partial_aggregates_come_back_as_such() {
    let partial = batch(3).as_partial();
    let (schema, header, body) = encode(&partial, Compression::None);
    let decoded = decode(&schema, &header, &body).unwrap();
    assert!(decoded.is_partial());
    assert_same(&decoded, &partial);
}

#[test]
fn bodies_are_those_that_the_page_of_the_format_shows() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
    let rows = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    let (_, header, body) = encode(
        &EventBatch::new(rows, vec![1, 2].into()).unwrap(),
        Compression::None,
    );
    let mut expected = vec![2, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    for (first, second) in [(1, 0), (7, 0), (1, 2)] {
        expected.extend([first, 0, 0, 0, 0, 0, 0, 0, second, 0, 0, 0, 0, 0, 0, 0]);
    }
    assert_eq!(body, expected);
    assert_eq!(header.raw_bytes, 64);
}

#[test]
fn integers_of_large_batches_take_fewer_bytes() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..64).map(|row| 1_000_000 + row)));
    let rows = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    let times = (0..64).map(|row| row << 20).collect::<Vec<i64>>();
    let (_, header, body) = encode(&EventBatch::new(rows, times.into()).unwrap(), Compression::None);
    let words = [64_u32, 48, 0, 1, 1_000_000, 0, 4, 0, 0, 0, 0, 0];
    let mut expected = words.map(u32::to_le_bytes).concat();
    expected.extend(0..64);
    expected.extend((0..64_u32).flat_map(|row| (row << 20).to_le_bytes()));
    assert_eq!(body, expected);
    assert_eq!(header.flags, FLAG_PACKED);
    assert_eq!(header.raw_bytes, 48 + 64 * 16, "it is what it takes in memory");
}

#[test]
fn packed_rows_are_as_long_as_was_said() {
    for compression in Compression::ALL {
        let (schema, header, body) = encode(&batch(100), compression);
        assert_eq!(header.codec, compression);
        for (more, expected) in [(-16, "longer"), (16, "shorter")] {
            let raw_bytes = header.raw_bytes.checked_add_signed(more).unwrap();
            let error = decode(&schema, &Header { raw_bytes, ..header }, &body).expect_err("it was said");
            assert!(
                error.ends_with(&format!("rows that are {expected} than was said")),
                "{error}"
            );
        }
    }
    let (schema, header, body) = encode(&batch(100), Compression::None);
    let mut bytes = body.to_vec();
    // The first column's NULLs, and bytes of each.
    assert_eq!((bytes[8], bytes[12]), (34, 1));
    bytes[12] = 3;
    let error = decode(&schema, &header, &bytes.into()).expect_err("there are none of three bytes");
    assert_eq!(error, "column `int`: integers of 3 bytes");
}

#[test]
fn what_is_left_over_is_refused() {
    let (schema, header, body) = encode(&batch(3), Compression::None);
    let longer = [&body[..], &[0; 16]].concat();
    let error = decode(&schema, &header, &longer.into()).expect_err("it is too long");
    assert_eq!(error, "rows with more than their columns");
    let shorter = body.slice(..body.len() - 16);
    let error = decode(&schema, &header, &shorter).expect_err("it is too short");
    assert_eq!(error, "rows that end too early");
}

#[test]
fn more_values_than_a_frame_may_have_are_refused_though_they_need_no_bytes() {
    let none: ArrayRef = Arc::new(NullArray::new(1));
    let offsets = arrow::buffer::OffsetBuffer::new(vec![0, 1].into());
    let field = Arc::new(Field::new("item", DataType::Null, true));
    let lists: ArrayRef = Arc::new(ListArray::new(field, offsets, none, None));
    let rows = EventBatch::at(RecordBatch::try_from_iter([("lists", lists)]).unwrap(), 0);
    let (schema, header, body) = encode(&rows, Compression::None);
    let mut bytes = body.to_vec();
    // The second offset is the number of NULLs within the list.
    assert_eq!(bytes[20], 1);
    bytes[20..24].copy_from_slice(&i32::MAX.to_le_bytes());
    let error = decode(&schema, &header, &bytes.into()).expect_err("they are too many");
    assert_eq!(
        error,
        "column `lists`: 2147483647 values within lists of one frame"
    );
}

#[test]
fn large_columns_are_sent_from_where_they_are() {
    let numbers: Float64Array = (0..1_000).map(|row| Some(f64::from(row))).collect();
    let place = numbers.values().as_ptr().cast::<u8>();
    let columns: [(&str, ArrayRef); 1] = [("n", Arc::new(numbers))];
    let rows = EventBatch::at(RecordBatch::try_from_iter(columns).unwrap(), 0);
    let mut encoder = RowEncoder::new(Compression::None);
    encoder.schema(rows.rows().schema_ref()).unwrap();
    let encoded = encoder.rows(&rows).unwrap();
    assert!(encoded.body.iter().any(|piece| piece.as_ptr() == place));
}

#[test]
fn a_slice_comes_back_without_the_rows_around_it() {
    let whole = batch(1_000);
    let slice = whole.slice(501, 64);
    let (schema, header, body) = encode(&slice, Compression::None);
    assert_same(&decode(&schema, &header, &body).unwrap(), &slice);
    let (.., all) = encode(&whole, Compression::None);
    assert!(
        body.len() < all.len() / 8,
        "{} of {} bytes",
        body.len(),
        all.len()
    );
}

#[test]
fn kinds_hashes_and_columns_may_be_absent() {
    let rows = batch(10).rows().clone();
    let plain = EventBatch::at(rows, 7);
    let (schema, header, body) = encode(&plain, Compression::None);
    assert_eq!(header.flags, 0);
    assert_same(&decode(&schema, &header, &body).unwrap(), &plain);
    let options = RecordBatchOptions::new().with_row_count(Some(3));
    let rows = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap();
    let bare = EventBatch::at(rows, 7);
    let (schema, header, body) = encode(&bare, Compression::None);
    assert_same(&decode(&schema, &header, &body).unwrap(), &bare);
}

#[test]
fn columns_that_change_are_told_again() {
    let mut encoder = RowEncoder::new(Compression::None);
    let first = batch(3);
    let second = first.project(&[1]).unwrap();
    let mut decoder = RowDecoder::default();
    for batch in [&first, &second, &first] {
        let schema = encoder
            .schema(batch.rows().schema_ref())
            .unwrap()
            .expect("they are others");
        decoder.schema(&schema).unwrap();
        let rows = encoder.rows(batch).unwrap();
        let header = Header {
            flags: rows.flags,
            raw_bytes: rows.raw_bytes as u32,
            ..Header::new(FrameType::Rows)
        };
        assert_same(&decoder.rows(&header, &rows.body.concat().into()).unwrap(), batch);
    }
}

#[test]
fn columns_that_are_not_sent_are_named() {
    let words: DictionaryArray<Int32Type> = ["a", "b"].into_iter().collect();
    let schema = Arc::new(Schema::new(vec![Field::new(
        "word",
        words.data_type().clone(),
        true,
    )]));
    let error = RowEncoder::new(Compression::None)
        .schema(&schema)
        .expect_err("a dictionary");
    assert_eq!(
        error,
        "column `word`: Dictionary(Int32, Utf8) does not go over a wire"
    );
}

#[test]
fn what_does_not_shrink_is_not_compressed() {
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let rows = EventBatch::at(RecordBatch::try_from_iter([("n", numbers)]).unwrap(), 0);
    let mut encoder = RowEncoder::new(Compression::Snappy);
    encoder.schema(rows.rows().schema_ref()).unwrap();
    let encoded = encoder.rows(&rows).unwrap();
    let bytes: usize = encoded.body.iter().map(Bytes::len).sum();
    assert!(bytes <= encoded.raw_bytes);
}

#[test]
fn an_unknown_kind_is_refused() {
    let batch = batch(2);
    let (schema, header, body) = encode(&batch, Compression::None);
    let mut bytes = body.to_vec();
    // The last buffer is the kinds, 16 bytes.
    let place = bytes.len() - 16;
    assert_eq!(bytes[place..place + 2], [0, 1]);
    bytes[place] = 4;
    let error = decode(&schema, &header, &bytes.into()).expect_err("there are four kinds");
    assert_eq!(error, "rows of an unknown kind");
}

/// Whatever is decoded must also be usable: Arrow would panic on what it did not check.
fn walk(batch: &EventBatch) {
    let _ = format!("{:?}", batch.rows());
    let _ = EventBatch::concat(&[batch.clone(), batch.clone()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bodies_with_changed_bytes_are_decoded_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        in_front: bool,
        length in prop::option::of(any::<prop::sample::Index>()),
        row_count in prop_oneof![0..20_usize, 64..80_usize],
    ) {
        let (schema, header, body) = encode(&batch(row_count), Compression::None);
        let mut bytes = body.to_vec();
        for (place, value) in changes {
            // The numbers, in front, are where changes hurt.
            let range = if in_front { bytes.len().min(160) } else { bytes.len() };
            bytes[place.index(range)] = value;
        }
        if let Some(length) = length {
            bytes.truncate(length.index(bytes.len()));
        }
        if let Ok(batch) = decode(&schema, &header, &bytes.into()) {
            walk(&batch);
        }
    }

    #[test]
    fn schemas_with_changed_bytes_are_decoded_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (mut schema, header, body) = encode(&batch(5), Compression::None);
        for (place, value) in changes {
            let place = place.index(schema.len());
            schema[place] = value;
        }
        if let Ok(batch) = decode(&schema, &header, &body) {
            walk(&batch);
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        codec in prop::sample::select(&Compression::ALL[..]),
        raw_bytes: u32,
        flags in 0..16_u8,
    ) {
        let mut decoder = RowDecoder::default();
        prop_assert!(decoder.schema(&bytes).is_err());
        let (schema, ..) = encode(&batch(1), Compression::None);
        let header = Header { codec, flags, raw_bytes, ..Header::new(FrameType::Rows) };
        prop_assert!(decode(&schema, &header, &bytes.into()).is_err());
    }
}
