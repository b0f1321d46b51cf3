//! What can fail at run time.
//!
//! **Errors** Every variant names its object. [`Error::kind`] drives exit codes, retries and the metric label.

use std::sync::Arc;

/// The result of everything in the engine that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// What the user gave is wrong: a row, an option, a file's content.
    Input,
    /// The world is not ready: a port, a broker, a disk.
    Environment,
    /// The run failed for a reason of its own.
    Runtime,
    /// The engine broke one of its invariants.
    Bug,
}

/// A failure at run time.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A row that a stream's error policy `fail` does not let pass.
    #[error("bad row in {stream}: {reason}")]
    BadRow {
        /// The stream (or operator) that the row belongs to.
        stream: String,
        /// Why the row is bad.
        reason: String,
    },
    /// A connector option has a value that cannot be used.
    #[error("option `{key}`: {message}")]
    Option {
        /// The option's key as the user wrote it.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// A connector failed to open, read, write or close.
    #[error("{connector} `{object}`: {message}")]
    Connector {
        /// The connector's name.
        connector: &'static str,
        /// What it worked on: a path, a topic, an address.
        object: String,
        /// What happened.
        message: String,
        /// Whether the world or the user's input is at fault.
        kind: ErrorKind,
        /// The cause, where one is known.
        #[source]
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
    /// An expression or a kernel failed for a reason that is not one row's.
    #[error("expression `{expression}`: {message}")]
    Expression {
        /// The expression as text.
        expression: String,
        /// What happened.
        message: String,
    },
    /// Columns could not be built, cast or combined.
    #[error("columns: {0}")]
    Columns(String),
    /// Stored state cannot be read back.
    #[error("state of {operator}: {message}")]
    State {
        /// The operator whose state it is.
        operator: String,
        /// What is wrong with it.
        message: String,
    },
    /// The place where checkpoints live failed.
    #[error("{store}: {object}: {message}")]
    Store {
        /// The store, as it displays itself.
        store: String,
        /// What it was asked for: an object's name, a setting.
        object: String,
        /// What happened.
        message: String,
        /// The cause, where one is known.
        #[source]
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
    /// A stored object is not what was written.
    #[error("{object} is damaged: {message}")]
    Damaged {
        /// The object's name.
        object: String,
        /// What is wrong with it.
        message: String,
    },
    /// A stored object was written in a format that this program does not read.
    #[error("{object} is of format {version}; this program reads formats up to {newest}")]
    UnknownFormat {
        /// The object's name.
        object: String,
        /// Its format.
        version: u32,
        /// The newest format that is read.
        newest: u32,
    },
    /// A store does not have the checkpoint that was asked for.
    #[error("{store} has no checkpoint of epoch {epoch}: {there_are}")]
    NoCheckpoint {
        /// The store, as it displays itself.
        store: String,
        /// The epoch.
        epoch: u64,
        /// Which ones it has.
        there_are: String,
    },
    /// A checkpoint does not fit the query that is to go on from it.
    #[error("checkpoint {epoch} in {store} does not fit: {message}")]
    StateMismatch {
        /// The store, as it displays itself.
        store: String,
        /// The checkpoint.
        epoch: u64,
        /// What does not fit; may have several lines.
        message: String,
    },
    /// A checkpoint was asked for of a run that takes none.
    #[error("the run has no store for checkpoints")]
    NoStore,
    /// A place that is to be started from has no checkpoint.
    #[error("there is no checkpoint in {store}")]
    NoSavepoint {
        /// The store, as it displays itself.
        store: String,
    },
    /// Another process has taken over this app's checkpoints.
    #[error("{store}: another process has taken over: {message}")]
    TakenOver {
        /// The store, as it displays itself.
        store: String,
        /// What gave it away.
        message: String,
    },
    /// A subtask stopped because another one failed or was stopped.
    #[error("{subtask} was cancelled")]
    Cancelled {
        /// The subtask's name.
        subtask: String,
    },
    /// An operator panicked; the subtask's boundary caught it.
    #[error("{operator} panicked: {message}")]
    Panicked {
        /// The operator's name.
        operator: String,
        /// The panic's message.
        message: String,
    },
    /// The engine broke an invariant.
    #[error("internal error: {0}")]
    Bug(String),
}

impl Error {
    /// Who has to act on this error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::BadRow { .. }
            | Error::Option { .. }
            | Error::UnknownFormat { .. }
            | Error::StateMismatch { .. }
            | Error::NoStore
            | Error::NoSavepoint { .. }
            | Error::NoCheckpoint { .. } => ErrorKind::Input,
            Error::Connector { kind, .. } => *kind,
            Error::Store { .. } | Error::TakenOver { .. } => ErrorKind::Environment,
            Error::Expression { .. }
            | Error::Columns(_)
            | Error::State { .. }
            | Error::Damaged { .. }
            | Error::Cancelled { .. } => ErrorKind::Runtime,
            Error::Panicked { .. } | Error::Bug(_) => ErrorKind::Bug,
        }
    }

    /// A store's error with its cause.
    pub fn store(
        store: &impl std::fmt::Display,
        object: impl Into<String>,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Error::Store {
            store: store.to_string(),
            object: object.into(),
            message: cause.to_string(),
            source: Some(Arc::new(cause)),
        }
    }

    /// A damaged object.
    pub fn damaged(object: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Damaged {
            object: object.into(),
            message: message.into(),
        }
    }

    /// A connector error with its cause.
    pub fn connector(
        connector: &'static str,
        object: impl Into<String>,
        kind: ErrorKind,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Error::Connector {
            connector,
            object: object.into(),
            message: cause.to_string(),
            kind,
            source: Some(Arc::new(cause)),
        }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Error::Columns(error.to_string())
    }
}
