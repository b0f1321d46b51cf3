//! Every decoder on input that is cut, damaged, endless or made to hurt: it never panics, every record is accounted for as a
//! good row or as a bad one with its offset and raw bytes, good rows around bad ones stay as they are, and how the bytes arrive
//! makes no difference.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Field, Fields};
use proptest::prelude::*;

use super::harness::{Case, Decoded, column, registry, timestamp_ms};

/// A decoder, and a stream of good and bad records for it.
struct Subject {
    format: &'static str,
    case: Case,
    stream: Vec<u8>,
    /// Bytes in front of the first record.
    head: usize,
}

fn columns() -> Vec<arrow::datatypes::FieldRef> {
    let point = Fields::from(vec![
        Field::new("x", DataType::Int32, false),
        Field::new("y", DataType::Utf8, true),
    ]);
    vec![
        column("id!", DataType::Int64),
        column("name", DataType::Utf8),
        column("price", DataType::Float64),
        column("at", timestamp_ms()),
        column("amount", DataType::Decimal128(12, 3)),
        column("ok", DataType::Boolean),
        column("blob", DataType::Binary),
        column("tags", DataType::new_list(DataType::Utf8, true)),
        column("point", DataType::Struct(point)),
    ]
}

fn json_stream() -> Vec<u8> {
    let mut stream = br#"{"id":1,"name":"a\u00e9\n","price":1.5,"at":1700000000000,"amount":"1.25","ok":true,"blob":"AP8=","tags":["x",null],"point":{"x":1,"y":"z"},"extra":{"k":[1,{"z":"]}"}]}}
{"id":2, "point": {"y":"q","x":2}, "name":null}
{"id":"three","name":"bad"}

{"id":4,"name":"\ud83d\ude00","price":-0.25e2,"tags":[],"ok":false}
{"id":5,"name":"cut
{"id":6,"tags":["a","b"],"point":{"y":"no x"}}
[7]
{"id":8,"name":""#
        .to_vec();
    stream.extend_from_slice(b"\xff\"}\r\n{\"id\":9,\"name\":\"\xc3\xa9\"}\n");
    stream
}

fn csv_stream(header: bool) -> Vec<u8> {
    let mut stream = Vec::new();
    if header {
        stream.extend_from_slice(b"\xef\xbb\xbfid,name,price,at,amount,ok,blob,tags,point\r\n");
    }
    stream.extend_from_slice(
        br#"1,"a, ""b""
c",1.5,1700000000000,1.25,true,AP8=,"[""x"",null]","{""x"":1}"
2,,,,,,,,

three,bad,,,,,,,
4,"",-25,2023-11-14 22:13:20,7,f,,[],
5,too,few
6,"quote"d,,,,,,,
8,"#,
    );
    stream.extend_from_slice(b"\xff,,,,,,,\n9,\xc3\xa9,1e3,,,,,,");
    stream
}

fn subjects() -> Vec<Subject> {
    let text = |data_type| vec![column("line", data_type)];
    let lines = b"one\r\n\n\xfftwo\nthr\xc3\xa9e\nlast".to_vec();
    let subject = |format, columns, options: &[(&str, &str)], stream: Vec<u8>, head| Subject {
        format,
        case: Case::new(format, columns, options),
        stream,
        head,
    };
    vec![
        subject("json", columns(), &[], json_stream(), 0),
        subject(
            "json",
            columns(),
            &[("json.path.name", "point.y"), ("json.path.price", "extra.k[1].z")],
            json_stream(),
            0,
        ),
        subject("csv", columns(), &[], csv_stream(true), 47),
        subject("csv", columns(), &[("csv.header", "false")], csv_stream(false), 0),
        subject("text", text(DataType::Utf8), &[], lines.clone(), 0),
        subject("raw", text(DataType::Binary), &[], lines, 0),
    ]
}

impl Subject {
    fn check(&self, stream: &[u8]) -> Decoded {
        let decoded = self.case.stream(stream);
        self.check_bad_rows(&decoded, stream);
        decoded
    }

    /// Bad rows come in order, with the bytes that stand at their offset.
    fn check_bad_rows(&self, decoded: &Decoded, stream: &[u8]) {
        let mut last = None;
        for (bad, raw) in decoded.bad.iter().zip(&decoded.raw) {
            let (offset, reason) = bad.split_once(": ").unwrap();
            let offset: usize = offset.parse().unwrap();
            assert!(last.is_none_or(|last| last < offset), "{bad}");
            assert!(!reason.is_empty() && !reason.ends_with('.'), "{bad}");
            assert_eq!(&stream[offset..offset + raw.len()], &raw[..], "{bad}");
            last = Some(offset);
        }
    }
}

/// Records of a format whose records are lines.
fn line_count(format: &str, stream: &[u8]) -> usize {
    let is_record = |line: &&[u8]| match format {
        "json" => line.iter().any(|byte| !b" \t\r".contains(byte)),
        _ => true,
    };
    let mut lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.iter().filter(|line| is_record(line)).count()
}

#[test]
fn every_decoder_is_a_subject() {
    let registry = registry();
    let names: BTreeSet<_> = registry.decoders().map(|format| format.doc().name).collect();
    assert_eq!(
        subjects()
            .iter()
            .map(|subject| subject.format)
            .collect::<BTreeSet<_>>(),
        names
    );
}

#[test]
fn subjects_hold_good_and_bad_records() {
    for subject in subjects() {
        let decoded = subject.check(&subject.stream);
        assert!(decoded.rows.len() >= 3, "{}: {decoded:?}", subject.format);
        assert!(
            !decoded.bad.is_empty() || subject.format == "raw",
            "{}: {decoded:?}",
            subject.format
        );
    }
}

#[test]
fn how_the_bytes_arrive_makes_no_difference() {
    for subject in subjects() {
        let whole = subject.check(&subject.stream);
        let bytes = &subject.stream;
        for cut in 0..=bytes.len() {
            let parted = subject.case.try_stream(bytes, &[cut], usize::MAX).unwrap();
            assert_eq!(parted, whole, "{} cut at {cut}", subject.format);
        }
        let every_byte: Vec<usize> = (0..bytes.len()).collect();
        assert_eq!(
            subject.case.try_stream(bytes, &every_byte, usize::MAX).unwrap(),
            whole,
            "{}",
            subject.format
        );
        assert_eq!(
            subject.case.try_stream(bytes, &[], 1).unwrap(),
            whole,
            "{} row by row",
            subject.format
        );
        assert_eq!(
            subject.case.try_stream(bytes, &[5, 10, 15], 2).unwrap(),
            whole,
            "{} in pairs",
            subject.format
        );
    }
}

#[test]
fn a_stream_may_end_anywhere() {
    for subject in subjects() {
        let whole = subject.check(&subject.stream);
        for end in subject.head..subject.stream.len() {
            let cut = &subject.stream[..end];
            let decoded = subject.check(cut);
            if subject.format != "csv" {
                assert_eq!(
                    decoded.rows.len() + decoded.bad.len(),
                    line_count(subject.format, cut),
                    "cut at {end}"
                );
            }
            // The last record may have become another one.
            let sure = decoded.rows.len().saturating_sub(1);
            assert_eq!(
                decoded.rows[..sure],
                whole.rows[..sure],
                "{} cut at {end}",
                subject.format
            );
        }
    }
}

#[test]
fn a_message_may_end_anywhere() {
    for subject in subjects() {
        for end in 0..=subject.stream.len() {
            let message = &subject.stream[..end];
            let decoded = subject.case.messages(&[message]);
            assert!(
                !decoded.rows.is_empty() || !decoded.bad.is_empty(),
                "{} cut at {end}",
                subject.format
            );
        }
    }
}

#[test]
fn endless_nesting_is_one_bad_row() {
    let json = &subjects()[0];
    for open in ["[", "{\"a\":", "[{\"x\":"] {
        for key in ["extra", "tags", "name", "point"] {
            let deep = open.repeat(200_000);
            let stream = format!("{{\"id\":1}}\n{{\"id\":2,\"{key}\":{deep}\n{{\"id\":3}}\n");
            let decoded = json.check(stream.as_bytes());
            assert_eq!((decoded.rows.len(), decoded.bad.len()), (2, 1), "{open} {key}");
            let message = format!("{{\"id\":2,\"{key}\":{deep}");
            assert_eq!(json.case.messages(&[message.as_bytes()]).bad.len(), 1);
        }
    }
    let csv = &subjects()[3];
    let stream = format!("2,,,,,,,{},\n", "[".repeat(200_000));
    assert_eq!(csv.check(stream.as_bytes()).bad.len(), 1);
}

/// Feeds a stream as a connector does: in a buffer that doubles while nothing is taken.
fn feed(case: &Case, stream: &[u8]) -> (usize, Vec<String>) {
    let mut decoder = case.plan().unwrap();
    const CHUNK: usize = 32 << 20;
    let (mut at, mut length, mut rows, mut reasons) = (0, CHUNK, 0, Vec::new());
    while at < stream.len() {
        let end = (at + length).min(stream.len());
        let mut bad = Vec::new();
        let taken = decoder
            .decode_stream(&stream[at..end], at as u64, end == stream.len(), 4_096, &mut bad)
            .unwrap();
        assert!(
            taken > 0 || end < stream.len(),
            "the decoder leaves bytes at the end"
        );
        length = if taken == 0 { length * 2 } else { CHUNK };
        assert!(length <= 256 << 20, "the decoder asks for more and more");
        at += taken;
        rows += decoder.take().unwrap().num_rows();
        assert!(bad.iter().all(|row| row.raw.len() <= 64 << 10));
        reasons.extend(
            bad.into_iter()
                .map(|row| format!("{}: {}", row.offset.unwrap(), row.reason)),
        );
    }
    (rows, reasons)
}

#[test]
fn a_record_of_100_megabytes_is_one_bad_row() {
    let size = 100 << 20;
    let around = |good: &str, start: &str, end: &str| {
        let mut stream = Vec::with_capacity(size + 1_000);
        stream.extend_from_slice(good.as_bytes());
        stream.extend_from_slice(start.as_bytes());
        stream.resize(stream.len() + size, b'x');
        stream.extend_from_slice(end.as_bytes());
        stream.extend_from_slice(good.as_bytes());
        stream
    };
    let too_long = |offset| vec![format!("{offset}: the record is longer than {} bytes", 64 << 20)];
    let subjects = subjects();
    let json = around("{\"id\":1}\n", "{\"id\":2,\"name\":\"", "\"}\n");
    assert_eq!(feed(&subjects[0].case, &json), (2, too_long(9)));
    let csv = around("1,,,,,,,,\n", "2,", ",,,,,,,\n");
    assert_eq!(feed(&subjects[3].case, &csv), (2, too_long(10)));
    for subject in &subjects[4..] {
        assert_eq!(feed(&subject.case, &around("a\n", "", "\n")), (2, too_long(2)));
    }
    // Also if it is the last one and ends with the stream.
    assert_eq!(feed(&subjects[0].case, &json[..90 << 20]), (1, too_long(9)));
}

#[test]
fn a_quoted_field_of_100_megabytes_gives_up_at_the_limit() {
    let mut stream = b"1,,,,,,,,\n2,\"".to_vec();
    for _ in 0..100 {
        stream.resize(stream.len() + (1 << 20), b'x');
        stream.push(b'\n');
    }
    stream.extend_from_slice(b"3,,,,,,,,\n");
    let (rows, bad) = feed(&subjects()[3].case, &stream);
    assert_eq!(rows, 2);
    assert_eq!(bad[0], "10: a quoted field does not end");
    assert_eq!(bad.len(), 100);
}

/// A stream of good records, one of which is damaged.
fn damaged(format: &str) -> impl Strategy<Value = (Vec<u8>, std::ops::Range<usize>)> {
    let (header, record) = match format {
        "json" => (
            "",
            r#"{"id":1,"name":"a\u00e9b","price":-1.5e2,"ok":true,"tags":["x","y"],"point":{"x":1}}"#,
        ),
        "csv" => ("", "1,abc,-1.5e2,1700000000000,1.25,true,AP8=,[1],"),
        _ => ("", "a line of text"),
    };
    let whole = format!("{header}{}", format!("{record}\n").repeat(5)).into_bytes();
    let length = record.len() + 1;
    let middle = 2 * length..3 * length - 1;
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..3);
    proptest::collection::vec(edit, 1..4).prop_map(move |edits| {
        let mut record = whole[middle.clone()].to_vec();
        for (at, byte, kind) in edits {
            let at = at.index(record.len());
            // A quote or line break in CSV reaches beyond its record: that has a test of its own.
            let byte = if matches!(byte, b'"' | b'\n' | b'\r') {
                b'?'
            } else {
                byte
            };
            match kind {
                0 => record[at] = byte,
                1 => record.insert(at, byte),
                _ => drop(record.remove(at)),
            }
        }
        let mut stream = whole.clone();
        stream.splice(middle.clone(), record);
        (stream, middle.clone())
    })
}

fn check_damage(index: usize, stream: &[u8], record: &std::ops::Range<usize>) {
    let subject = &subjects()[index];
    let decoded = subject.check(stream);
    let intact = subject.case.stream(&stream[..record.start]);
    assert_eq!(intact.rows.len(), 2);
    assert_eq!(decoded.rows[..2], intact.rows[..]);
    assert_eq!(decoded.rows[decoded.rows.len() - 2..], intact.rows[..]);
    assert_eq!(decoded.rows.len() + decoded.bad.len(), 5);
}

proptest! {
    #[test]
    fn damage_stays_within_its_json_record((stream, record) in damaged("json")) {
        check_damage(0, &stream, &record);
    }

    #[test]
    fn damage_stays_within_its_csv_record((stream, record) in damaged("csv")) {
        check_damage(3, &stream, &record);
    }

    #[test]
    fn rubbish_is_accounted_for_line_by_line(stream in proptest::collection::vec(any::<u8>(), 0..300), index in 0usize..6) {
        let subject = &subjects()[index];
        if subject.head == 0 {
            let mark = if subject.format != "raw" && stream.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            let decoded = subject.check(&stream);
            if subject.format != "csv" {
                prop_assert_eq!(decoded.rows.len() + decoded.bad.len(), line_count(subject.format, &stream[mark..]));
            }
        }
    }

    #[test]
    fn tokens_in_any_order_never_panic(tokens in proptest::collection::vec(0usize..24, 0..40), cut in 0usize..200) {
        const TOKENS: [&str; 24] = [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\n", "\r", " ", "null", "true", "1", "-", "1.5e300", "\"id\"", "\"name\"",
            "\"point\"", "\"tags\"", "\\u12", "\"\"", "é", "{\"id\":1}\n",
        ];
        let stream: String = tokens.iter().map(|token| TOKENS[*token]).collect();
        for subject in subjects().iter().filter(|subject| subject.head == 0) {
            let whole = subject.check(stream.as_bytes());
            let parted = subject.case.try_stream(stream.as_bytes(), &[cut.min(stream.len())], 3).unwrap();
            prop_assert_eq!(parted, whole);
            subject.case.messages(&[stream.as_bytes()]);
        }
    }
}
