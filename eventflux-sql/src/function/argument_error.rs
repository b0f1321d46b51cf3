//! What is wrong with an argument, in our own words.

use std::fmt;

use datafusion_common::DataFusionError;

/// An argument that a function does not take: the planner shows the message at the argument's place.
#[derive(Debug)]
pub(crate) struct ArgumentError {
    /// Which argument, from 0.
    pub(crate) index: usize,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl ArgumentError {
    /// A message for the argument at this place.
    pub(crate) fn new(index: usize, message: impl Into<String>) -> Self {
        Self {
            index,
            message: message.into(),
            help: None,
        }
    }

    /// The same, with what to do about it.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The argument error that an error comes from, if it does.
    pub(crate) fn of(error: &DataFusionError) -> Option<&Self> {
        match error.find_root() {
            DataFusionError::External(error) => error.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ArgumentError {}

impl From<ArgumentError> for DataFusionError {
    fn from(error: ArgumentError) -> Self {
        DataFusionError::External(Box::new(error))
    }
}
