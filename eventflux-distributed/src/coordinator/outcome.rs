//! What a command came to.

use std::fmt;

/// Why a command changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Refusal {
    /// It was not refused.
    None = 0,
    /// What it names is not there.
    Unknown = 1,
    /// It was decided on what is not so any more: an older generation, epoch or incarnation.
    Stale = 2,
    /// There is something of that name.
    Taken = 3,
    /// It makes no sense.
    Invalid = 4,
    /// It does not fit what the pipeline or node is at.
    Unready = 5,
}

/// The answer to a command, the same on every node and each time that the command comes.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Outcome {
    /// Why it changed nothing, if it did not.
    #[prost(enumeration = "Refusal", tag = "1")]
    pub refusal: i32,
    /// What was granted: an incarnation, a pipeline's id, a generation, an epoch.
    #[prost(uint64, tag = "2")]
    pub granted: u64,
    /// For people, if it was refused.
    #[prost(string, tag = "3")]
    pub message: String,
}

impl Outcome {
    pub(super) fn granted(granted: u64) -> Self {
        Self {
            granted,
            ..Self::default()
        }
    }

    pub(super) fn done() -> Self {
        Self::default()
    }

    pub(super) fn refused(refusal: Refusal, message: impl Into<String>) -> Self {
        Self {
            refusal: refusal.into(),
            granted: 0,
            message: message.into(),
        }
    }

    /// The number after this one. Nothing counts to the end: whoever has got there has made a number up.
    pub(super) fn number_after(number: u64) -> Result<u64, Self> {
        let used_up = || Self::refused(Refusal::Invalid, format!("there is no number after {number}"));
        number.checked_add(1).ok_or_else(used_up)
    }

    /// Whether it changed something, or need not have.
    pub fn is_done(&self) -> bool {
        self.refusal() == Refusal::None
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal() {
            Refusal::None => write!(f, "granted {}", self.granted),
            refusal => write!(f, "refused ({refusal:?}): {}", self.message),
        }
    }
}
