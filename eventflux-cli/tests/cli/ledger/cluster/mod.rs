//! The ledger on three processes, from topic to topics, while things happen to them: no transfer is lost, none is counted twice.
//!
//! `EVENTFLUX_LEDGER_RUNS` and `EVENTFLUX_LEDGER_SEED` make it longer or another one; see `scripts/ledger.sh`.

mod nemesis;
mod network;
mod nodes;

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use eventflux_core::testing::RedisServer;
use nemesis::{Nemesis, World};
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
        let nemeses = draw(&mut dice, is_in_redis);
        println!("run {run}: {nemeses:?}");
        for nemesis in &nemeses {
            *struck.entry(*nemesis).or_default() += 1;
        }
        one_run(dice, is_in_redis, &nemeses);
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
fn draw(dice: &mut Dice, is_in_redis: bool) -> Vec<Nemesis> {
    let count = 3 + dice.below(3);
    let drawn =
        (0..count).map(|_| Nemesis::ALL[usize::try_from(dice.below(Nemesis::ALL.len() as u64)).unwrap()]);
    drawn
        .filter(|nemesis| is_in_redis || *nemesis != Nemesis::Redis)
        .collect()
}

fn one_run(mut dice: Dice, is_in_redis: bool, nemeses: &[Nemesis]) {
    let place = Workplace::new();
    let redis = is_in_redis.then(|| RedisServer::durable(&place.path("")));
    let store = match &redis {
        Some(redis) => format!("implementation: redis, url: '{}'", redis.url()),
        None => format!("path: '{}'", place.path("state").display()),
    };
    let broker = Broker::start();
    let mut world = World {
        nodes: Nodes::start(NODES, &store),
        redis,
        broker,
    };
    let transfers = Transfers::draw(TRANSFERS, &mut dice);
    let topics = Topics::create_at(&world.broker.address);
    topics.prepare(&world.nodes.place, &transfers);
    world.nodes.submit("ledger", 1 + dice.below(4));
    for nemesis in nemeses {
        // When it strikes is drawn, too.
        sleep(Duration::from_millis(200 + dice.below(2_000)));
        world.strike(*nemesis, &mut dice);
    }
    world.nodes.wait_for("the ledger's end", |nodes| {
        let state = nodes.pipeline("ledger");
        assert_ne!(state.as_deref(), Some("failed"), "{}", nodes.logs());
        state.as_deref() == Some("finished")
    });
    topics.check_nothing_is_open();
    topics.books().check(&transfers);
}
