//! Whether a leader is answered by a majority, and when it keeps silent so that another one can be elected.
//!
//! A voter that hears a leader elects no other. One that is heard and hears nobody, since the network is cut one way, would lead for ever,
//! and nothing would be agreed on: Raft (openraft 0.10.0-alpha.37) lets such a leader propose nothing new, and sends on. Its
//! `quorum_loss_probe_interval` holds back heartbeats alone, while entries and snapshots keep voters from electing just as well. So
//! everything that a leader sends passes here.
//!
//! ```text
//!      a majority answers, or this node does not lead
//!    ┌───────────────────────────────────────────────┬───────────┐
//!    ▼         no answer for 3                3      │           │
//!  Heard ──────────────────────► Silent ─────────► Asking        │
//!                                  │ ▲        1      │           │
//!                                  │ └───────────────┘           │
//!                                  └─────────────────────────────┘
//! ```
//!
//! **Units** Times are in election timeouts.
//!
//! **Why 3 until it is silent** Voters that do not hear their leader have another one within 2, so after 3 a leader that is cut off both ways
//! is replaced already, and one that is not is what keeps the voters from electing. A majority whose disks take long for a sync answers
//! late, too, but not by that much. **Why 3 of silence** The voters take 1 to miss the leader and at most 1 more to elect; the third is for
//! a second try. **Why it asks at all** It may be the only one that can lead: nobody else has all that is agreed on, or nobody was there.
//!
//! **Invariants** Only time that this process has seen go by counts: one that was stopped and goes on hears its voters first. A leader that is
//! elected has all of the time. A node that needs no others is heard. Safety never depends on any of this.

use std::time::Duration;

use openraft::RaftMetrics;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::type_config::alias::{InstantOf, WatchReceiverOf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::type_config::TypeConfig;

/// Without an answer for so long a leader keeps silent.
const UNANSWERED: u32 = 3;

/// So long it keeps silent before it asks again whether somebody is there.
const SILENCE: u32 = 3;

/// So long it asks.
const ASKING: u32 = 1;

/// It is looked so often in an election timeout.
const LOOKS: u32 = 5;

/// How a node stands with those whom it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// It does not lead, or a majority answers as far as is known.
    Heard,
    /// No majority answers, and it sends nothing, so that others can elect.
    Silent,
    /// No majority answers, and it asks whether it may go on.
    Asking,
}

impl Hearing {
    /// Whether a majority answers, or none has to.
    pub(crate) fn is_heard(self) -> bool {
        self == Self::Heard
    }
}

type Answered = Option<InstantOf<TypeConfig>>;

/// Finds out how a node stands with those whom it leads.
#[derive(Debug)]
struct Audience {
    election_timeout: Duration,
    /// The term in which this node leads others, and when it has sent what a majority has answered last.
    last: Option<(u64, Answered)>,
    looked: Instant,
    unanswered: Duration,
}

impl Audience {
    fn new(election_timeout: Duration, now: Instant) -> Self {
        Self {
            election_timeout,
            last: None,
            looked: now,
            unanswered: Duration::ZERO,
        }
    }

    /// When it is looked next.
    fn step(&self) -> Duration {
        self.election_timeout / LOOKS
    }

    /// Looks again.
    fn look(&mut self, now: Instant, leads: Option<(u64, Answered)>) -> Hearing {
        // A process that was stopped has not listened meanwhile.
        let passed = now.duration_since(self.looked).min(self.step() * 2);
        self.looked = now;
        if leads.is_none() || leads != self.last {
            self.last = leads;
            self.unanswered = Duration::ZERO;
            return Hearing::Heard;
        }
        self.unanswered += passed;
        let Some(mut beyond) = self.unanswered.checked_sub(self.election_timeout * UNANSWERED) else {
            return Hearing::Heard;
        };
        let round = self.election_timeout * (SILENCE + ASKING);
        if beyond >= round {
            beyond -= round;
            self.unanswered -= round;
        }
        match beyond < self.election_timeout * SILENCE {
            true => Hearing::Silent,
            false => Hearing::Asking,
        }
    }
}

/// Says how a node stands with those whom it leads until nobody wants to know any more.
pub(crate) async fn follow(
    metrics: WatchReceiverOf<TypeConfig, RaftMetrics<TypeConfig>>,
    election_timeout: Duration,
    telling: watch::Sender<Hearing>,
) {
    let mut audience = Audience::new(election_timeout, Instant::now());
    while !telling.is_closed() {
        sleep(audience.step()).await;
        let leads = {
            let metrics = metrics.borrow_watched();
            if metrics.running_state.is_err() {
                return;
            }
            leads_others(&metrics)
        };
        tell(&telling, audience.look(Instant::now(), leads), leads.is_some());
    }
}

/// The term in which this node leads others, and when it has sent what a majority has answered last.
fn leads_others(metrics: &RaftMetrics<TypeConfig>) -> Option<(u64, Answered)> {
    let has_others = metrics
        .membership_config
        .voter_ids()
        .any(|voter| voter != metrics.id);
    let answered = metrics.last_quorum_acked.map(|sent| sent.into_inner());
    (metrics.state.is_leader() && has_others).then_some((metrics.current_term, answered))
}

fn tell(telling: &watch::Sender<Hearing>, hearing: Hearing, leads: bool) {
    let mut before = hearing;
    telling.send_if_modified(|known| {
        before = std::mem::replace(known, hearing);
        before != hearing
    });
    match (before.is_heard(), hearing.is_heard()) {
        (true, false) => {
            tracing::warn!(
                "no majority of the voters answers: this node keeps silent, so that they can elect another leader"
            );
        }
        (false, true) if leads => tracing::info!("a majority of the voters answers again"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(100);

    struct Watched(Audience);

    impl Watched {
        fn new() -> Self {
            Self(Audience::new(STEP * LOOKS, Instant::now()))
        }

        /// What becomes of a node that is so at each of so many looks: a letter each.
        fn look(&mut self, leads: Option<(u64, Answered)>, count: usize) -> String {
            self.look_every(STEP, leads, count)
        }

        fn look_every(&mut self, step: Duration, leads: Option<(u64, Answered)>, count: usize) -> String {
            let looks = (0..count).map(|_| match self.0.look(self.0.looked + step, leads) {
                Hearing::Heard => 'h',
                Hearing::Silent => 's',
                Hearing::Asking => 'a',
            });
            looks.collect()
        }
    }

    #[test]
    fn a_leader_that_nobody_answers_keeps_silent_and_asks_now_and_then() {
        let mut watched = Watched::new();
        // From its election on, before anybody has answered.
        let leads = Some((1, None));
        let round = format!("{}{}", "s".repeat(15), "a".repeat(5));
        let expected = format!("{}{round}{round}{round}", "h".repeat(15));
        assert_eq!(watched.look(leads, expected.len()), expected);
    }

    #[test]
    fn an_answer_or_another_leader_or_a_new_term_begins_anew() {
        let now = <InstantOf<TypeConfig> as openraft::Instant>::now();
        for again in [Some((1, Some(now))), None, Some((2, None))] {
            let mut watched = Watched::new();
            assert!(watched.look(Some((1, None)), 20).ends_with('s'));
            assert_eq!(watched.look(again, 10), "h".repeat(10));
        }
    }

    #[test]
    fn who_is_answered_or_does_not_lead_is_always_heard() {
        let mut watched = Watched::new();
        let begun = <InstantOf<TypeConfig> as openraft::Instant>::now();
        for look in 0..100 {
            assert_eq!(watched.look(Some((1, Some(begun + STEP * look))), 1), "h");
        }
        assert_eq!(watched.look(None, 100), "h".repeat(100));
    }

    #[test]
    fn a_process_that_was_stopped_listens_before_it_keeps_silent() {
        let mut watched = Watched::new();
        let leads = Some((1, None));
        assert_eq!(watched.look(leads, 10), "h".repeat(10));
        let hour = Duration::from_secs(3_600);
        assert_eq!(watched.look_every(hour, leads, 1), "h");
        assert_eq!(watched.look(leads, 4), "hhhs");
    }
}
