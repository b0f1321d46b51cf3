//! Simulates clusters, one per seed, and prints the seeds that fail: `scripts/simulate.sh --seeds 2000`.

use std::process::ExitCode;

use eventflux_distributed::simulation::{SimulationConfig, Summary, simulate};

fn main() -> ExitCode {
    let mut seeds = 100;
    let mut first = 0;
    let mut large_every = 20;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse::<u64>().ok());
        match (name.as_str(), value) {
            ("--seeds", Some(value)) => seeds = value,
            ("--first", Some(value)) => first = value,
            ("--large-every", Some(value)) => large_every = value,
            _ => {
                eprintln!("usage: simulate [--seeds COUNT] [--first SEED] [--large-every COUNT (0: never)]");
                return ExitCode::from(2);
            }
        }
    }
    let mut failed = Vec::new();
    let mut total = Totals::default();
    for seed in first..first + seeds {
        let is_large = large_every > 0 && seed % large_every == 0;
        let config = if is_large {
            SimulationConfig::LARGE
        } else {
            SimulationConfig::SMALL
        };
        let summary = simulate(seed, config);
        total.add(&summary);
        for violation in &summary.violations {
            println!("seed {seed}: at {} us: {}", violation.at_us, violation.message);
        }
        if !summary.violations.is_empty() {
            failed.push(seed);
        }
        let done = seed - first + 1;
        if done.is_multiple_of(100) && done < seeds {
            println!("{done} of {seeds} seeds, {} failed", failed.len());
        }
    }
    println!("{seeds} seeds, {total}, {} failed {failed:?}", failed.len());
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[derive(Default)]
struct Totals {
    events: u64,
    faults: u64,
    generations: u64,
    epochs: usize,
    seconds: i64,
}

impl Totals {
    fn add(&mut self, summary: &Summary) {
        self.events += summary.event_count;
        self.faults += summary.fault_count;
        self.generations += summary.generation;
        self.epochs += summary.committed_count;
        self.seconds += summary.duration_us / 1_000_000;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            events,
            faults,
            generations,
            epochs,
            seconds,
        } = self;
        write!(
            f,
            "{events} events in {seconds} s of their time, {faults} faults, {generations} generations, {epochs} epochs"
        )
    }
}
