//! The decisions of a coordinator, without I/O.

use std::collections::BTreeSet;

use crate::checkpoint::LoopId;

/// When checkpoints are taken. Microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// From the beginning of one checkpoint to that of the next; `None`: only when asked for, and at the end.
    pub(crate) interval_us: Option<i64>,
    /// At least from the end of one to the beginning of the next.
    pub(crate) pause_min_us: i64,
    /// Barriers that have not come through after this time are given up.
    pub(crate) timeout_us: i64,
}

/// Epochs that may be given up in a row. A start leaves out this many numbers behind the last committed epoch: what a process
/// that died had begun never has the number of another epoch.
pub(crate) const GIVEN_UP_MAX: u64 = 15;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Time has passed.
    Time,
    /// Somebody wants a checkpoint that begins from now on.
    Asked,
    /// A loop has handed the barrier of an epoch on.
    Acknowledged(u64, LoopId),
    /// A loop that barriers begin in has nothing more to read.
    InputEnded(LoopId),
    /// The epoch that was to be stored is committed.
    Committed,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Send the barriers of an epoch.
    Begin(u64),
    /// The barriers of an epoch have taken too long: what belongs to it becomes part of the next one.
    GiveUp(u64),
    /// Every loop has acknowledged an epoch: store it. `is_last`: all inputs had ended before it began.
    Store {
        /// The epoch.
        epoch: u64,
        /// Nothing comes after it.
        is_last: bool,
    },
    /// Everything that was read belongs to a committed epoch: the loops may end.
    LetGo,
}

/// ```text
///              due, asked, all inputs ended            all loops acknowledged
///        Idle ─────────────────────────────► Aligning ────────────────────────► Storing
///         ▲ ▲                                   │ timeout                          │ committed
///         │ └───────────────────────────────────┘                                  │
///         └────────────────────────────────────────────────────────────────────────┘
///                      Idle ──the last one is committed──► Over
/// ```
///
/// **Invariants** One epoch is in flight. Epochs strictly increase. An input that has ended does not stop epochs; when all
/// have, one more epoch is taken, then the loops are let go.
#[derive(Debug)]
pub(crate) struct Engine {
    pace: Pace,
    loop_count: usize,
    origins: BTreeSet<LoopId>,
    next_epoch: u64,
    state: State,
    is_asked: bool,
    /// When the last epoch began, and the time before which the next does not.
    begun_us: i64,
    not_before_us: i64,
    given_up: u64,
}

#[derive(Debug)]
enum State {
    Idle,
    Aligning {
        epoch: u64,
        is_last: bool,
        acknowledged: BTreeSet<LoopId>,
    },
    Storing {
        is_last: bool,
    },
    Over,
}

impl Engine {
    /// `origins`: the loops that barriers begin in. The first epoch is `first_epoch`; it is due an interval after now.
    pub(crate) fn new(
        pace: Pace,
        loop_count: usize,
        origins: impl IntoIterator<Item = LoopId>,
        first_epoch: u64,
        now_us: i64,
    ) -> Self {
        Self {
            pace,
            loop_count,
            origins: origins.into_iter().collect(),
            next_epoch: first_epoch,
            state: State::Idle,
            is_asked: false,
            begun_us: now_us,
            not_before_us: now_us,
            given_up: 0,
        }
    }

    /// Takes what happened and says what follows.
    pub(crate) fn on_event(&mut self, now_us: i64, event: Event) -> Vec<Command> {
        let mut commands = Vec::new();
        match (event, &mut self.state) {
            (Event::Asked, _) => self.is_asked = true,
            (Event::InputEnded(origin), _) => {
                self.origins.remove(&origin);
            }
            (
                Event::Acknowledged(epoch, loop_id),
                State::Aligning {
                    epoch: current,
                    is_last,
                    acknowledged,
                },
            ) if epoch == *current => {
                acknowledged.insert(loop_id);
                if acknowledged.len() == self.loop_count {
                    let is_last = *is_last;
                    self.given_up = 0;
                    self.state = State::Storing { is_last };
                    commands.push(Command::Store { epoch, is_last });
                }
            }
            (Event::Committed, State::Storing { is_last }) => {
                self.state = if *is_last { State::Over } else { State::Idle };
                self.not_before_us = now_us.saturating_add(self.pace.pause_min_us);
                if matches!(self.state, State::Over) {
                    commands.push(Command::LetGo);
                }
            }
            (Event::Time | Event::Acknowledged(..) | Event::Committed, _) => {}
        }
        self.give_up(now_us, &mut commands);
        self.begin(now_us, &mut commands);
        commands
    }

    /// When time alone changes something.
    pub(crate) fn next_due_us(&self) -> Option<i64> {
        match self.state {
            State::Idle => self.next_begin_us(),
            State::Aligning { .. } if self.given_up < GIVEN_UP_MAX => {
                Some(self.begun_us.saturating_add(self.pace.timeout_us))
            }
            State::Aligning { .. } | State::Storing { .. } | State::Over => None,
        }
    }

    /// Whether no checkpoint comes any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn next_begin_us(&self) -> Option<i64> {
        if self.is_asked || self.origins.is_empty() {
            return Some(i64::MIN);
        }
        let interval_us = self.pace.interval_us?;
        Some(self.begun_us.saturating_add(interval_us).max(self.not_before_us))
    }

    fn give_up(&mut self, now_us: i64, commands: &mut Vec<Command>) {
        if let State::Aligning { epoch, .. } = self.state
            && self.given_up < GIVEN_UP_MAX
            && now_us >= self.begun_us.saturating_add(self.pace.timeout_us)
        {
            self.given_up += 1;
            self.state = State::Idle;
            self.not_before_us = now_us.saturating_add(self.pace.pause_min_us);
            commands.push(Command::GiveUp(epoch));
        }
    }

    fn begin(&mut self, now_us: i64, commands: &mut Vec<Command>) {
        let is_due =
            matches!(self.state, State::Idle) && self.next_begin_us().is_some_and(|due_us| now_us >= due_us);
        if !is_due {
            return;
        }
        let epoch = self.next_epoch;
        self.next_epoch += 1;
        self.begun_us = now_us;
        self.is_asked = false;
        self.state = State::Aligning {
            epoch,
            is_last: self.origins.is_empty(),
            acknowledged: BTreeSet::new(),
        };
        commands.push(Command::Begin(epoch));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        interval_us: Some(100),
        pause_min_us: 10,
        timeout_us: 1_000,
    };

    /// Two loops, the first of which is a source.
    fn engine(pace: Pace) -> Engine {
        Engine::new(pace, 2, [0], 7, 0)
    }

    fn complete(engine: &mut Engine, epoch: u64, now_us: i64) -> Vec<Command> {
        engine.on_event(now_us, Event::Acknowledged(epoch, 0));
        engine.on_event(now_us, Event::Acknowledged(epoch, 1))
    }

    #[test]
    fn an_epoch_begins_every_interval_and_one_is_in_flight() {
        let mut engine = engine(PACE);
        assert_eq!(engine.next_due_us(), Some(100));
        assert_eq!(engine.on_event(99, Event::Time), []);
        assert_eq!(engine.on_event(100, Event::Time), [Command::Begin(7)]);
        assert_eq!(engine.on_event(300, Event::Acknowledged(7, 0)), []);
        let store = Command::Store {
            epoch: 7,
            is_last: false,
        };
        assert_eq!(engine.on_event(300, Event::Acknowledged(7, 1)), [store]);
        assert_eq!(engine.on_event(500, Event::Time), []);
        assert_eq!(engine.on_event(500, Event::Committed), []);
        assert_eq!(engine.next_due_us(), Some(510));
        assert_eq!(engine.on_event(510, Event::Time), [Command::Begin(8)]);
    }

    #[test]
    fn who_asks_gets_an_epoch_that_begins_after_the_question() {
        let mut engine = engine(Pace {
            interval_us: None,
            ..PACE
        });
        assert_eq!(engine.next_due_us(), None);
        assert_eq!(engine.on_event(5, Event::Asked), [Command::Begin(7)]);
        assert_eq!(engine.on_event(6, Event::Asked), []);
        complete(&mut engine, 7, 7);
        assert_eq!(engine.on_event(8, Event::Committed), [Command::Begin(8)]);
    }

    #[test]
    fn barriers_that_take_too_long_are_given_up_and_the_next_epoch_has_another_number() {
        let mut engine = engine(PACE);
        engine.on_event(100, Event::Time);
        assert_eq!(engine.next_due_us(), Some(1_100));
        assert_eq!(engine.on_event(1_100, Event::Time), [Command::GiveUp(7)]);
        assert_eq!(engine.on_event(1_110, Event::Time), [Command::Begin(8)]);
        // An acknowledgement of the old epoch counts for nothing.
        assert_eq!(complete(&mut engine, 7, 1_111), []);
        assert!(matches!(
            complete(&mut engine, 8, 1_112)[..],
            [Command::Store { epoch: 8, .. }]
        ));
    }

    #[test]
    fn numbers_that_are_given_up_in_a_row_are_bounded() {
        let mut engine = engine(PACE);
        let mut begun = Vec::new();
        for now_us in (0..1_000_000).step_by(10) {
            for command in engine.on_event(now_us, Event::Time) {
                if let Command::Begin(epoch) = command {
                    begun.push(epoch);
                }
            }
        }
        assert_eq!(begun, (7..=7 + GIVEN_UP_MAX).collect::<Vec<_>>());
    }

    /// I5.
    #[test]
    fn i5_epochs_go_on_after_one_of_several_inputs_ended_and_one_follows_the_last_end() {
        let mut engine = Engine::new(PACE, 2, [0, 1], 7, 0);
        assert_eq!(engine.on_event(1, Event::InputEnded(0)), []);
        assert_eq!(engine.on_event(100, Event::Time), [Command::Begin(7)]);
        // The second input ends while an epoch is in flight: that epoch is not the last.
        assert_eq!(engine.on_event(101, Event::InputEnded(1)), []);
        let store = Command::Store {
            epoch: 7,
            is_last: false,
        };
        assert_eq!(complete(&mut engine, 7, 102), [store]);
        assert_eq!(engine.on_event(103, Event::Committed), [Command::Begin(8)]);
        let last = Command::Store {
            epoch: 8,
            is_last: true,
        };
        assert_eq!(complete(&mut engine, 8, 104), [last]);
        assert_eq!(engine.on_event(105, Event::Committed), [Command::LetGo]);
        assert!(engine.is_over());
        assert_eq!(engine.on_event(900, Event::Asked), []);
    }
}
