//! The leader's decisions: who lives, who runs what, when epochs are taken.
//!
//! **Shapes** [`Overseer::on_event`]: time, the agreed state and an [`Event`] in, [`Action`]s out. What it keeps itself is
//! only what it can learn again: a new leader begins with an empty one.
//!
//! **Invariants** It tells workers only what follows from applied entries. So an overseer whose leadership is over may still
//! send orders, but each is fenced by its term and generation, and says only what was true once.

mod action;
mod asked;
mod detector;
mod epoch;
mod event;
mod manifest;
mod overseer;
mod pending;
mod run;

pub use action::Action;
pub use asked::Asker;
pub use event::{Event, PublishFailure};
pub use overseer::{Overseer, OverseerConfig};
pub use pending::ProposalKey;

#[cfg(test)]
mod epoch_test;
#[cfg(test)]
mod takeover_test;
