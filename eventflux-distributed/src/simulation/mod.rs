//! A whole cluster on virtual time and network, from one seed.
//!
//! The overseer, the agreed state and the workers are the real ones; what is modelled is what surrounds them: processes that
//! crash, restart and stall, a network that delays, loses connections and splits, a store that is slow or fails, Raft as a log
//! that a majority keeps, and a pipeline of sources, keyed state and exactly-once sinks.
//!
//! **Invariants** (checked at each event that could break them, see [`ledger`])
//! - epochs strictly increase and are never given twice;
//! - only a leader that reaches a majority commits, and only in the current generation;
//! - what a committed manifest names is stored, and its state and its notes are those of exactly the rows that its sources
//!   have read (nothing lost, nothing twice, nothing half);
//! - in a generation each key group has effects of one owner;
//! - what is published or visible is committed, and each row becomes visible once;
//! - a node never goes back to an older generation;
//! - one command has one outcome, however often it comes;
//! - when faults end, the pipeline comes to its end, and everything is visible.

mod config;
mod dataflow;
mod driver;
mod executor;
mod fault;
pub mod ledger;
mod message;
mod network;
mod node;
mod outside;
mod raft;
mod rng;
#[cfg(test)]
mod simulation_test;
mod store;
mod world;

pub use config::SimulationConfig;
pub use driver::{Summary, simulate};
pub use ledger::Violation;
