//! One run.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventflux_distributed::coordinator::ClusterState;
use turmoil::{Builder, Sim};

use crate::clients;
use crate::faults::{Faults, LATENCY_MAX};
use crate::hosts::{self, Seen, name};

/// Things go wrong until then.
const FAULTS_UNTIL: Duration = Duration::from_secs(12);
/// By then all hosts have the same state.
const DEADLINE: Duration = Duration::from_secs(60);
const CLIENTS: u64 = 2;

/// A task has panicked.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// What a run came to.
#[derive(Debug)]
pub struct Summary {
    seed: u64,
    hosts: usize,
    took: Duration,
    faults: usize,
    terms: usize,
    answered: usize,
    unanswered: usize,
    pub violations: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            hosts,
            took,
            faults,
            terms,
            answered,
            unanswered,
            violations,
        } = self;
        write!(
            f,
            "seed {seed}: {hosts} hosts, {} ms, {faults} faults, {terms} terms with a leader, {answered} answered, \
             {unanswered} not, {} violations",
            took.as_millis(),
            violations.len()
        )?;
        violations
            .iter()
            .try_for_each(|violation| write!(f, "\n  {violation}"))
    }
}

/// Runs a cluster until it is well again after all faults.
pub fn run(seed: u64) -> Summary {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICKED.store(true, Ordering::Relaxed);
        report(panic);
    }));
    let hosts = if seed % 3 == 2 { 5 } else { 3 };
    let seen = Rc::new(RefCell::new(Seen {
        states: vec![Default::default(); hosts],
        ..Seen::default()
    }));
    let directory = directory();
    let mut sim = simulation(seed);
    for host in 0..hosts {
        let (seen, path) = (Rc::clone(&seen), directory.path().to_owned());
        sim.host(name(host), move || {
            // It has forgotten what it had applied.
            seen.borrow_mut().states[host] = Default::default();
            hosts::run(host, hosts::config(host, hosts, &path), Rc::clone(&seen))
        });
    }
    for client in 1..=CLIENTS {
        sim.client(
            format!("c{client}"),
            clients::run(client, hosts, FAULTS_UNTIL, Rc::clone(&seen)),
        );
    }
    let mut faults = Faults::new(seed, hosts, directory.path().to_owned());
    let failure = steps(&mut sim, &mut faults, &seen).err();
    let took = sim.elapsed();
    drop(sim);
    let mut seen = seen.borrow_mut();
    seen.ledger.violations.extend(failure);
    if PANICKED.load(Ordering::Relaxed) {
        seen.ledger.violations.push("a task has panicked".to_owned());
    }
    Summary {
        seed,
        hosts,
        took,
        faults: faults.count,
        terms: seen.ledger.term_count(),
        answered: seen.ledger.answered_count(),
        unanswered: seen.ledger.unanswered_count,
        violations: std::mem::take(&mut seen.ledger.violations),
    }
}

fn steps(sim: &mut Sim<'_>, faults: &mut Faults, seen: &RefCell<Seen>) -> Result<(), String> {
    let mut is_well = false;
    loop {
        let now = sim.elapsed();
        if now < FAULTS_UNTIL {
            faults.step(sim, now);
        } else if !is_well {
            is_well = true;
            faults.end(sim);
        }
        let are_clients_done = sim.step().map_err(|error| error.to_string())?;
        let mut seen = seen.borrow_mut();
        let Seen { ledger, states } = &mut *seen;
        if !ledger.violations.is_empty() || PANICKED.load(Ordering::Relaxed) {
            return Ok(());
        }
        let is_same = |state: &Arc<ClusterState>| *state == states[0] && ledger.missing(state) == 0;
        let is_looked_at = now.as_millis() % 100 == 0;
        if are_clients_done && is_well && is_looked_at && states.iter().all(is_same) {
            ledger.finish(states);
            return Ok(());
        }
        if now > DEADLINE {
            ledger.timed_out();
            ledger.finish(states);
            return Ok(());
        }
    }
}

fn simulation<'a>(seed: u64) -> Sim<'a> {
    Builder::new()
        .rng_seed(seed)
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(DEADLINE * 2)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(LATENCY_MAX)
        .tcp_capacity(1 << 14)
        .enable_random_order()
        .build()
}

/// In memory if there is such a place: a run syncs thousands of times.
fn directory() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
    .expect("a directory of its own")
}
