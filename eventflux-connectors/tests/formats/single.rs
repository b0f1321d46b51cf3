//! `raw` and `text`.

use arrow::datatypes::DataType;

use super::harness::{Case, column};

#[test]
fn lines_are_values_without_their_breaks() {
    let text = Case::new("text", vec![column("line", DataType::Utf8)], &[]);
    let decoded = text.stream("\u{feff}a,\"b\r\n\nc");
    assert_eq!(
        decoded.rows,
        [r#"{"line":"a,\"b"}"#, r#"{"line":""}"#, r#"{"line":"c"}"#]
    );
    assert_eq!(text.using(&[]).stream("a\nb\n").rows, ["{}", "{}"]);
    let raw = Case::new("raw", vec![column("line", DataType::Binary)], &[]);
    assert_eq!(
        raw.stream(b"\xff\x00\nabc\n").rows,
        [r#"{"line":"/wA="}"#, r#"{"line":"YWJj"}"#]
    );
}

#[test]
fn messages_are_values_as_a_whole() {
    let raw = Case::new("raw", vec![column("line", DataType::Binary)], &[]);
    assert_eq!(
        raw.messages(&[b"a\nb", b""]).rows,
        [r#"{"line":"YQpi"}"#, r#"{"line":""}"#]
    );
}

#[test]
fn text_has_to_be_utf8() {
    let text = Case::new("text", vec![column("line", DataType::Utf8)], &[]);
    let decoded = text.stream(b"a\n\xff\nb\n");
    assert_eq!(
        (decoded.rows.len(), decoded.bad),
        (2, vec!["2: the text is not UTF-8".to_owned()])
    );
}

#[test]
fn another_column_or_a_second_one_is_refused() {
    let error = Case::new("text", vec![column("n", DataType::Int64)], &[])
        .plan()
        .err()
        .unwrap();
    assert_eq!(
        error.message,
        "text needs exactly one column of type STRING, but `n` is BIGINT"
    );
}
