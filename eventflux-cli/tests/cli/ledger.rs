//! Transfers between accounts through keyed totals and windows, file to file, by a process that is killed again and again: no
//! transfer is lost, none is counted twice, and the balances are conserved.
//!
//! `EVENTFLUX_LEDGER_KILLS` and `EVENTFLUX_LEDGER_SEED` make it longer or another one; see `scripts/ledger.sh`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::command::Workplace;

const ACCOUNTS: u64 = 1_000;

const APP: &str = "
CREATE STREAM transfers (at TIMESTAMP NOT NULL, id BIGINT, payer BIGINT, payee BIGINT, amount BIGINT, WATERMARK FOR at AS at)
WITH ('connector' = 'file', 'path' = 'transfers.ndjson', 'format' = 'json', 'error' = 'fail');

CREATE STREAM seen (id BIGINT) WITH ('connector' = 'file', 'path' = 'seen.ndjson', 'format' = 'json');
CREATE STREAM balances (account BIGINT, balance BIGINT)
WITH ('connector' = 'file', 'path' = 'balances.ndjson', 'format' = 'debezium_json');
CREATE STREAM minutes (account BIGINT, minute TIMESTAMP, entries BIGINT, change BIGINT)
WITH ('connector' = 'file', 'path' = 'minutes/', 'format' = 'json');

CREATE VIEW entries AS
SELECT at, payer AS account, -amount AS change FROM transfers
UNION ALL
SELECT at, payee AS account, amount AS change FROM transfers;

INSERT INTO seen SELECT id FROM transfers;
INSERT INTO balances SELECT account, sum(change) FROM entries GROUP BY account;
INSERT INTO minutes SELECT account, window_start, count(*), sum(change)
FROM TUMBLE(entries, at, INTERVAL '1' MINUTE) GROUP BY account, window_start, window_end;
";

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

struct Transfer {
    payer: u64,
    payee: u64,
    amount: i64,
    minute: usize,
}

fn transfers(count: usize, dice: &mut Dice) -> Vec<Transfer> {
    let transfer = |number: usize| Transfer {
        payer: dice.below(ACCOUNTS),
        payee: dice.below(ACCOUNTS),
        amount: dice.below(1_000) as i64 + 1,
        minute: number / 500,
    };
    (0..count).map(transfer).collect()
}

fn timestamp(minute: usize, second: usize) -> String {
    format!("2026-01-01T{:02}:{:02}:{second:02}Z", minute / 60, minute % 60)
}

fn file(transfers: &[Transfer]) -> String {
    let mut text = String::new();
    for (
        id,
        Transfer {
            payer,
            payee,
            amount,
            minute,
        },
    ) in transfers.iter().enumerate()
    {
        let at = timestamp(*minute, id % 500 * 60 / 500);
        writeln!(
            text,
            "{{\"at\":\"{at}\",\"id\":{id},\"payer\":{payer},\"payee\":{payee},\"amount\":{amount}}}"
        )
        .unwrap();
    }
    text
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn start(place: &Workplace, parallelism: u64) -> Child {
    let parallelism = parallelism.to_string();
    place
        .command(&[
            "run",
            "app.sql",
            "--state-dir",
            "state",
            "--checkpoint-interval",
            "20ms",
            "-p",
            &parallelism,
            "--set",
            "batch_size=128",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn json_lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
}

#[test]
fn a_ledger_is_right_however_often_its_process_is_killed() {
    let (kills, seed) = (
        number("EVENTFLUX_LEDGER_KILLS", 20),
        number("EVENTFLUX_LEDGER_SEED", 1),
    );
    let mut dice = Dice(seed);
    let transfers = transfers(1_500 * kills as usize, &mut dice);
    let place = Workplace::new();
    place
        .write("app.sql", APP)
        .write("transfers.ndjson", file(&transfers));
    let mut killed = 0;
    while killed < kills {
        let mut child = start(&place, 1 + dice.below(3));
        // The moment is the point of the test, not something that is waited for.
        std::thread::sleep(Duration::from_millis(20 + dice.below(200)));
        match child.try_wait().unwrap() {
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
            }
            Some(status) => {
                let output = child.wait_with_output().unwrap();
                let message = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(status.success(), "seed {seed}, after {killed} kills: {message}");
                break;
            }
        }
    }
    let ended = start(&place, 2).wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        ended.status.success(),
        "seed {seed}, after {killed} kills: {message}"
    );
    assert!(killed >= kills / 2, "seed {seed}: it ended after {killed} kills");
    check(&place, &transfers, seed);
}

fn check(place: &Workplace, transfers: &[Transfer], seed: u64) {
    let mut seen: Vec<u64> = json_lines(&place.read("seen.ndjson"))
        .map(|row| row["id"].as_u64().unwrap())
        .collect();
    seen.sort_unstable();
    assert!(
        seen.iter().copied().eq(0..transfers.len() as u64),
        "seed {seed}: {} transfers of {}",
        seen.len(),
        transfers.len()
    );
    let mut balances = BTreeMap::<u64, i64>::new();
    let mut minutes = BTreeMap::<(u64, String), (i64, i64)>::new();
    for Transfer {
        payer,
        payee,
        amount,
        minute,
    } in transfers
    {
        for (account, change) in [(payer, -amount), (payee, *amount)] {
            *balances.entry(*account).or_default() += change;
            let window = minutes.entry((*account, timestamp(*minute, 0))).or_default();
            *window = (window.0 + 1, window.1 + change);
        }
    }
    let mut found = BTreeMap::<u64, i64>::new();
    for change in json_lines(&place.read("balances.ndjson")) {
        let of = |row: &Value| (row["account"].as_u64().unwrap(), row["balance"].as_i64().unwrap());
        if !change["before"].is_null() {
            let (account, balance) = of(&change["before"]);
            assert_eq!(
                found.remove(&account),
                Some(balance),
                "seed {seed}: account {account}"
            );
        }
        if !change["after"].is_null() {
            let (account, balance) = of(&change["after"]);
            assert_eq!(
                found.insert(account, balance),
                None,
                "seed {seed}: account {account}"
            );
        }
    }
    assert_eq!(
        found.values().sum::<i64>(),
        0,
        "seed {seed}: money was made or lost"
    );
    assert!(found == balances, "seed {seed}: the balances differ");
    let mut found = BTreeMap::<(u64, String), (i64, i64)>::new();
    for part in std::fs::read_dir(place.path("minutes")).unwrap() {
        let path = part.unwrap().path();
        if !path.is_file() || path.file_name().unwrap().to_str().unwrap().starts_with('.') {
            continue;
        }
        for row in json_lines(&std::fs::read_to_string(path).unwrap()) {
            let key = (
                row["account"].as_u64().unwrap(),
                row["minute"].as_str().unwrap().to_owned(),
            );
            let window = (row["entries"].as_i64().unwrap(), row["change"].as_i64().unwrap());
            assert_eq!(
                found.insert(key.clone(), window),
                None,
                "seed {seed}: window {key:?} twice"
            );
        }
    }
    let normal = |windows: BTreeMap<(u64, String), (i64, i64)>| -> BTreeMap<(u64, String), (i64, i64)> {
        let plain = |text: String| text.trim_end_matches('Z').chars().take(16).collect::<String>();
        windows
            .into_iter()
            .map(|((account, minute), window)| ((account, plain(minute)), window))
            .collect()
    };
    assert!(
        normal(found) == normal(minutes),
        "seed {seed}: the windows differ"
    );
}
