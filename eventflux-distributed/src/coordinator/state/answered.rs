//! What commands were answered, so that one that comes twice is carried out once.

use std::collections::VecDeque;

use crate::coordinator::{CommandId, Outcome};

/// So many answers are remembered. A client repeats a command within seconds, or gives it up.
const REMEMBERED_MAX: usize = 4_096;

/// A command, and what it came to.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Answer {
    #[prost(message, required, tag = "1")]
    pub(super) id: CommandId,
    #[prost(message, required, tag = "2")]
    pub(super) outcome: Outcome,
}

/// The newest answers, oldest first. The same on all nodes, so forgetting is, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answered {
    answers: VecDeque<Answer>,
    by_id: std::collections::BTreeMap<CommandId, Outcome>,
}

impl Answered {
    pub(super) fn get(&self, id: &CommandId) -> Option<&Outcome> {
        self.by_id.get(id)
    }

    pub(super) fn remember(&mut self, id: CommandId, outcome: Outcome) {
        self.by_id.insert(id, outcome.clone());
        self.answers.push_back(Answer { id, outcome });
        if self.answers.len() > REMEMBERED_MAX
            && let Some(oldest) = self.answers.pop_front()
        {
            self.by_id.remove(&oldest.id);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter()
    }
}

impl FromIterator<Answer> for Answered {
    fn from_iter<T: IntoIterator<Item = Answer>>(answers: T) -> Self {
        let mut answered = Self::default();
        for answer in answers {
            answered.remember(answer.id, answer.outcome);
        }
        answered
    }
}
