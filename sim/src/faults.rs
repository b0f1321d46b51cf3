//! What goes wrong, and when.

use std::path::PathBuf;
use std::time::Duration;

use turmoil::Sim;

use crate::hosts::{self, name};
use crate::random::Random;

/// What is wrong now.
#[derive(Debug)]
pub struct Faults {
    random: Random,
    hosts: usize,
    /// Where the hosts' data is.
    directory: PathBuf,
    next: Duration,
    heals: Option<Duration>,
    /// When each host that was killed starts again.
    restarts: Vec<Option<Duration>>,
    pub count: usize,
}

impl Faults {
    /// Nothing yet.
    pub fn new(seed: u64, hosts: usize, directory: PathBuf) -> Self {
        Self {
            random: Random::new(seed ^ 0xfa17),
            hosts,
            directory,
            next: Duration::from_millis(1_500),
            heals: None,
            restarts: vec![None; hosts],
            count: 0,
        }
    }

    /// What is due goes wrong, or mends.
    pub fn step(&mut self, sim: &mut Sim<'_>, now: Duration) {
        for host in 0..self.hosts {
            if self.restarts[host].is_some_and(|at| at <= now) {
                self.restarts[host] = None;
                sim.bounce(name(host));
            }
        }
        if self.heals.is_some_and(|at| at <= now) {
            self.heal(sim);
        }
        if self.next > now {
            return;
        }
        self.next = now + self.within(100, 1_500);
        self.count += 1;
        let host = self.random.below(self.hosts);
        match self.random.below(10) {
            0..=2 => self.kill(sim, host, now),
            3 => {
                // All of them, one after the other.
                for host in 0..self.hosts {
                    self.kill(sim, host, now);
                }
            }
            // One fault of the network at a time: held messages and ways that are cut one way do not mix.
            _ if self.heals.is_some() => {}
            4 => self.halves(sim, now, |sim, from, to| sim.partition(name(from), name(to))),
            5 => self.alone(sim, host, now, |sim, from, to| {
                sim.partition(name(from), name(to))
            }),
            6 => self.alone(sim, host, now, |sim, from, to| {
                sim.partition_oneway(name(from), name(to))
            }),
            7 => self.alone(sim, host, now, |sim, from, to| {
                sim.partition_oneway(name(to), name(from))
            }),
            8 => self.halves(sim, now, |sim, from, to| sim.hold(name(from), name(to))),
            _ => {
                let latency = self.within(50, 600);
                self.alone(sim, host, now, move |sim, from, to| {
                    sim.set_link_max_message_latency(name(from), name(to), latency);
                });
            }
        }
    }

    /// Everything is well from now on.
    pub fn end(&mut self, sim: &mut Sim<'_>) {
        self.heal(sim);
        for host in 0..self.hosts {
            if self.restarts[host].take().is_some() {
                sim.bounce(name(host));
            }
        }
    }

    fn within(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(self.random.range(least_ms, most_ms))
    }

    fn kill(&mut self, sim: &mut Sim<'_>, host: usize, now: Duration) {
        if self.restarts[host].is_none() {
            hosts::kill(sim, host, &self.directory).expect("the data of a host is copied");
            self.restarts[host] = Some(now + self.within(10, 2_500));
        }
    }

    fn alone(&mut self, sim: &mut Sim<'_>, host: usize, now: Duration, cut: impl Fn(&Sim<'_>, usize, usize)) {
        for other in (0..self.hosts).filter(|other| *other != host) {
            cut(sim, host, other);
        }
        self.heals = Some(now + self.within(100, 4_000));
    }

    fn halves(&mut self, sim: &mut Sim<'_>, now: Duration, cut: impl Fn(&Sim<'_>, usize, usize)) {
        let sides = self.random.next();
        for from in 0..self.hosts {
            for to in from + 1..self.hosts {
                if (sides >> from ^ sides >> to) & 1 == 1 {
                    cut(sim, from, to);
                }
            }
        }
        self.heals = Some(now + self.within(100, 4_000));
    }

    fn heal(&mut self, sim: &mut Sim<'_>) {
        self.heals = None;
        for from in 0..self.hosts {
            for to in from + 1..self.hosts {
                sim.release(name(from), name(to));
                sim.repair(name(from), name(to));
                sim.set_link_max_message_latency(name(from), name(to), LATENCY_MAX);
            }
        }
    }
}

/// The slowest message while nothing is wrong.
pub const LATENCY_MAX: Duration = Duration::from_millis(10);
