//! What is wrong with an option.

/// An option that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("option `{key}`: {message}")]
pub struct OptionError {
    /// The key as the user wrote it, or the name of the missing one.
    pub key: String,
    /// What is wrong, one lower-case sentence.
    pub message: String,
    /// What would help.
    pub help: Option<String>,
}

impl OptionError {
    /// An error without help.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
            help: None,
        }
    }

    /// The same error with what would help.
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

impl From<OptionError> for crate::Error {
    fn from(error: OptionError) -> Self {
        crate::Error::Option {
            key: error.key,
            message: error.message,
        }
    }
}

/// The candidate that was probably meant: within a third of its length in edits, or one that ends or begins with the word.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    candidates
        .filter_map(|candidate| {
            let distance = strsim::damerau_levenshtein(&word, candidate);
            let is_part = word.len() >= 3 && (candidate.ends_with(&word) || candidate.starts_with(&word));
            (distance <= 1 + candidate.len() / 4 || is_part).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}
