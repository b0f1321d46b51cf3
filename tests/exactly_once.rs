//! Files to files and topics to topics with checkpoints, aborted again and again: what comes out is what an undisturbed run gives.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eventflux::built_in_registry;
use eventflux::runtime::{RunEnd, Runtime, RuntimeConfig};
use eventflux::sql::diagnostic::SourceText;
use eventflux::sql::diagnostic::render::concise;
use eventflux::sql::{CompileContext, compile};
use eventflux_core::checkpoint::CheckpointConfig;
use eventflux_core::state::store::DirectoryStore;

/// Rows of the input; enough for some tenths of a second.
const ROW_COUNT: u32 = 12_000;

/// Moments are the same in every run of the tests.
struct Dice(u64);

impl Dice {
    /// A number below the limit.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// How long a run lives: so many checkpoints, and a while.
#[derive(Default)]
struct Life {
    checkpoint_count: u64,
    rest: Duration,
}

/// Runs an app until it ends or is aborted.
fn run(app: &str, state: Option<&Path>, parallelism: usize, life: Option<Life>) -> RunEnd {
    let source = SourceText::new("app.sql", app.to_owned());
    let context = CompileContext {
        registry: built_in_registry(),
        ..CompileContext::default()
    };
    let app =
        compile(&source, &context).unwrap_or_else(|diagnostics| panic!("{}", concise(&source, &diagnostics)));
    let checkpoints = state.map(|directory| CheckpointConfig {
        interval: Some(Duration::from_millis(15)),
        pause_min: Duration::from_millis(1),
        ..CheckpointConfig::new(Arc::new(DirectoryStore::open(directory).unwrap()))
    });
    let config = RuntimeConfig {
        parallelism,
        batch_rows_max: 128,
        registry: built_in_registry(),
        checkpoints,
        ..RuntimeConfig::default()
    };
    let running = Runtime::new(app.plan, config).unwrap().start().unwrap();
    if let Some(Life {
        checkpoint_count,
        rest,
    }) = life
    {
        // A run that has ended takes none.
        let _ = (0..checkpoint_count).try_for_each(|_| running.checkpoint().map(drop));
        std::thread::sleep(rest);
        running.abort();
    }
    running.wait().unwrap().end
}

/// Runs an app and aborts it some times, at another parallelism each time, then lets it come to its end.
fn run_aborted(app: &str, state: &Path, dice: &mut Dice) {
    for number in 0..8 {
        let parallelism = 1 + usize::try_from(dice.below(3)).unwrap();
        let life = match number {
            // At once.
            0 => Life::default(),
            _ => Life {
                checkpoint_count: dice.below(4),
                rest: Duration::from_millis(dice.below(20)),
            },
        };
        let end = run(app, Some(state), parallelism, Some(life));
        // Where checkpoints take long a later life may come to its end, and there is nothing to do for the next.
        assert!(
            number > 0 || end == RunEnd::Aborted,
            "the input is too short for a test"
        );
    }
    assert_eq!(run(app, Some(state), 2, None), RunEnd::InputEnded);
}

/// Transfers between accounts, in event time.
fn transfers() -> String {
    let mut dice = Dice(7);
    (0..ROW_COUNT)
        .map(|id| {
            let (from, to, amount) = (dice.below(50), dice.below(50), dice.below(1_000));
            format!(
                "{{\"id\":{id},\"source\":{from},\"target\":{to},\"amount\":{amount},\"at\":{}}}\n",
                u64::from(id) * 10
            )
        })
        .collect()
}

const COLUMNS: &str = "id BIGINT, source BIGINT, target BIGINT, amount BIGINT, at TIMESTAMP(3)";

/// The app between two ends, which are connectors and their options; `{name}` stands for the stream's name.
fn app(from: &str, to: &str) -> String {
    let to = |name: &str, format: &str| format!("{}, 'format' = '{format}'", to.replace("{name}", name));
    format!(
        "CREATE STREAM transfers ({COLUMNS}, WATERMARK FOR at AS at) WITH ({from}, 'format' = 'json');
         CREATE STREAM copies ({COLUMNS}) WITH ({copies});
         CREATE TABLE totals (target BIGINT, n BIGINT, amount BIGINT, PRIMARY KEY (target)) WITH ({totals});
         CREATE STREAM minutes (began TIMESTAMP(3), source BIGINT, amount BIGINT) WITH ({minutes});
         INSERT INTO copies SELECT id, source, target, amount, at FROM transfers;
         INSERT INTO totals SELECT target, count(*), sum(amount) FROM transfers GROUP BY target;
         INSERT INTO minutes SELECT window_start, source, sum(amount) FROM TUMBLE(transfers, at, INTERVAL '1' MINUTE)
         GROUP BY window_start, window_end, source;",
        copies = to("copies", "json"),
        totals = to("totals", "upsert_json"),
        minutes = to("minutes", "json"),
    )
}

/// All rows below a path that are not hidden, each with the number of times it is there.
fn lines(path: &Path) -> BTreeMap<String, u32> {
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        let names = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        paths = names
            .filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'))
            .collect();
    }
    let mut lines = BTreeMap::new();
    for path in paths {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            *lines.entry(line.to_owned()).or_default() += 1;
        }
    }
    lines
}

/// The greatest count of each key among the rows of an upsert stream, which grows with every row.
fn last_totals(lines: &BTreeMap<String, u32>) -> BTreeMap<String, (i64, String)> {
    let mut last: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for line in lines.keys() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let (key, value) = (row["key"].to_string(), &row["value"]);
        // An update may come as a deletion and an insertion.
        if value.is_null() {
            continue;
        }
        let count = value["n"].as_i64().unwrap_or_else(|| panic!("no total: {line}"));
        let entry = last.entry(key).or_default();
        if count > entry.0 {
            *entry = (count, value.to_string());
        }
    }
    last
}

/// Compares what two runs have left.
fn same(seen: &Path, expected: &Path, suffix: &str) {
    for name in ["copies", "minutes"] {
        let name = format!("{name}{suffix}");
        let (seen, expected) = (lines(&seen.join(&name)), lines(&expected.join(&name)));
        let differs = expected
            .iter()
            .find(|(line, count)| seen.get(*line) != Some(count));
        assert_eq!(
            differs,
            None,
            "{name}: {:?} instead",
            differs.and_then(|(line, _)| seen.get(line))
        );
        assert_eq!(seen.len(), expected.len(), "{name}");
    }
    let totals = format!("totals{suffix}");
    let (seen, expected) = (lines(&seen.join(&totals)), lines(&expected.join(&totals)));
    assert_eq!(last_totals(&seen), last_totals(&expected));
    assert!(
        seen.values().all(|count| *count == 1),
        "a row of totals came twice"
    );
}

fn file_ends(directory: &Path, input: &Path, suffix: &str) -> String {
    let from = format!("'connector' = 'file', 'path' = '{}'", input.display());
    let to = format!(
        "'connector' = 'file', 'path' = '{}/{{name}}{suffix}'",
        directory.display()
    );
    app(&from, &to)
}

/// The same over Kafka: what is written is read back into files.
#[cfg(feature = "kafka")]
#[test]
fn topics_hold_every_row_once_however_often_the_run_is_aborted() {
    let brokers = std::env::var("EVENTFLUX_TEST_KAFKA")
        .expect("EVENTFLUX_TEST_KAFKA names no broker: run scripts/test.sh");
    let place = tempfile::tempdir().unwrap();
    let (input, expected, seen) = (
        place.path().join("in.json"),
        place.path().join("expected"),
        place.path().join("seen"),
    );
    std::fs::write(&input, transfers()).unwrap();
    std::fs::create_dir(&expected).unwrap();
    std::fs::create_dir(&seen).unwrap();
    assert_eq!(
        run(&file_ends(&expected, &input, ".json"), None, 1, None),
        RunEnd::InputEnded
    );
    let prefix = format!(
        "ledger-{}-{}",
        std::process::id(),
        place
            .path()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .replace('.', "")
    );
    let kafka = format!("'connector' = 'kafka', 'brokers' = '{brokers}', 'topic' = '{prefix}");
    let send = format!(
        "CREATE STREAM read ({COLUMNS}) WITH ('connector' = 'file', 'path' = '{}', 'format' = 'json');
         CREATE STREAM sent ({COLUMNS}) WITH ({kafka}', 'format' = 'json');
         INSERT INTO sent SELECT * FROM read;",
        input.display()
    );
    assert_eq!(run(&send, None, 1, None), RunEnd::InputEnded);
    let app = app(
        &format!("{kafka}', 'end' = 'latest'"),
        &format!("{kafka}-{{name}}'"),
    );
    run_aborted(&app, &place.path().join("state"), &mut Dice(3));
    for name in ["copies", "minutes", "totals"] {
        let read = format!(
            "CREATE STREAM written (line STRING) WITH ({kafka}-{name}', 'end' = 'latest', 'format' = 'text');
             CREATE STREAM lines (line STRING) WITH ('connector' = 'file', 'path' = '{}/{name}.json', 'format' = 'text');
             INSERT INTO lines SELECT line FROM written;",
            seen.display()
        );
        assert_eq!(run(&read, None, 1, None), RunEnd::InputEnded);
    }
    same_but_for_keys(&seen, &expected);
}

/// In a topic the key is beside the value, which is all that was read back.
#[cfg(feature = "kafka")]
fn same_but_for_keys(seen: &Path, expected: &Path) {
    let totals = |directory: &Path| directory.join("totals.json");
    let values = lines(&totals(expected))
        .into_keys()
        .filter(|line| !line.ends_with("null}"));
    let values = values.map(|line| {
        let row: serde_json::Value = serde_json::from_str(&line).unwrap();
        format!(
            "{{\"key\":{{\"target\":{}}},\"value\":{}}}",
            row["value"]["target"], row["value"]
        )
    });
    let keyed = lines(&totals(seen)).into_iter().flat_map(|(line, count)| {
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let row = format!("{{\"key\":{{\"target\":{}}},\"value\":{value}}}", value["target"]);
        std::iter::repeat_n(row, count as usize)
    });
    let (values, keyed): (Vec<_>, Vec<_>) = (values.collect(), keyed.collect());
    std::fs::write(totals(expected), values.join("\n")).unwrap();
    std::fs::write(totals(seen), keyed.join("\n")).unwrap();
    same(seen, expected, ".json");
}

#[test]
fn files_hold_every_row_once_however_often_the_run_is_aborted() {
    let place = tempfile::tempdir().unwrap();
    let (input, expected) = (place.path().join("in.json"), place.path().join("expected"));
    std::fs::write(&input, transfers()).unwrap();
    std::fs::create_dir(&expected).unwrap();
    assert_eq!(
        run(&file_ends(&expected, &input, ".json"), None, 1, None),
        RunEnd::InputEnded
    );
    for (seed, suffix) in [(1, ".json"), (2, "/")] {
        let seen = place.path().join(format!("seen-{seed}"));
        std::fs::create_dir(&seen).unwrap();
        let app = file_ends(&seen, &input, suffix);
        run_aborted(&app, &place.path().join(format!("state-{seed}")), &mut Dice(seed));
        if suffix == "/" {
            for name in ["copies", "minutes", "totals"] {
                std::fs::rename(seen.join(name), seen.join(format!("{name}.json"))).unwrap();
            }
        }
        same(&seen, &expected, ".json");
    }
}
