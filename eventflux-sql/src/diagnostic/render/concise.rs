//! `file:line:column: error[code]: message`, one line each, as editors and CI read them.

use super::{in_order, without_control};
use crate::diagnostic::{Diagnostic, Severity, SourceText};

/// One line per diagnostic, each with a line break.
pub fn concise(source: &SourceText, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in in_order(diagnostics) {
        let place = source.line_column(diagnostic.span.start);
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let message = without_control(&diagnostic.message).replace('\n', " ");
        let (name, code) = (source.name(), diagnostic.code);
        text.push_str(&format!(
            "{name}:{}:{}: {severity}[{code}]: {message}\n",
            place.line, place.column
        ));
    }
    text
}
