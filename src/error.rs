//! What can go wrong between a program and its runtime.

use std::fmt;

use eventflux_core::Error;
use eventflux_sql::SettingError;
use eventflux_sql::diagnostic::render::{Colour, concise, full, json};
use eventflux_sql::diagnostic::{Diagnostic, SourceText};
use eventflux_sql::function::RegistrationError;

/// A text, and what is wrong with it. Shows itself as the compiler does: the line, a caret, what would help.
#[derive(Clone)]
pub struct Rejected {
    source: SourceText,
    diagnostics: Vec<Diagnostic>,
}

impl Rejected {
    pub(crate) fn new(source: SourceText, diagnostics: Vec<Diagnostic>) -> Self {
        Self { source, diagnostics }
    }

    /// The text.
    pub fn source(&self) -> &SourceText {
        &self.source
    }

    /// What is wrong with it, in the order of its places.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// One line per diagnostic.
    pub fn concise(&self) -> String {
        concise(&self.source, &self.diagnostics)
    }

    /// One JSON object per diagnostic.
    pub fn json(&self) -> String {
        json(&self.source, &self.diagnostics)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(full(&self.source, &self.diagnostics, Colour::Never).trim_end())
    }
}

/// Why a runtime cannot be built.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The text is wrong.
    #[error("the text cannot be run\n{0}")]
    Diagnostics(Box<Rejected>),
    /// A setting is not known, or cannot have the value.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A function cannot have its name.
    #[error(transparent)]
    Function(#[from] RegistrationError),
    /// There is an interval for checkpoints, but no store to put them into.
    #[error("checkpoints at an interval need a store: call `with_persistence_store`")]
    NoStore,
    /// A connector cannot be used.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// `main` shows an error by `Debug`: a diagnostic should be readable there, too.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a runtime does not do what it is asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// There is no such stream in this role.
    #[error("there is no {role} stream `{name}`{help}")]
    UnknownStream {
        /// `input` or `output`.
        role: &'static str,
        /// The name that was asked for.
        name: String,
        /// What would help, after a colon; or nothing.
        help: String,
    },
    /// Nobody read the stream when the runtime started, and another query takes its rows: they pass by unseen.
    #[error("stream `{name}` is read by another query: add its readers before the start")]
    TooLate {
        /// The stream.
        name: String,
    },
    /// A runtime starts once.
    #[error("the runtime has been started already")]
    Started,
    /// Only a runtime that has been started can end.
    #[error("the runtime has not been started")]
    NotStarted,
    /// The run failed.
    #[error(transparent)]
    Engine(#[from] Error),
}
