//! What keeps a run from making its work durable or visible, at this moment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that does not work at this moment and is tried again. The stream goes on meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it concerns: `checkpoints`, or the operator of a source or a sink.
    pub place: String,
    /// What was wrong at the last attempt.
    pub message: String,
}

/// All troubles of a run. The lock is taken once per attempt and by whoever asks, never by a loop.
#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<BTreeMap<String, String>>);

impl Troubles {
    /// An attempt at this place has failed.
    pub(crate) fn begin(&self, place: &str, message: impl ToString) {
        self.lock().insert(place.to_owned(), message.to_string());
    }

    /// As [`Troubles::begin`], unless something was told before, which says more.
    pub(crate) fn begin_unless_told(&self, place: &str, message: &str) {
        let mut troubles = self.lock();
        troubles
            .entry(place.to_owned())
            .or_insert_with(|| message.to_owned());
    }

    /// An attempt at this place has succeeded.
    pub(crate) fn end(&self, place: &str) {
        self.lock().remove(place);
    }

    /// Those of this moment, by place.
    pub(crate) fn now(&self) -> Vec<Trouble> {
        let troubles = self.lock();
        let troubles = troubles.iter().map(|(place, message)| Trouble {
            place: place.clone(),
            message: message.clone(),
        });
        troubles.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a source or a sink tells that its outside does not answer, and when it does again.
#[derive(Debug, Clone, Default)]
pub struct TroubleReport {
    troubles: Arc<Troubles>,
    place: String,
}

impl TroubleReport {
    /// For one subtask of a source or a sink.
    pub(crate) fn new(
        troubles: &Arc<Troubles>,
        operator_id: &str,
        subtask: usize,
        parallelism: usize,
    ) -> Self {
        Self {
            troubles: Arc::clone(troubles),
            place: match parallelism {
                1 => operator_id.to_owned(),
                _ => format!("{operator_id}/{subtask}"),
            },
        }
    }

    /// The outside does not answer, and is tried again.
    pub fn begin(&self, message: impl ToString) {
        self.troubles.begin(&self.place, message);
    }

    /// It answers.
    pub fn end(&self) {
        self.troubles.end(&self.place);
    }

    /// What was told last, while it lasts.
    pub fn now(&self) -> Option<Trouble> {
        let is_own = |trouble: &Trouble| trouble.place == self.place;
        self.troubles.now().into_iter().find(is_own)
    }
}
