//! From file to files.

use std::collections::BTreeMap;
use std::time::Instant;

use super::books::Books;
use super::killer::{Killer, command, number};
use super::point::{Way, points};
use super::transfers::{Dice, Transfers, app};
use crate::command::{Outcome, Workplace};

/// Writes the app and its input.
pub fn prepare(place: &Workplace, transfers: &Transfers) {
    let app = app(
        "'connector' = 'file', 'path' = 'transfers.ndjson'",
        |name, format| {
            let path = match name {
                "minutes" => "minutes/".to_owned(),
                _ => format!("{name}.ndjson"),
            };
            format!("'connector' = 'file', 'path' = '{path}', 'format' = '{format}'")
        },
    );
    place
        .write("app.sql", app)
        .write("transfers.ndjson", transfers.file());
}

/// What the files hold.
pub fn books(place: &Workplace) -> Books {
    let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let mut minutes = Vec::new();
    for part in std::fs::read_dir(place.path("minutes")).unwrap() {
        let path = part.unwrap().path();
        if path.is_file() && !path.file_name().unwrap().to_str().unwrap().starts_with('.') {
            minutes.extend(lines(std::fs::read_to_string(path).unwrap()));
        }
    }
    Books {
        seen: lines(place.read("seen.ndjson")),
        balances: lines(place.read("balances.ndjson")),
        minutes,
    }
}

#[test]
fn a_ledger_in_files_is_right_however_often_its_process_is_killed() {
    let (kills, seed) = (
        number("EVENTFLUX_LEDGER_KILLS", 10),
        number("EVENTFLUX_LEDGER_SEED", 1),
    );
    println!("seed {seed}");
    let began = Instant::now();
    let mut killer = Killer {
        dice: Dice(seed),
        lives_ms: 5..220,
        points: points(&[Way::Often, Way::Once, Way::File]),
        deaths: BTreeMap::new(),
    };
    let transfers = Transfers::draw(16_000 * usize::try_from(kills).unwrap(), &mut killer.dice);
    let place = Workplace::new();
    prepare(&place, &transfers);
    killer.kill(&place, kills);
    assert!(
        killer.death_count() >= kills / 2,
        "it came to its end after {} kills",
        killer.death_count()
    );
    Outcome::of(command(&place, 2).output().unwrap()).exits(0);
    books(&place).check(&transfers);
    println!(
        "{} transfers from file to files, right after {}in {:.1} s",
        transfers.count(),
        killer.summary(),
        began.elapsed().as_secs_f64()
    );
}
