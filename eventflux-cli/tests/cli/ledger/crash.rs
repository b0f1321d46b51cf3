//! A process that is killed at each step of the protocol: whoever starts again goes on as if nothing had been.

use std::process::Command;
use std::sync::Mutex;

use super::file::{books, prepare};
use super::killer::{Held, add_pace, command};
use super::point::{POINTS, Way};
use super::transfers::{Dice, Transfers};
use crate::command::{Outcome, Workplace, copy_directory, repository};

/// How the app is started at a parallelism.
type Start<'a> = &'a dyn Fn(&Workplace, u64) -> Command;

/// A ledger that has died when there was something to restore and to commit again.
fn died_once(command: Start<'_>, place: &Workplace) -> Transfers {
    let transfers = Transfers::draw(2_000, &mut Dice(4));
    prepare(place, &transfers);
    Held::start_by(command(place, 2), place, "coordinator.committed", 1).kill();
    transfers
}

/// Dies at a step, and is started again.
fn crash(point: &str, passes: u64, command: Start<'_>, place: &Workplace, transfers: &Transfers) {
    Held::start_by(command(place, 1), place, point, passes).kill();
    let ended = Outcome::of(command(place, 2).output().unwrap());
    assert_eq!(ended.code, Some(0), "after {point}: {}", ended.stderr);
    books(place).check(transfers);
}

#[test]
fn a_process_that_is_killed_at_any_step_loses_nothing_and_repeats_nothing() {
    let cases = POINTS.iter().filter_map(|(point, way)| match way {
        Way::Once => Some((*point, 0)),
        Way::Often | Way::File => Some((*point, 1)),
        _ => None,
    });
    let cases: Vec<_> = cases.collect();
    assert!(cases.len() > 25, "only {cases:?}");
    let died = Workplace::new();
    let transfers = died_once(&command, &died);
    let work = Mutex::new(cases.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((point, passes)) = work.lock().unwrap().next() else {
                        break;
                    };
                    let place = Workplace::new();
                    copy_directory(&died.path(""), &place.path(""));
                    crash(point, passes, &command, &place, &transfers);
                }
            });
        }
    });
}

#[cfg(feature = "redis")]
#[test]
fn a_process_with_its_state_in_redis_that_is_killed_at_any_step_loses_nothing_and_repeats_nothing() {
    let address = std::env::var("EVENTFLUX_TEST_REDIS").expect("run scripts/test.sh: it starts a Redis");
    for (number, (point, _)) in POINTS.iter().filter(|(_, way)| *way == Way::Redis).enumerate() {
        let place = Workplace::new();
        // The app's name is that of its file.
        let app = format!("ledger-{}-{number}.sql", std::process::id());
        let command = |place: &Workplace, parallelism: u64| {
            std::fs::rename(place.path("app.sql"), place.path(&app)).ok();
            let mut command = place.command(&["run", &app, "--state", &format!("redis://{address}")]);
            add_pace(&mut command, parallelism);
            command
        };
        let transfers = died_once(&command, &place);
        crash(point, 3, &command, &place, &transfers);
    }
}

#[test]
fn a_savepoint_that_was_broken_off_is_none_and_can_be_made_again() {
    let transfers = Transfers::draw(4_000, &mut Dice(5));
    let place = Workplace::new();
    prepare(&place, &transfers);
    Held::start(&place, 2, "coordinator.committed", 3).kill();
    let create = ["savepoint", "create", "saved", "--state-dir", "state"];
    Held::wait_by(place.command(&create), &place, "copy.object.stored", 0).kill();
    let from_half = ["run", "app.sql", "--state-dir", "state2", "--from", "saved"];
    let refused = place.run(&from_half).exits(2);
    assert!(refused.stderr.contains("saved"), "{}", refused.stderr);
    place.run(&create).exits(0);
    place.run(&["savepoint", "inspect", "saved"]).exits(0);
    place.run(&from_half).exits(0);
    books(&place).check(&transfers);
}

#[test]
fn steps_that_no_ledger_comes_to_have_tests_of_their_own() {
    let tests = ["checkpoint.rs", "cold.rs"].map(|file| format!("eventflux-core/src/runtime/tests/{file}"));
    let text: String = tests
        .iter()
        .map(|file| std::fs::read_to_string(repository().join(file)).unwrap())
        .collect();
    for (point, way) in POINTS {
        if let Way::Elsewhere(test) = way {
            assert!(text.contains(&format!("fn {test}()")), "{test} is gone");
            assert!(
                text.contains(&format!("\"{point}\"")),
                "nothing crashes at {point}"
            );
        }
    }
}
