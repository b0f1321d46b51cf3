//! Lines of an events file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// A line of an events file. Times are milliseconds since the epoch.
#[derive(Debug)]
pub enum Event {
    /// A row arrives.
    Row {
        stream: String,
        /// When; a millisecond after the row before it where it is not given.
        ts_ms: Option<i64>,
        /// A JSON object of the row's columns.
        data: Box<RawValue>,
    },
    /// The clock moves on.
    AdvanceTo(i64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    stream: Option<String>,
    ts: Option<i64>,
    data: Option<Box<RawValue>>,
    advance_to: Option<i64>,
}

impl Event {
    /// Reads a line.
    ///
    /// **Errors** One lower-case sentence.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let line: Line = serde_json::from_slice(line)
            .map_err(|error| format!("this is no event: invalid JSON, {error}"))?;
        match line {
            Line {
                stream: None,
                ts: None,
                data: None,
                advance_to: Some(ms),
            } => Ok(Event::AdvanceTo(ms)),
            Line {
                stream: Some(stream),
                ts,
                data: Some(data),
                advance_to: None,
            } => Ok(Event::Row {
                stream,
                ts_ms: ts,
                data,
            }),
            Line {
                advance_to: Some(_), ..
            } => Err("`advance_to` stands alone in its line".to_owned()),
            _ => Err("an event has a `stream` and its `data`, or is an `advance_to`".to_owned()),
        }
    }
}

/// The names of an object's fields.
pub fn field_names(data: &RawValue) -> Result<Vec<String>, String> {
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_str(data.get())
        .map_err(|_| "`data` is an object of column names and values".to_owned())?;
    Ok(fields.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_row_or_moves_the_clock() {
        assert!(matches!(
            Event::parse(br#"{"stream":"s","ts":5,"data":{"a":1}}"#),
            Ok(Event::Row { stream, ts_ms: Some(5), .. }) if stream == "s"
        ));
        assert!(matches!(
            Event::parse(br#"{"advance_to":7}"#),
            Ok(Event::AdvanceTo(7))
        ));
    }

    #[test]
    fn anything_else_is_a_mistake() {
        for line in [
            "",
            "[]",
            r#"{"stream":"s"}"#,
            r#"{"stream":"s","data":{},"advance_to":1}"#,
            r#"{"stram":"s","data":{}}"#,
        ] {
            assert!(Event::parse(line.as_bytes()).is_err(), "{line}");
        }
    }
}
