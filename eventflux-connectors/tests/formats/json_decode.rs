//! The JSON decoder: what each column takes, names, paths, bad rows.

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use eventflux_core::batch::json::mark_json;

use proptest::prelude::*;

use super::harness::{Case, Decoded, column, timestamp_ms};

/// One column `c`: each value becomes a record; what the row shows for it, or why it is bad.
fn values(data_type: DataType, given: &[&str]) -> Vec<String> {
    let case = Case::new("json", vec![column("c", data_type)], &[]);
    given
        .iter()
        .map(|value| shown(&case.stream(format!("{{\"c\":{value}}}\n"))))
        .collect()
}

fn shown(decoded: &Decoded) -> String {
    match (&decoded.rows[..], &decoded.bad[..]) {
        ([row], []) => row
            .strip_prefix("{\"c\":")
            .and_then(|row| row.strip_suffix('}'))
            .unwrap()
            .to_owned(),
        ([], [reason]) => reason.strip_prefix("0: ").unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn trades() -> Case {
    let columns = vec![
        column("ts!", timestamp_ms()),
        column("symbol", DataType::Utf8),
        column("price", DataType::Float64),
        column("volume", DataType::Int64),
    ];
    Case::new("json", columns, &[])
}

#[test]
fn records_become_rows_by_column_name_in_any_order() {
    let text = concat!(
        r#"{"ts":1700000000000,"symbol":"IBM","price":12.5,"volume":100,"extra":{"a":[1,"x"]}}"#,
        "\n",
        r#"{"ts":1700000000001,"symbol":"IBM","price":12.5,"volume":100,"extra":null}"#,
        "\n",
        r#" { "volume" : 7 , "PRICE" : 1 , "ts" : "2023-11-14T22:13:20.002Z" } "#,
        "\r\n",
        "\n  \n",
        r#"{"ts":1700000000003}"#,
    );
    let decoded = trades().stream(text);
    assert_eq!(
        decoded.rows,
        [
            r#"{"ts":"2023-11-14T22:13:20.000Z","symbol":"IBM","price":12.5,"volume":100}"#,
            r#"{"ts":"2023-11-14T22:13:20.001Z","symbol":"IBM","price":12.5,"volume":100}"#,
            r#"{"ts":"2023-11-14T22:13:20.002Z","symbol":null,"price":1.0,"volume":7}"#,
            r#"{"ts":"2023-11-14T22:13:20.003Z","symbol":null,"price":null,"volume":null}"#,
        ]
    );
    assert!(decoded.bad.is_empty());
}

#[test]
fn a_bad_record_leaves_its_neighbours_alone() {
    let text = concat!(
        r#"{"ts":1,"symbol":"a","price":1,"volume":1}"#,
        "\n",
        r#"{"ts":2,"symbol":"b","price":2,"volume":"x"}"#,
        "\n",
        r#"{"symbol":"c","price":2}"#,
        "\n",
        r#"{"ts":4,"symbol":"d","#,
        "\n",
        r#"{"ts":5} {"ts":6}"#,
        "\n",
        r#"[1]"#,
        "\n",
        r#"{"ts":7,"symbol":"e","price":1e400}"#,
        "\n",
        r#"{"ts":8,"symbol":"f"}"#,
        "\n",
    );
    let decoded = trades().stream(text);
    assert_eq!(
        decoded.rows,
        [
            r#"{"ts":"1970-01-01T00:00:00.001Z","symbol":"a","price":1.0,"volume":1}"#,
            r#"{"ts":"1970-01-01T00:00:00.008Z","symbol":"f","price":null,"volume":null}"#,
        ]
    );
    assert_eq!(
        decoded.bad,
        [
            "43: column `volume`: `\"x\"` is not a valid BIGINT",
            "88: column `ts`: is NULL but declared NOT NULL",
            "113: not JSON at byte 21: `\"` is expected, but the record ends",
            "135: not JSON at byte 9: the end of the line is expected, but there is `{`",
            "153: not JSON at byte 0: `{` is expected, but there is `[`",
            "157: column `price`: `1e400` is not a valid DOUBLE",
        ]
    );
    assert_eq!(decoded.raw[3], br#"{"ts":5} {"ts":6}"#);
}

#[test]
fn integers_are_whole_and_in_range() {
    let given = ["-128", "127", "1e2", "10.0", "\"12\"", "\" 12 \"", "null"];
    assert_eq!(
        values(DataType::Int8, &given),
        ["-128", "127", "100", "10", "12", "12", "null"]
    );
    let refused = ["128", "1.5", "\"\"", "true", "{}", "[1]", "\"1x\""];
    for (shown, given) in values(DataType::Int8, &refused).iter().zip(refused) {
        assert_eq!(*shown, format!("column `c`: `{given}` is not a valid TINYINT"));
    }
    assert_eq!(
        values(DataType::UInt64, &["18446744073709551615"]),
        ["18446744073709551615"]
    );
    assert_eq!(
        values(DataType::Int64, &["-9223372036854775808", "9223372036854775807"]),
        ["-9223372036854775808", "9223372036854775807"]
    );
    assert!(values(DataType::Int64, &["9223372036854775808"])[0].ends_with("is not a valid BIGINT"));
    assert!(values(DataType::UInt8, &["-1"])[0].ends_with("is not a valid TINYINT UNSIGNED"));
    assert_eq!(
        values(DataType::Int64, &["01"]),
        ["not JSON at byte 6: the end of a number is expected, but there is `1`"]
    );
}

#[test]
fn floats_are_correctly_rounded() {
    let given = [
        "0.1",
        "-0.0",
        "10.357019999999999",
        "1e-7",
        "123456789012345678901234567890",
        "\"2.5\"",
        "\"NaN\"",
        "\"-Infinity\"",
    ];
    assert_eq!(
        values(DataType::Float64, &given),
        [
            "0.1",
            "-0.0",
            "10.357019999999999",
            "1e-7",
            "1.2345678901234568e+29",
            "2.5",
            "\"NaN\"",
            "\"-Infinity\""
        ]
    );
    assert_eq!(
        values(DataType::Float32, &["0.1", "16777217"]),
        ["0.1", "16777216.0"]
    );
    assert!(values(DataType::Float64, &["NaN"])[0].starts_with("not JSON at byte 5"));
    assert!(values(DataType::Float64, &["\"1e400\""])[0].ends_with("is not a valid DOUBLE"));
}

#[test]
fn decimals_are_exact_and_have_no_more_digits_than_their_type() {
    let decimal = DataType::Decimal128(5, 2);
    assert_eq!(
        values(decimal.clone(), &["1", "999.99", "-0.005", "\"1.234\"", "1e-1"]),
        ["1.00", "999.99", "-0.01", "1.23", "0.10"]
    );
    assert_eq!(
        values(decimal, &["1000"]),
        ["column `c`: `1000` is not a valid DECIMAL(5, 2)"]
    );
    let wide = DataType::Decimal128(38, 10);
    assert_eq!(
        values(wide, &["1234567890123456789012345678.0123456789"]),
        ["1234567890123456789012345678.0123456789"]
    );
}

#[test]
fn strings_take_anything_and_json_keeps_its_text() {
    let given = [
        r#""a\"b\u00e9\ud83d\ude00""#,
        "12.50",
        "true",
        r#"{"a": [1, 2]}"#,
        "\"\"",
    ];
    assert_eq!(
        values(DataType::Utf8, &given),
        [
            "\"a\\\"bé😀\"",
            "\"12.50\"",
            "\"true\"",
            r#""{\"a\": [1, 2]}""#,
            "\"\""
        ]
    );
    let json = std::sync::Arc::new(mark_json(Field::new("c", DataType::Utf8, true)));
    let case = Case::new("json", vec![json], &[]);
    for text in ["\"a\\n\"", "12.50", "{\"a\": [1, 2]}"] {
        assert_eq!(shown(&case.stream(format!("{{\"c\":{text}}}"))), text);
    }
    for wrong in [r#""\ud800""#, r#""\q""#, "\"a\tb\"", "\"a"] {
        assert!(
            values(DataType::Utf8, &[wrong])[0].starts_with("not JSON at byte"),
            "{wrong}"
        );
    }
}

#[test]
fn booleans_bytes_and_moments() {
    assert_eq!(
        values(DataType::Boolean, &["true", "false", "\"TRUE\"", "0"]),
        ["true", "false", "true", "false"]
    );
    assert_eq!(
        values(DataType::Boolean, &["2", "\"yes\"", "tru"])[..2],
        [
            "column `c`: `2` is not a valid BOOLEAN",
            "column `c`: `\"yes\"` is not a valid BOOLEAN"
        ]
    );
    assert_eq!(
        values(DataType::Binary, &["\"AP8=\"", "\"AP8\"", "12"]),
        [
            "\"AP8=\"",
            "\"AP8=\"",
            "column `c`: `12` is not a valid BINARY (base64)"
        ]
    );
    assert_eq!(
        values(DataType::Date32, &["\"2013-01-31\"", "1"]),
        ["\"2013-01-31\"", "\"1970-01-02\""]
    );
    let time = DataType::Time64(TimeUnit::Microsecond);
    assert_eq!(
        values(time, &["\"05:00:00.25\"", "18000250"]),
        ["\"05:00:00.250000\"", "\"05:00:00.250000\""]
    );
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    let given = [
        "\"2013-01-01 05:00:00\"",
        "\"2013-01-01T06:00:00.1234567+01:00\"",
        "1357016400000",
        "\"1357016400000\"",
        "1357016400000.5",
    ];
    assert_eq!(
        values(timestamp.clone(), &given),
        [
            "\"2013-01-01T05:00:00.000000Z\"",
            "\"2013-01-01T05:00:00.123456Z\"",
            "\"2013-01-01T05:00:00.000000Z\"",
            "\"2013-01-01T05:00:00.000000Z\"",
            "\"2013-01-01T05:00:00.000500Z\"",
        ]
    );
    assert_eq!(
        values(timestamp, &["\"2013-02-30\"", "99999999999999999999"])[0],
        "column `c`: `\"2013-02-30\"` is not a valid TIMESTAMP(6)"
    );
}

#[test]
fn numbers_of_timestamps_are_in_the_named_unit() {
    for (unit, number) in [
        ("s", "1357016400"),
        ("ms", "1357016400000"),
        ("us", "1357016400000000"),
        ("ns", "1357016400000000000"),
    ] {
        let case = Case::new(
            "json",
            vec![column("c", timestamp_ms())],
            &[("json.timestamp_unit", unit)],
        );
        assert_eq!(
            shown(&case.stream(format!("{{\"c\":{number}}}"))),
            "\"2013-01-01T05:00:00.000Z\""
        );
    }
}

#[test]
fn nested_values_follow_their_types() {
    let list = DataType::new_list(DataType::Int32, true);
    assert_eq!(
        values(list.clone(), &["[1, null ,3]", "[]", "null"]),
        ["[1,null,3]", "[]", "null"]
    );
    assert_eq!(
        values(list, &["[1,\"x\"]", "{}", "3"])[1..],
        [
            "column `c`: `{}` is not a valid ARRAY<INT>",
            "column `c`: `3` is not a valid ARRAY<INT>"
        ]
    );
    let entries = Fields::from(vec![
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", DataType::Int32, true),
    ]);
    let map = DataType::Map(
        std::sync::Arc::new(Field::new("entries", DataType::Struct(entries), false)),
        false,
    );
    assert_eq!(
        values(map, &[r#"{"a":1,"b":null,"a":3}"#, "{}"]),
        [r#"{"b":null,"a":3}"#, "{}"]
    );
    let fields = Fields::from(vec![
        Field::new("x", DataType::Int32, false),
        Field::new("y", DataType::new_list(DataType::Utf8, true), true),
    ]);
    let row = DataType::Struct(fields);
    assert_eq!(
        values(
            row.clone(),
            &[r#"{"y":["a"],"X":1,"z":{}}"#, r#"{"x":1,"x":2}"#, "null"]
        ),
        [r#"{"x":1,"y":["a"]}"#, r#"{"x":2,"y":null}"#, "null"]
    );
    assert_eq!(
        values(row.clone(), &["{}", r#"{"x":"a"}"#]),
        [
            "column `c`: column `x`: is NULL but declared NOT NULL",
            "column `c`: column `x`: `\"a\"` is not a valid INT"
        ]
    );
    // A bad record takes back what its lists had taken.
    let case = Case::new(
        "json",
        vec![column(
            "c",
            DataType::List(std::sync::Arc::new(Field::new("item", row, true))),
        )],
        &[],
    );
    let decoded = case
        .stream("{\"c\":[{\"x\":1}]}\n{\"c\":[{\"x\":2},{\"x\":true}]}\n{\"c\":[{\"x\":3,\"y\":[\"b\"]}]}\n");
    assert_eq!(
        decoded.rows,
        [r#"{"c":[{"x":1,"y":null}]}"#, r#"{"c":[{"x":3,"y":["b"]}]}"#]
    );
    assert_eq!(decoded.bad.len(), 1);
}

#[test]
fn paths_lead_to_nested_values() {
    let columns = vec![
        column("id", DataType::Int64),
        column("city", DataType::Utf8),
        column("second", DataType::Int64),
        column("whole", DataType::Utf8),
    ];
    let paths = [
        ("json.path.city", "user.address['city name']"),
        ("path.second", "$.items[1].n"),
        ("json.path.whole", "user"),
    ];
    let case = Case::new("json", columns, &paths);
    let decoded = case.stream(concat!(
        r#"{"id":1,"user":{"name":"x","address":{"city name":"Bonn"}},"items":[{"n":1},{"n":2},{"n":3}]}"#,
        "\n",
        r#"{"id":2,"user":null,"items":[{"n":1}]}"#,
        "\n",
        r#"{"id":3,"user":7,"items":{}}"#,
        "\n",
        r#"{"id":4,"user":{"address":{"city name":"a"}},"user":{}}"#,
        "\n",
    ));
    assert_eq!(
        decoded.rows,
        [
            r#"{"id":1,"city":"Bonn","second":2,"whole":"{\"name\":\"x\",\"address\":{\"city name\":\"Bonn\"}}"}"#,
            r#"{"id":2,"city":null,"second":null,"whole":null}"#,
            r#"{"id":3,"city":null,"second":null,"whole":"7"}"#,
            r#"{"id":4,"city":null,"second":null,"whole":"{}"}"#,
        ]
    );
    assert!(decoded.bad.is_empty());
    let error = Case::new("json", vec![column("a", DataType::Utf8)], &[("json.path.b", "x")])
        .plan()
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "option `json.path.b`: there is no column `b`");
    assert!(
        Case::new(
            "json",
            vec![column("a", DataType::Utf8)],
            &[("json.path.a", "x..y")]
        )
        .plan()
        .is_err()
    );
}

#[test]
fn the_exact_name_goes_before_other_case_and_the_last_key_wins() {
    let case = Case::new("json", vec![column("price", DataType::Int64)], &[]);
    let decoded = case.stream(concat!(
        "{\"price\":1,\"PRICE\":2}\n",
        "{\"PRICE\":2,\"price\":1}\n",
        "{\"Price\":2,\"PRICE\":3}\n",
        "{\"price\":1,\"price\":4}\n",
        "{\"pr\\u0069ce\":5}\n",
    ));
    let prices = ["1", "1", "3", "4", "5"].map(|price| format!("{{\"price\":{price}}}"));
    assert_eq!(decoded.rows, prices);
    let two = Case::new(
        "json",
        vec![column("a", DataType::Int64), column("A", DataType::Int64)],
        &[],
    );
    assert_eq!(two.stream("{\"A\":1,\"a\":2}\n").rows, ["{\"a\":2,\"A\":1}"]);
}

#[test]
fn only_used_columns_are_read_and_unknown_keys_can_be_errors() {
    let text = "{\"ts\":1,\"symbol\":\"a\",\"price\":\"not a number\",\"x\":1}\n";
    assert_eq!(
        trades().using(&["symbol"]).stream(text).rows,
        ["{\"symbol\":\"a\"}"]
    );
    assert_eq!(trades().using(&[]).stream(text).rows, ["{}"]);
    let columns = vec![column("a", DataType::Int64), column("b", DataType::Int64)];
    let closed = Case::new("json", columns, &[("unknown_fields", "error")]).using(&["a"]);
    let decoded = closed.stream("{\"a\":1,\"b\":2}\n{\"a\":1,\"c\":2}\n");
    assert_eq!(decoded.rows, ["{\"a\":1}"]);
    assert_eq!(decoded.bad, ["14: there is no column `c`"]);
}

#[test]
fn what_is_wrong_in_a_skipped_value_is_wrong_in_the_record() {
    let decoded = trades().stream(
        "{\"ts\":1,\"x\":tru}\n{\"ts\":1,\"x\":[1,]}\n{\"ts\":1,\"x\":\"\\ud800\"}\n{\"ts\":2,\"x\":[[]]}\n",
    );
    assert_eq!((decoded.rows.len(), decoded.bad.len()), (1, 3));
}

#[test]
fn text_that_is_not_utf8_is_bad_by_the_line() {
    let decoded = trades().stream(b"{\"ts\":1,\"symbol\":\"a\"}\n{\"ts\":2,\"symbol\":\"\xff\"}\n{\"ts\":3,\"x\":\"\xc3\"}\n{\"ts\":4,\"symbol\":\"\xc3\xa9\"}\n");
    assert_eq!(decoded.rows.len(), 2);
    assert!(decoded.rows[1].contains("\"symbol\":\"é\""));
    assert_eq!(
        decoded.bad,
        [
            "22: not JSON at byte 18: the text is not UTF-8",
            "44: not JSON at byte 13: the text is not UTF-8"
        ]
    );
    assert_eq!(decoded.raw[0], b"{\"ts\":2,\"symbol\":\"\xff\"}");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_record() {
    assert_eq!(trades().stream("\u{feff}{\"ts\":1}\n").rows.len(), 1);
    assert_eq!(
        trades().messages(&["\u{feff}{\"ts\":1}".as_bytes()]).rows.len(),
        1
    );
}

#[test]
fn messages_hold_one_record_several_or_an_array() {
    let decoded = trades().messages(&[
        b"{\"ts\":1}",
        b" {\n \"ts\": 2,\n \"price\": 5\n}\n",
        b"{\"ts\":3}\n{\"ts\":4}",
        b"[{\"ts\":5}, {\"ts\":6}]",
        b"[]",
    ]);
    assert_eq!(decoded.rows.len(), 6);
    assert!(decoded.bad.is_empty(), "{:?}", decoded.bad);
}

#[test]
fn a_bad_message_is_refused_as_far_as_it_is_bad() {
    let case = Case::new("json", vec![column("n!", DataType::Int64)], &[]);
    let decoded = case.messages(&[
        b"",
        b"{\"n\":1} x",
        b"{\"n\":2",
        b"[{\"n\":3},{\"n\":\"x\"},{\"n\":4}]",
        b"[{\"n\":5},{\"n\":6",
        b"[{\"n\":7}] ]",
        b"{\"n\":8}{\"m\":1}{\"n\":9}",
        b"\xff",
        b"[{\"n\":10},]",
        b"[1, {\"n\":11}]",
    ]);
    assert_eq!(
        decoded.rows,
        [3, 4, 5, 7, 8, 9, 10, 11].map(|n| format!("{{\"n\":{n}}}"))
    );
    assert_eq!(
        decoded.bad,
        [
            "0: not JSON at byte 0: `{` is expected, but the record ends",
            "1: not JSON at byte 8: the end of the message is expected, but there is `x`",
            "2: not JSON at byte 6: `,` or `}` is expected, but the record ends",
            "3: column `n`: `\"x\"` is not a valid BIGINT",
            "4: not JSON at byte 6: `,` or `}` is expected, but the record ends",
            "5: not JSON at byte 0: the end of the message is expected, but there is `]`",
            "6: column `n`: is NULL but declared NOT NULL",
            "7: not JSON at byte 0: the text is not UTF-8",
            "8: not JSON at byte 0: `{` is expected, but there is `]`",
            "9: not JSON at byte 0: `{` is expected, but there is `1`",
        ]
    );
    assert_eq!(decoded.raw[3], b"{\"n\":\"x\"}");
    assert_eq!(decoded.raw[5], b"]");
}

/// A record of some of the keys a, b, c, d in any order, with blanks where they may be, and what its row shows.
fn record() -> impl Strategy<Value = (String, String)> {
    let blank = || proptest::sample::select(vec!["", "", "", " ", "  ", "\t"]);
    let field = (0usize..5, -9i64..100, blank(), blank(), blank());
    (proptest::collection::vec(field, 0..6), blank()).prop_map(|(fields, last)| {
        let mut values = [None; 4];
        let texts: Vec<String> = fields
            .iter()
            .map(|(key, value, before, between, after)| {
                if let Some(slot) = values.get_mut(*key) {
                    *slot = Some(*value);
                }
                let key = ["a", "b", "c", "d", "other"][*key];
                format!("{before}\"{key}\"{between}:{after}{value}{last}")
            })
            .collect();
        let shown = values.map(|value| value.map_or("null".to_owned(), |value| value.to_string()));
        let row = format!(
            r#"{{"a":{},"b":{},"c":{},"d":{}}}"#,
            shown[0], shown[1], shown[2], shown[3]
        );
        (format!("{{{}{last}}}{last}", texts.join(",")), row)
    })
}

proptest! {
    #[test]
    fn order_blanks_and_missing_keys_make_no_difference(records in proptest::collection::vec(record(), 0..30)) {
        let case = Case::new("json", ["a", "b", "c", "d"].map(|name| column(name, DataType::Int64)).to_vec(), &[]);
        let (texts, rows): (Vec<String>, Vec<String>) = records.into_iter().unzip();
        let decoded = case.stream(texts.join("\n"));
        prop_assert_eq!((&decoded.rows, &decoded.bad), (&rows, &Vec::new()), "{}", texts.join("\n"));
        let message = texts.join("\n");
        if !message.is_empty() {
            prop_assert_eq!(case.messages(&[message.replace(':', ":\n").as_bytes()]).rows, rows);
        }
    }
}
