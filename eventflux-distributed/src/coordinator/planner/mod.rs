//! Who owns what: key groups, source splits and subtasks over nodes.
//!
//! **Shapes** `(who owned what, the nodes and their weights, the groups' weights) -> who owns what`. Pure and deterministic.
//!
//! **Invariants** Every group has one owner, which is one of the nodes. A group moves only when its owner is gone or when the
//! move makes the nodes' loads more alike, so a node that joins takes about its share and nothing else moves.

mod balance;
mod placement;
mod rendezvous;

pub use balance::{Candidate, balance};
pub use placement::{PlacementRequest, place};
