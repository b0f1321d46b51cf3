//! From topic to topics, against a real broker.

use std::collections::BTreeMap;
use std::time::Instant;

use super::damage::{damages, files};
use super::killer::{Held, Killer, command, number};
use super::point::{POINTS, Way, points};
use super::topics::Topics;
use super::transfers::{Dice, Transfers};
use crate::command::{Outcome, Workplace, copy_directory, signal};

#[test]
fn a_ledger_in_topics_is_right_however_often_its_process_is_killed() {
    let (kills, seed) = (
        number("EVENTFLUX_LEDGER_KILLS", 10),
        number("EVENTFLUX_LEDGER_SEED", 1),
    );
    println!("seed {seed}");
    let began = Instant::now();
    let mut killer = Killer {
        dice: Dice(seed),
        lives_ms: 50..1_500,
        points: points(&[Way::Often, Way::Once, Way::Kafka, Way::KafkaOnce]),
        deaths: BTreeMap::new(),
    };
    let transfers = Transfers::draw(4_000 * usize::try_from(kills).unwrap(), &mut killer.dice);
    let (place, topics) = (Workplace::new(), Topics::create());
    topics.prepare(&place, &transfers);
    killer.kill(&place, kills);
    assert!(
        killer.death_count() >= kills / 2,
        "it came to its end after {} kills",
        killer.death_count()
    );
    Outcome::of(command(&place, 2).output().unwrap()).exits(0);
    topics.books().check(&transfers);
    println!(
        "{} transfers from topic to topics, right after {}{} rows of aborted transactions are not seen; {:.1} s",
        transfers.count(),
        killer.summary(),
        topics.aborted_count(),
        began.elapsed().as_secs_f64()
    );
}

/// One run dies after the other, each within a transaction.
#[test]
fn a_transaction_whose_process_is_killed_is_aborted_or_committed_as_its_checkpoint_says() {
    let transfers = Transfers::draw(4_000, &mut Dice(2));
    let (place, topics) = (Workplace::new(), Topics::create());
    topics.prepare(&place, &transfers);
    for (point, _) in POINTS.iter().filter(|(_, way)| *way == Way::Kafka) {
        Held::start(&place, 2, point, 1).kill();
    }
    assert!(topics.aborted_count() > 0, "no transaction was left open");
    Outcome::of(command(&place, 3).output().unwrap()).exits(0);
    topics.books().check(&transfers);
}

/// What is to be written out is a part of the checkpoint.
#[test]
fn damaged_output_in_a_checkpoint_is_named_and_not_written() {
    let transfers = Transfers::draw(3_000, &mut Dice(12));
    let (place, topics) = (Workplace::new(), Topics::create());
    topics.prepare(&place, &transfers);
    Held::start(&place, 2, "kafka.transaction.begun", 2).kill();
    let path = files(&place.path("state/notes")).pop().unwrap();
    let whole = std::fs::read(&path).unwrap();
    for (damage, bytes) in damages(&whole).into_iter().step_by(3) {
        match bytes {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let refused = Outcome::of(command(&place, 1).output().unwrap()).exits(1);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            refused.stderr.contains(name) && refused.stderr.contains("is damaged"),
            "{damage}: {}",
            refused.stderr
        );
        std::fs::write(&path, &whole).unwrap();
    }
    Outcome::of(command(&place, 2).output().unwrap()).exits(0);
    topics.books().check(&transfers);
}

/// The first run stands still within a transaction while a second one goes on with a copy of its state, as it happens where an
/// orchestrator takes a machine for dead.
#[test]
fn a_run_that_comes_back_to_life_is_fenced() {
    let transfers = Transfers::draw(3_000, &mut Dice(3));
    let (place, topics) = (Workplace::new(), Topics::create());
    topics.prepare(&place, &transfers);
    let first = Held::start(&place, 1, "kafka.transaction.marked", 4);
    signal(&first.child, "STOP");
    copy_directory(&place.path("state"), &place.path("copy"));
    let again = [
        "run",
        "app.sql",
        "--state-dir",
        "copy",
        "--checkpoint-interval",
        "20ms",
    ];
    place.run(&again).exits(0);
    signal(&first.child, "CONT");
    let zombie = Outcome::of(first.release().wait_with_output().unwrap()).exits(1);
    assert!(
        zombie.stderr.contains("another run of the same app writes"),
        "{}",
        zombie.stderr
    );
    topics.books().check(&transfers);
}
