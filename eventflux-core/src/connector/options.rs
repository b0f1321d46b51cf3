//! The options of one stream, as the user wrote them.

use std::fmt;

use super::{OptionError, OptionText};

/// The options of one stream: keys as the user wrote them, and values that are known, or not yet (a reference, while a
/// program is only checked).
#[derive(Clone, Default)]
pub struct Options {
    entries: Vec<(String, Option<String>)>,
}

impl Options {
    /// Options of which some values may be unknown (`None`).
    pub fn new(entries: Vec<(String, Option<String>)>) -> Self {
        Self { entries }
    }

    /// The options while a program is only checked: values with references are unknown.
    pub fn unresolved(options: &[(String, OptionText)]) -> Self {
        Self::new(
            options
                .iter()
                .map(|(key, text)| (key.clone(), text.as_literal()))
                .collect(),
        )
    }

    /// Keys and values, in the user's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    /// Whether every value is known. If not, the program is only checked: rules between options and whatever needs the
    /// outside wait for the run.
    pub fn is_resolved(&self) -> bool {
        self.entries.iter().all(|(_, value)| value.is_some())
    }

    /// The value of `format` (also spelled `CONNECTOR.format`), and the options without it.
    ///
    /// **Errors** It is given twice, or its value is a reference: it decides which options there are.
    pub fn take_format(&self, connector: &str) -> Result<(Option<String>, Options), OptionError> {
        let is_format = |key: &str| key == "format" || key.strip_prefix(connector) == Some(".format");
        let mut format = None;
        for (key, value) in self.iter().filter(|(key, _)| is_format(key)) {
            let Some(value) = value else {
                return Err(OptionError::new(
                    key,
                    "has to be written out, since it decides which options there are",
                ));
            };
            if format.replace(value.to_owned()).is_some() {
                return Err(OptionError::new(key, "is given twice"));
            }
        }
        let rest = self
            .entries
            .iter()
            .filter(|(key, _)| !is_format(key))
            .cloned()
            .collect();
        Ok((format, Options::new(rest)))
    }
}

/// Shows keys only: values may be secrets.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.iter().map(|(key, _)| key))
            .finish()
    }
}
