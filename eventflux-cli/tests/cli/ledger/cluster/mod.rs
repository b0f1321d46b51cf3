//! The ledger on three processes, from topic to topics, while things happen to them: no transfer is lost, none is counted twice.
//!
//! `EVENTFLUX_LEDGER_RUNS` and `EVENTFLUX_LEDGER_SEED` make it longer or another one, `EVENTFLUX_LEDGER_NETWORK` says what joins the
//! processes; see `scripts/ledger.sh`.

mod nemesis;
mod network;
mod nodes;
mod partition;

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use eventflux_core::testing::RedisServer;
use nemesis::{Nemesis, World};
use network::{Kind, in_network};
use nodes::Nodes;

use super::killer::number;
use super::topics::Topics;
use super::transfers::{Dice, Transfers};
use crate::broker_kit::Broker;
use crate::command::Workplace;

/// Transfers of one run.
const TRANSFERS: usize = 30_000;

/// Nodes of the cluster.
const NODES: usize = 3;

#[test]
fn a_ledger_on_three_nodes_is_right_whatever_happens_to_them() {
    in_network(
        a_ledger_on_three_nodes_is_right_whatever_happens_to_them,
        NODES,
        all_runs,
    );
}

#[expect(clippy::print_stdout, reason = "it is what the test says")]
fn all_runs(kind: Kind) {
    let (runs, seed) = (
        number("EVENTFLUX_LEDGER_RUNS", 5),
        number("EVENTFLUX_LEDGER_SEED", 1),
    );
    println!("seed {seed}");
    let began = Instant::now();
    let mut struck: BTreeMap<Nemesis, u64> = BTreeMap::new();
    // Each run has dice of its own, so that one of them can be had alone.
    for run in 0..runs {
        let mut dice = Dice(seed.wrapping_mul(1_000) + run);
        // Every second run has its state in a Redis.
        let is_in_redis = run % 2 == 1;
        let nemeses = draw(&mut dice, kind, is_in_redis);
        println!("run {run}: {nemeses:?}");
        for nemesis in &nemeses {
            *struck.entry(*nemesis).or_default() += 1;
        }
        one_run(dice, kind, is_in_redis, &nemeses);
    }
    let struck: Vec<String> = struck
        .iter()
        .map(|(nemesis, count)| format!("{nemesis} {count}"))
        .collect();
    println!(
        "{runs} runs are right; {}; {:.1} s",
        struck.join(", "),
        began.elapsed().as_secs_f64()
    );
}

/// What will happen in a run.
fn draw(dice: &mut Dice, kind: Kind, is_in_redis: bool) -> Vec<Nemesis> {
    let count = 3 + dice.below(3);
    let drawn =
        (0..count).map(|_| Nemesis::ALL[usize::try_from(dice.below(Nemesis::ALL.len() as u64)).unwrap()]);
    drawn
        .filter(|nemesis| nemesis.is_possible(kind, is_in_redis))
        .collect()
}

fn one_run(mut dice: Dice, kind: Kind, is_in_redis: bool, nemeses: &[Nemesis]) {
    let place = Workplace::new();
    let (host, port) = (kind.server_host(), RedisServer::free_port().to_string());
    let listening = ["--bind", host, "--port", &port, "--protected-mode", "no"];
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let redis =
        is_in_redis.then(|| RedisServer::start(&place.path(""), &[&listening[..], &durable].concat()));
    let store = match redis {
        Some(_) => format!("implementation: redis, url: 'redis://{host}:{port}'"),
        None => format!("path: '{}'", place.path("state").display()),
    };
    let broker = Broker::start_at(host);
    let mut world = World {
        nodes: Nodes::start(NODES, kind, &store),
        redis,
        broker,
    };
    let transfers = Transfers::draw(TRANSFERS, &mut dice);
    let topics = Topics::create_at(&world.broker.address);
    topics.prepare(&world.nodes.place, &transfers);
    world.nodes.submit("ledger", 1 + dice.below(4), &[]);
    for nemesis in nemeses {
        // When it strikes is drawn, too.
        sleep(Duration::from_millis(200 + dice.below(2_000)));
        world.strike(*nemesis, &mut dice);
    }
    world.nodes.wait_for("the ledger's end", |nodes| {
        let state = nodes.state("ledger");
        assert_ne!(state.as_deref(), Some("failed"), "{}", nodes.logs());
        state.as_deref() == Some("finished")
    });
    topics.books().check(&transfers);
}
