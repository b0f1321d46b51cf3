//! Which checkpoint a savepoint is a copy of, and how old it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use eventflux::checkpoint::Revision;
use indicatif::HumanDuration;

use crate::control::Taken;

/// Why it is this checkpoint.
#[derive(Debug)]
pub enum Origin {
    /// It was taken for the question; it stays while this is kept.
    Fresh(Taken),
    /// It is the last one.
    Last(User),
    /// Its number was given.
    Chosen(u64),
}

/// Who adds to the checkpoints at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    Nobody,
    App,
    Cluster,
    /// The store does not tell.
    Unknown,
}

impl Origin {
    /// The checkpoint's number, if it has to be that one.
    pub fn epoch(&self) -> Option<u64> {
        match self {
            Origin::Fresh(taken) => Some(taken.checkpoint),
            Origin::Chosen(epoch) => Some(*epoch),
            Origin::Last(_) => None,
        }
    }

    /// One word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Origin::Fresh(_) => "fresh",
            Origin::Last(_) => "last",
            Origin::Chosen(_) => "chosen",
        }
    }

    /// A line for people.
    pub fn sentence(&self, revision: &Revision) -> String {
        let (app, age) = (&revision.app, HumanDuration(age(revision)));
        match self {
            Origin::Fresh(_) => format!("it is fresh: what `{app}` had read before the question is in it"),
            Origin::Last(User::Nobody) => {
                format!("it is the last one of `{app}`, which does not run; it was written {age} ago")
            }
            Origin::Last(User::App) => {
                format!("it is the last one of `{app}`, written {age} ago; what was read since is not in it")
            }
            Origin::Last(User::Cluster) => format!(
                "it is the last one of `{app}`, written {age} ago; `eventflux pipeline savepoint` has the cluster take a fresh one"
            ),
            Origin::Last(User::Unknown) => format!(
                "it is the last one of `{app}`, written {age} ago; if the app runs, what was read since is not in it"
            ),
            Origin::Chosen(_) => format!("it is one of `{app}`, written {age} ago"),
        }
    }
}

/// How long ago a checkpoint was written.
pub fn age(revision: &Revision) -> Duration {
    let written = Duration::from_micros(u64::try_from(revision.created_at_us).unwrap_or_default());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(written)
}
