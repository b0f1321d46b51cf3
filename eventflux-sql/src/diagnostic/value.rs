//! The diagnostic itself: a value that is built, collected and compared, never printed here.

use serde::Serialize;

use super::{Code, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The text cannot be run.
    Error,
    /// The text runs, and probably not as its author thinks.
    Warning,
}

/// A further place that the diagnostic speaks about. A label on the diagnostic's own span is written at the caret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there, lower case.
    pub message: String,
}

/// One mistake (or doubt) in a source text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What kind of mistake it is; stable over versions.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// One lower-case sentence without a full stop.
    pub message: String,
    /// The place that is wrong.
    pub span: Span,
    /// Further places.
    pub labels: Vec<Label>,
    /// What to do about it, one line each.
    pub help: Vec<String>,
}

/// Several diagnostics of one text, in the order of their position once they are reported.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    /// An error of kind `code` at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, message)
    }

    /// A warning of kind `code` at `span`.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, span, message)
    }

    fn new(code: Code, severity: Severity, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            span,
            labels: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Also points at `span` and says `message` there.
    #[must_use]
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// Adds a help line.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a help line if there is one.
    #[must_use]
    pub fn with_help_opt(mut self, help: Option<String>) -> Self {
        self.help.extend(help);
        self
    }

    /// Whether it keeps the text from being run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
