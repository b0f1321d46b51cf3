//! Why a value cannot go into a column.

/// Why a value cannot go into a column, as a sentence.
///
/// Boxed, so that the results of the fast path stay small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit(Box<str>);

/// Text in a reason, at the most.
const QUOTED_BYTES_MAX: usize = 60;

impl Misfit {
    /// A reason in one lower-case sentence.
    pub fn new(reason: impl Into<Box<str>>) -> Self {
        Self(reason.into())
    }

    /// The value is not one of the type.
    pub fn not_a(text: &[u8], type_name: &str) -> Self {
        Self::new(format!("`{}` is not a valid {type_name}", excerpt(text)))
    }

    /// A NULL where none may be.
    pub fn null() -> Self {
        Self::new("is NULL but declared NOT NULL")
    }

    /// The same reason with the column that it is about.
    pub fn of_column(self, name: &str) -> Self {
        Self::new(format!("column `{name}`: {}", self.0))
    }

    /// The sentence.
    pub fn into_reason(self) -> String {
        self.0.into()
    }
}

/// The front of a text, safe to print.
pub fn excerpt(text: &[u8]) -> String {
    let front = &text[..text.len().min(QUOTED_BYTES_MAX)];
    let mut shown: String = String::from_utf8_lossy(front)
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    if front.len() < text.len() {
        shown = format!("{}…", shown.trim_end_matches('\u{fffd}'));
    }
    shown
}
