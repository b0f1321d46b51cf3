//! Mistakes in SQL, with their places: what `eventflux check --format json` prints.

use eventflux::sql::diagnostic::{Code, Diagnostic, Label, Severity, SourceText, Span};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A mistake (or doubt) in a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgramDiagnostic {
    /// What kind of mistake it is; stable over versions.
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// One sentence.
    pub message: String,
    /// The place that is wrong.
    pub span: ProgramSpan,
    /// Further places.
    pub labels: Vec<ProgramLabel>,
    /// What to do about it, one line each.
    pub help: Vec<String>,
}

/// A part of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgramSpan {
    /// Its first character.
    pub start: Place,
    /// The character after its last one.
    pub end: Place,
}

/// A place in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes, from 0.
    pub offset: usize,
}

/// A further place that a diagnostic speaks about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgramLabel {
    /// Where.
    pub span: ProgramSpan,
    /// What is there.
    pub message: String,
}

impl ProgramDiagnostic {
    /// Of a compiler's diagnostic.
    pub fn of(source: &SourceText, diagnostic: &Diagnostic) -> Self {
        let labels = diagnostic.labels.iter().map(|label| ProgramLabel {
            span: ProgramSpan::of(source, label.span),
            message: label.message.clone(),
        });
        Self {
            code: diagnostic.code.name().to_owned(),
            severity: match diagnostic.severity {
                Severity::Error => "error".to_owned(),
                Severity::Warning => "warning".to_owned(),
            },
            message: diagnostic.message.clone(),
            span: ProgramSpan::of(source, diagnostic.span),
            labels: labels.collect(),
            help: diagnostic.help.clone(),
        }
    }

    /// As the compiler here would have made it, of the same text. `None` if a newer node has a code that this program does not know.
    pub fn to_diagnostic(&self) -> Option<Diagnostic> {
        let code = Code::ALL.iter().copied().find(|code| code.name() == self.code)?;
        let labels = self.labels.iter().map(|label| Label {
            span: label.span.to_span(),
            message: label.message.clone(),
        });
        Some(Diagnostic {
            code,
            severity: match self.severity.as_str() {
                "warning" => Severity::Warning,
                _ => Severity::Error,
            },
            message: self.message.clone(),
            span: self.span.to_span(),
            labels: labels.collect(),
            help: self.help.clone(),
        })
    }
}

impl ProgramSpan {
    fn of(source: &SourceText, span: Span) -> Self {
        let place = |offset| {
            let at = source.line_column(offset);
            Place {
                line: at.line,
                column: at.column,
                offset,
            }
        };
        Self {
            start: place(span.start),
            end: place(span.end),
        }
    }

    fn to_span(self) -> Span {
        Span::new(self.start.offset, self.end.offset.max(self.start.offset))
    }
}
