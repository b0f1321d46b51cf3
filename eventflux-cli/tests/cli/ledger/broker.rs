//! Brokers that go away and come back while a ledger runs.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::killer::{Held, command};
use super::topics::Topics;
use super::transfers::{Dice, Transfers};
use crate::broker_kit::Broker;
use crate::command::{Outcome, Workplace};

#[test]
fn a_broker_that_is_killed_within_transactions_loses_nothing_and_repeats_nothing() {
    let transfers = Transfers::draw(6_000, &mut Dice(6));
    let mut broker = Broker::start();
    let (place, topics) = (Workplace::new(), Topics::create_at(&broker.address));
    topics.prepare(&place, &transfers);
    for (point, passes) in [("kafka.transaction.filled", 1), ("kafka.transaction.marked", 2)] {
        let held = Held::start(&place, 2, point, passes);
        broker.kill();
        broker.start_again();
        // One run goes on with the broker that came back; the other dies, too.
        match point {
            "kafka.transaction.marked" => Outcome::of(held.release().wait_with_output().unwrap()).exits(0),
            _ => {
                held.kill();
                continue;
            }
        };
    }
    topics.books().check(&transfers);
}

#[test]
fn a_broker_that_is_away_for_a_while_is_waited_for() {
    let transfers = Transfers::draw(6_000, &mut Dice(7));
    let mut broker = Broker::start();
    let (place, topics) = (Workplace::new(), Topics::create_at(&broker.address));
    topics.prepare(&place, &transfers);
    let held = Held::start(&place, 1, "kafka.transaction.begun", 2);
    broker.kill();
    let mut running = held.release();
    let mut lines = BufReader::new(running.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut said = String::new();
    while !said.contains("brokers are down") && !said.contains("Connection refused") {
        said += &(lines.next().unwrap_or_else(|| panic!("it ended: {said}")) + "\n");
    }
    let rest = std::thread::spawn(move || lines.collect::<Vec<_>>().join("\n"));
    broker.start_again();
    let status = running.wait().unwrap();
    let rest = rest.join().unwrap();
    assert!(status.success(), "{status}: {rest}");
    topics.books().check(&transfers);
}

#[test]
fn a_start_without_a_broker_is_refused_and_changes_nothing() {
    let transfers = Transfers::draw(3_000, &mut Dice(8));
    let mut broker = Broker::start();
    let (place, topics) = (Workplace::new(), Topics::create_at(&broker.address));
    topics.prepare(&place, &transfers);
    Held::start(&place, 2, "kafka.transaction.filled", 1).kill();
    broker.kill();
    let refused = Outcome::of(command(&place, 1).stdin(Stdio::null()).output().unwrap()).exits(3);
    assert!(refused.stderr.contains(&broker.address), "{}", refused.stderr);
    broker.start_again();
    Outcome::of(command(&place, 1).output().unwrap()).exits(0);
    topics.books().check(&transfers);
}
