//! What is wrong with a record.

use crate::format::column::Misfit;

/// What is wrong with a record. Boxed in results, so that the fast path stays small.
#[derive(Debug)]
pub enum Fault {
    /// It is not JSON.
    Syntax {
        /// Where, from the start of the text.
        at: usize,
        /// What.
        reason: String,
    },
    /// It is JSON, but a value does not fit its column.
    Value(Misfit),
}

/// The result of reading.
pub type Parsed<T> = Result<T, Box<Fault>>;

impl Fault {
    /// The reason as a sentence, for a record that begins at this place.
    pub fn into_reason(self, record_start: usize) -> String {
        match self {
            Fault::Syntax { at, reason } => {
                format!("not JSON at byte {}: {reason}", at.saturating_sub(record_start))
            }
            Fault::Value(misfit) => misfit.into_reason(),
        }
    }

    /// The same fault with the column that it is about.
    #[cold]
    pub fn of_column(self, name: &str) -> Box<Self> {
        Box::new(match self {
            Fault::Value(misfit) => Fault::Value(misfit.of_column(name)),
            syntax => syntax,
        })
    }
}

impl From<Misfit> for Box<Fault> {
    #[cold]
    fn from(misfit: Misfit) -> Self {
        Box::new(Fault::Value(misfit))
    }
}
