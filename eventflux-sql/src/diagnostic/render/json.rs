//! JSON: one object per diagnostic, one per line, for tools.
//!
//! ```text
//! {"file":…,"code":…,"severity":…,"message":…,"span":{"start":{"line":…,"column":…,"offset":…},"end":{…}},
//!  "labels":[{"span":…,"message":…}],"help":[…]}
//! ```
//!
//! **Units**: lines and columns are one-based, columns count characters; offsets are bytes.

use serde_json::{Value, json as object};

use super::in_order;
use crate::diagnostic::{Diagnostic, SourceText, Span};

/// One line of JSON per diagnostic, each with a line break.
pub fn json(source: &SourceText, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in in_order(diagnostics) {
        let labels: Vec<Value> = diagnostic
            .labels
            .iter()
            .map(|label| object!({"span": range(source, label.span), "message": label.message}))
            .collect();
        let line = object!({
            "file": source.name(),
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "span": range(source, diagnostic.span),
            "labels": labels,
            "help": diagnostic.help,
        });
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

fn range(source: &SourceText, span: Span) -> Value {
    let place = |offset: usize| {
        let at = source.line_column(offset);
        object!({"line": at.line, "column": at.column, "offset": offset})
    };
    object!({"start": place(span.start), "end": place(span.end)})
}
