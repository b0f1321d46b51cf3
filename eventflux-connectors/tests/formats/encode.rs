//! Encoders: rows, keys, changes.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};
use eventflux_core::batch::{EventBatch, RowKind};

use super::harness::{column, encode, plan_encoder};

/// A changelog of `(kind, card, n)` at event times 1 ms, 2 ms, …
fn changelog(changes: &[(&str, &str, i64)]) -> EventBatch {
    let cards: ArrayRef = Arc::new(StringArray::from_iter_values(
        changes.iter().map(|change| change.1),
    ));
    let counts: ArrayRef = Arc::new(Int64Array::from_iter_values(
        changes.iter().map(|change| change.2),
    ));
    let rows = RecordBatch::try_from_iter([("card", cards), ("n", counts)]).unwrap();
    let times: Vec<i64> = (1..=changes.len() as i64).map(|row| row * 1_000).collect();
    let kinds = changes
        .iter()
        .map(|change| RowKind::from_symbol(change.0).unwrap())
        .collect();
    EventBatch::new(rows, times.into())
        .unwrap()
        .with_kinds(Some(kinds))
        .unwrap()
}

#[test]
fn json_rows_are_objects_and_messages_have_the_key_that_there_is() {
    let batch = changelog(&[("+I", "A", 1), ("+I", "B\"", 2)]);
    let encoded = encode("json", &batch, &[], &[]);
    assert_eq!(
        encoded.stream,
        "{\"card\":\"A\",\"n\":1}\n{\"card\":\"B\\\"\",\"n\":2}\n"
    );
    assert_eq!(encoded.messages[0], r#"none -> {"card":"A","n":1}"#);
    assert_eq!(
        encode("json", &batch, &[1], &[]).messages[0],
        r#"{"n":1} -> {"card":"A","n":1}"#
    );
}

#[test]
fn debezium_pairs_the_images_of_an_update() {
    let batch = changelog(&[
        ("+I", "A", 1),
        ("-U", "A", 1),
        ("+U", "A", 2),
        ("-D", "A", 2),
        ("-U", "B", 5),
        ("+I", "C", 6),
        ("+U", "B", 7),
        ("-U", "D", 8),
        ("+U", "E", 9),
    ]);
    let encoded = encode("debezium_json", &batch, &[0], &[]);
    let expected = concat!(
        r#"{"before":null,"after":{"card":"A","n":1},"op":"c","ts_ms":1}"#,
        "\n",
        r#"{"before":{"card":"A","n":1},"after":{"card":"A","n":2},"op":"u","ts_ms":3}"#,
        "\n",
        r#"{"before":{"card":"A","n":2},"after":null,"op":"d","ts_ms":4}"#,
        "\n",
        r#"{"before":{"card":"B","n":5},"after":null,"op":"d","ts_ms":5}"#,
        "\n",
        r#"{"before":null,"after":{"card":"C","n":6},"op":"c","ts_ms":6}"#,
        "\n",
        r#"{"before":null,"after":{"card":"B","n":7},"op":"c","ts_ms":7}"#,
        "\n",
        r#"{"before":{"card":"D","n":8},"after":null,"op":"d","ts_ms":8}"#,
        "\n",
        r#"{"before":null,"after":{"card":"E","n":9},"op":"c","ts_ms":9}"#,
        "\n",
    );
    assert_eq!(encoded.stream, expected);
    let messages: Vec<_> = expected.lines().map(|line| line.to_owned()).collect();
    let values: Vec<_> = encoded
        .messages
        .iter()
        .map(|message| message.split_once(" -> ").unwrap().1.to_owned())
        .collect();
    assert_eq!(values, messages);
    assert!(encoded.messages[1].starts_with("{\"card\":\"A\"} -> "));
    // Without a key, the two images of an update belong together wherever they stand together.
    let unkeyed = encode("debezium_json", &batch, &[], &[]);
    assert_eq!(unkeyed.messages.len(), 7);
    assert!(
        unkeyed.messages[6].contains(r#""op":"u""#),
        "{}",
        unkeyed.messages[6]
    );
}

#[test]
fn upserts_are_keys_with_values_and_tombstones() {
    let batch = changelog(&[("+I", "A", 1), ("-U", "A", 1), ("+U", "A", 2), ("-D", "A", 2)]);
    let encoded = encode("upsert_json", &batch, &[0], &[]);
    assert_eq!(
        encoded.stream,
        concat!(
            r#"{"key":{"card":"A"},"value":{"card":"A","n":1}}"#,
            "\n",
            r#"{"key":{"card":"A"},"value":{"card":"A","n":2}}"#,
            "\n",
            r#"{"key":{"card":"A"},"value":null}"#,
            "\n",
        )
    );
    assert_eq!(
        encoded.messages,
        [
            r#"{"card":"A"} -> {"card":"A","n":1}"#,
            r#"{"card":"A"} -> {"card":"A","n":2}"#,
            r#"{"card":"A"} -> none"#,
        ]
    );
    let error = plan_encoder("upsert_json", &batch.schema(), &[], &[])
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "option `format`: upsert_json needs a key, and the table has none"
    );
}

#[test]
fn raw_and_text_write_the_value_of_the_only_column() {
    let words: ArrayRef = Arc::new(StringArray::from(vec![Some("a,b"), None, Some("")]));
    let batch = EventBatch::at(
        RecordBatch::try_from_iter_with_nullable([("w", words, true)]).unwrap(),
        0,
    );
    let encoded = encode("text", &batch, &[], &[]);
    assert_eq!(encoded.stream, "a,b\n\n\n");
    assert_eq!(encoded.messages, ["none -> a,b", "none -> none", "none -> "]);
    let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"a\tb"[..]]));
    let batch = EventBatch::at(RecordBatch::try_from_iter([("b", bytes)]).unwrap(), 0);
    assert_eq!(encode("raw", &batch, &[], &[]).stream, "a\tb\n");
}

#[test]
fn formats_without_options_refuse_all_and_columns_that_do_not_fit_are_named() {
    let schema = Arc::new(Schema::new(vec![column("a", DataType::Int64)]));
    for format in ["json", "raw", "text", "debezium_json"] {
        let error = plan_encoder(format, &schema, &[], &[("pretty", "true")])
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            format!("option `pretty`: there is no such option of `{format}`")
        );
    }
    let error = plan_encoder("text", &schema, &[], &[]).err().unwrap();
    assert_eq!(
        error.message,
        "text needs exactly one column of type STRING, but `a` is BIGINT"
    );
    let two = Arc::new(Schema::new(vec![
        column("a", DataType::Utf8),
        column("b", DataType::Utf8),
    ]));
    let error = plan_encoder("raw", &two, &[], &[]).err().unwrap();
    assert_eq!(
        error.message,
        "raw needs exactly one column of type BINARY, and there are 2 columns"
    );
}
