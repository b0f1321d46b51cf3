//! Who waits for a checkpoint that was asked for.

use crate::coordinator::{Desired, Outcome, Pipeline, Refusal};
use crate::sabotage::{Bug, is_broken};

/// Whoever asks, as the driver of an overseer tells askers apart.
pub type Asker = u64;

/// Who has asked for a checkpoint of a pipeline and was not answered yet.
///
/// ```text
///  ask ──► waiting ──an epoch begins──► taken ──committed and published──► answered
///             ▲                           │
///             └────────── given up ───────┘
/// ```
#[derive(Debug, Default)]
pub(super) struct Asked {
    waiting: Vec<Asker>,
    taken: Vec<Asker>,
}

impl Asked {
    pub(super) fn ask(&mut self, asker: Asker) {
        self.waiting.push(asker);
        if is_broken(Bug::OlderCheckpointAnswered) {
            self.begin();
        }
    }

    /// Whether somebody wants an epoch that begins from now on.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// An epoch begins, after all that was asked so far.
    pub(super) fn begin(&mut self) {
        self.taken.append(&mut self.waiting);
    }

    /// The epoch that had begun comes to nothing.
    pub(super) fn give_up(&mut self) {
        self.waiting.append(&mut self.taken);
    }

    /// The epoch that had begun is in its place: those are to be told.
    pub(super) fn published(&mut self) -> Vec<Asker> {
        std::mem::take(&mut self.taken)
    }

    /// Nothing will come: all are to be told.
    pub(super) fn refused(&mut self) -> Vec<Asker> {
        self.give_up();
        std::mem::take(&mut self.waiting)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.taken.is_empty()
    }
}

/// Why a pipeline takes no more checkpoints; `None` while it may.
pub(super) fn refusal(pipeline: Option<&Pipeline>) -> Option<Outcome> {
    let Some(pipeline) = pipeline else {
        return Some(Outcome::refused(Refusal::Unknown, "the pipeline is gone"));
    };
    let name = &pipeline.spec.name;
    let unready = |message: String| Some(Outcome::refused(Refusal::Unready, message));
    match pipeline.desired() {
        Desired::Removed => unready(format!("pipeline `{name}` is being removed")),
        // Its last epoch may be on its way.
        _ if pipeline.assignment.is_some() || pipeline.is_wanted() => None,
        _ if !pipeline.failure.is_empty() => {
            unready(format!("pipeline `{name}` has failed: {}", pipeline.failure))
        }
        _ if pipeline.is_finished => unready(format!(
            "pipeline `{name}` has finished: checkpoint {} holds everything",
            pipeline.committed.epoch
        )),
        _ => unready(format!("pipeline `{name}` is stopped")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::Assignment;

    #[test]
    fn an_epoch_is_for_those_who_asked_before_it_began() {
        let mut asked = Asked::default();
        asked.ask(1);
        asked.begin();
        asked.ask(2);
        assert!(asked.is_waited_for());
        assert_eq!(asked.published(), [1]);
        asked.begin();
        assert!(!asked.is_waited_for());
        asked.give_up();
        assert!(asked.is_waited_for());
        asked.ask(3);
        asked.begin();
        assert_eq!(asked.published(), [2, 3]);
        assert!(asked.is_empty());
    }

    #[test]
    fn a_pipeline_that_takes_no_more_checkpoints_says_why() {
        let mut pipeline = Pipeline::default();
        pipeline.spec.name = "p".into();
        let said = |pipeline: &Pipeline| refusal(Some(pipeline)).map(|outcome| outcome.message);
        assert_eq!(said(&pipeline), None, "it is about to run");
        pipeline.set_desired(Desired::Stopped);
        assert_eq!(said(&pipeline).unwrap(), "pipeline `p` is stopped");
        pipeline.assignment = Some(Assignment::default());
        assert_eq!(said(&pipeline), None, "its last checkpoint may be on its way");
        pipeline.set_desired(Desired::Removed);
        assert_eq!(said(&pipeline).unwrap(), "pipeline `p` is being removed");
        pipeline.set_desired(Desired::Running);
        pipeline.assignment = None;
        pipeline.is_finished = true;
        pipeline.committed.epoch = 7;
        assert_eq!(
            said(&pipeline).unwrap(),
            "pipeline `p` has finished: checkpoint 7 holds everything"
        );
        pipeline.failure = "no disk".into();
        assert_eq!(said(&pipeline).unwrap(), "pipeline `p` has failed: no disk");
        assert_eq!(refusal(None).unwrap().refusal(), Refusal::Unknown);
    }
}
