//! CSV, read and written.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow::datatypes::DataType;
use eventflux_core::batch::EventBatch;

use super::harness::{Case, column, encode, plan_encoder, timestamp_ms};

fn trades(given: &[(&str, &str)]) -> Case {
    let columns = vec![
        column("ts!", timestamp_ms()),
        column("symbol", DataType::Utf8),
        column("price", DataType::Float64),
        column("volume", DataType::Int64),
    ];
    Case::new("csv", columns, given)
}

#[test]
fn columns_are_found_by_the_header() {
    let decoded = trades(&[]).stream(concat!(
        "\u{feff}VOLUME,extra,ts,\"symbol\", price \r\n",
        "100,x,1700000000000,IBM,12.5\r\n",
        "\r\n",
        "7,,2023-11-14T22:13:20.002Z,\"a,\"\"b\"\"\nc\",\n",
        "8,\"\",1,\"\",0.25",
    ));
    assert_eq!(decoded.bad, [""; 0]);
    assert_eq!(
        decoded.rows,
        [
            r#"{"ts":"2023-11-14T22:13:20.000Z","symbol":"IBM","price":12.5,"volume":100}"#,
            r#"{"ts":"2023-11-14T22:13:20.002Z","symbol":"a,\"b\"\nc","price":null,"volume":7}"#,
            r#"{"ts":"1970-01-01T00:00:00.001Z","symbol":"","price":0.25,"volume":8}"#,
        ]
    );
}

#[test]
fn only_used_columns_are_read() {
    let text = "ts,symbol,price,volume\n1,a,x,1\n2,b,y,2\n";
    assert_eq!(
        trades(&[]).using(&["symbol"]).stream(text).rows,
        [r#"{"symbol":"a"}"#, r#"{"symbol":"b"}"#]
    );
    assert_eq!(trades(&[]).using(&[]).stream(text).rows, ["{}", "{}"]);
    let headless = trades(&[("header", "false")]).using(&["volume"]);
    assert_eq!(headless.stream("1,a,x,7\n").rows, [r#"{"volume":7}"#]);
}

#[test]
fn a_header_without_a_declared_column_is_an_error_that_names_it() {
    let fails = |text: &str| {
        trades(&[])
            .using(&["ts"])
            .try_stream(text.as_bytes(), &[], 9)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        fails("ts,symbol,volume\n"),
        "option `csv.header`: column `price` is not in the header, which has ts, symbol, volume"
    );
    assert_eq!(
        fails("ts,symbol,price,volume,price\n"),
        "option `csv.header`: column `price` is in the header more than once"
    );
    assert_eq!(
        fails("ts,\"symbol\nprice,volume"),
        "option `csv.header`: the header cannot be read: a quoted field does not end"
    );
}

#[test]
fn two_columns_cannot_be_the_same_one_of_the_header() {
    let case = Case::new(
        "csv",
        vec![column("a", DataType::Int64), column("A", DataType::Int64)],
        &[],
    );
    assert_eq!(case.stream("A,a\n1,2\n").rows, [r#"{"a":2,"A":1}"#]);
    let error = case.try_stream(b"a,b\n1,2\n", &[], 9).unwrap_err().to_string();
    assert_eq!(
        error,
        "option `csv.header`: columns `a` and `A` are the same one of the header"
    );
}

#[test]
fn an_empty_file_has_no_rows() {
    for text in [
        "",
        "\u{feff}",
        "ts,symbol,price,volume",
        "ts,symbol,price,volume\n",
    ] {
        let decoded = trades(&[]).stream(text);
        assert_eq!((decoded.rows.len(), decoded.bad.len()), (0, 0));
    }
}

#[test]
fn a_bad_record_leaves_its_neighbours_alone() {
    let decoded = trades(&[("csv.header", "false")]).stream(concat!(
        "1,a,1,1\n",
        "2,b,x,\"multi\nline\"\n",
        "3,c,1\n",
        "4,d,1,1,\n",
        ",e,1,1\n",
        "6,f,1,9223372036854775808\n",
        "7,\"g\"h,1,1\n",
        "8,i,1,1\n",
    ));
    assert_eq!(decoded.rows.len(), 2);
    assert!(decoded.rows[1].contains("\"symbol\":\"i\""));
    assert_eq!(
        decoded.bad,
        [
            "8: column `price`: `x` is not a valid DOUBLE",
            "27: the record has 3 fields in place of 4",
            "33: the record has 5 fields in place of 4",
            "42: column `ts`: is NULL but declared NOT NULL",
            "49: column `volume`: `9223372036854775808` is not a valid BIGINT",
            "75: something stands between a closing quote and the end of its field",
        ]
    );
    assert_eq!(decoded.raw[0], b"2,b,x,\"multi\nline\"");
}

#[test]
fn a_stray_quote_costs_one_line() {
    let decoded = trades(&[("csv.header", "false")]).stream("1,a,1,1\n2,\"b,1,1\n3,c,1,1\n4,d,1,1\n");
    assert_eq!(decoded.rows.len(), 3);
    assert_eq!(decoded.bad, ["8: a quoted field does not end"]);
    assert_eq!(decoded.raw[0], b"2,\"b,1,1");
}

#[test]
fn text_that_is_not_utf8_is_bad_by_the_record() {
    let decoded = trades(&[("csv.header", "false")]).stream(b"1,a,1,1\n2,\xff,1,1\n3,\xc3\xa9,1,1\n");
    assert_eq!(decoded.rows.len(), 2);
    assert_eq!(decoded.bad, ["8: the text is not UTF-8"]);
    // Also where no column takes it.
    let decoded = trades(&[("csv.header", "false")])
        .using(&["ts"])
        .stream(b"1,a,1,1\n2,\xff,1,1\n");
    assert_eq!(decoded.bad, ["8: the text is not UTF-8"]);
}

#[test]
fn delimiter_quote_and_null_can_be_chosen() {
    let given = [
        ("csv.delimiter", "\\t"),
        ("csv.quote", "'"),
        ("csv.null", "NA"),
        ("csv.header", "false"),
    ];
    let decoded = trades(&given).stream("1\t'a\tb'\tNA\t1\n2\t'NA'\t1\tNA\n3\t\t1\t1\n4\tNA\t\t1\n");
    assert_eq!(
        decoded.rows,
        [
            r#"{"ts":"1970-01-01T00:00:00.001Z","symbol":"a\tb","price":null,"volume":1}"#,
            r#"{"ts":"1970-01-01T00:00:00.002Z","symbol":"NA","price":1.0,"volume":null}"#,
            r#"{"ts":"1970-01-01T00:00:00.003Z","symbol":"","price":1.0,"volume":1}"#,
        ]
    );
    assert_eq!(decoded.bad, ["32: column `price`: `` is not a valid DOUBLE"]);
    let minus_one = trades(&[("csv.null", "-1"), ("csv.header", "false")]);
    assert!(minus_one.stream("1,a,-1,-1\n").rows[0].ends_with(r#""price":null,"volume":null}"#));
    for (key, value) in [
        ("csv.delimiter", ";;"),
        ("csv.delimiter", "\n"),
        ("csv.quote", ","),
    ] {
        assert!(trades(&[(key, value)]).plan().is_err(), "{key} {value:?}");
    }
}

#[test]
fn one_column_may_be_null_all_by_itself() {
    let case = Case::new("csv", vec![column("a", DataType::Utf8)], &[]);
    assert_eq!(case.stream("a\n\nx\n").rows, [r#"{"a":null}"#, r#"{"a":"x"}"#]);
    assert_eq!(
        case.messages(&[b"", b"x"]).rows,
        [r#"{"a":null}"#, r#"{"a":"x"}"#]
    );
}

#[test]
fn nested_fields_are_json() {
    let case = Case::new(
        "csv",
        vec![
            column("l", DataType::new_list(DataType::Int32, true)),
            column("n", DataType::Int32),
        ],
        &[],
    );
    let decoded = case.stream("l,n\n\"[1, null]\",1\n[],2\n,3\n[1,4\n\"[1] x\",5\n");
    assert_eq!(
        decoded.rows,
        [
            r#"{"l":[1,null],"n":1}"#,
            r#"{"l":[],"n":2}"#,
            r#"{"l":null,"n":3}"#
        ]
    );
    assert_eq!(
        decoded.bad[1],
        "31: column `l`: `[1] x` is not a valid ARRAY<INT>"
    );
    assert!(
        decoded.bad[0].starts_with("26: column `l`: not JSON at byte 2"),
        "{}",
        decoded.bad[0]
    );
}

#[test]
fn messages_have_no_header() {
    let decoded = trades(&[]).messages(&[
        b"1,a,1,1",
        b"2,b,1,1\n3,c,1,1\n",
        b"",
        b"4,d",
        b"5,e,1,1\nx,f,1,1",
    ]);
    assert_eq!(decoded.rows.len(), 4);
    assert_eq!(
        decoded.bad,
        [
            "2: the record has 1 fields in place of 4",
            "3: the record has 2 fields in place of 4",
            "4: column `ts`: `x` is not a valid TIMESTAMP(3)",
        ]
    );
}

fn batch() -> EventBatch {
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![Some(0), None]));
    let symbols: ArrayRef = Arc::new(StringArray::from(vec![Some("a,\"b\"\n"), Some("")]));
    let prices: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), None]));
    let volumes: ArrayRef = Arc::new(Int64Array::from(vec![None, Some(-7)]));
    let columns = [
        ("ts", times),
        ("symbol", symbols),
        ("price", prices),
        ("vol,ume", volumes),
    ];
    EventBatch::at(
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap(),
        0,
    )
}

#[test]
fn rows_are_written_so_that_they_read_back() {
    let encoded = encode("csv", &batch(), &[1], &[]);
    assert_eq!(
        encoded.stream,
        "ts,symbol,price,\"vol,ume\"\n1970-01-01T00:00:00.000Z,\"a,\"\"b\"\"\n\",0.5,\n,\"\",,-7\n"
    );
    assert_eq!(encoded.messages[1], "\"\" -> ,\"\",,-7");
    let styled = encode(
        "csv",
        &batch(),
        &[],
        &[
            ("header", "false"),
            ("delimiter", ";"),
            ("quote", "'"),
            ("null", "NULL"),
        ],
    );
    assert_eq!(
        styled.stream,
        "1970-01-01T00:00:00.000Z;'a,\"b\"\n';0.5;NULL\nNULL;;NULL;-7\n"
    );
    let error = plan_encoder("csv", &batch().schema(), &[], &[("csv.heeder", "1")])
        .err()
        .unwrap();
    assert_eq!(error.help.as_deref(), Some("did you mean `csv.header`?"));
}
