//! Real nodes, with Raft and gRPC and files, on a network and a clock that are simulated: one run from one seed.
//!
//! ```text
//! eventflux-sim --seed 17        what happened, and what must not have; RUST_LOG=debug says more
//! ```
//!
//! **Deterministic** Everything runs on one thread but for `raft-log`'s writer, which the others wait for when a simulated disk
//! has taken its time; randomness, also that of hash maps and of Raft's timeouts, comes from the seed, see [`entropy`]. So a seed
//! is a run, and a process has one.
//!
//! **Disks** Nothing is in a file before it is synced, and whoever is killed starts again with what its files had.

mod clients;
mod entropy;
mod faults;
mod hosts;
mod ledger;
mod random;
mod run;
mod sockets;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seed = match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (Some("--seed"), Some(seed), None) => seed.parse::<u64>().ok(),
        _ => None,
    };
    let Some(seed) = seed else {
        eprintln!("usage: eventflux-sim --seed SEED");
        return ExitCode::from(2);
    };
    // Before anything asks for randomness.
    entropy::begin(seed);
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .without_time()
        .with_writer(std::io::stderr)
        .init();
    let summary = run::run(seed);
    println!("{summary}");
    match summary.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
