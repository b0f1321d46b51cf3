//! The redis sink with checkpoints, against a real Redis.

use eventflux_core::ErrorKind;
use eventflux_core::connector::{CommitNote, SinkPlan};
use eventflux_core::testing::RedisServer;

use super::redis_sink::{pairs, plan, table};
use crate::kit::commit_kit::{self, Checkpoint, Place, Process, commit_context};
use crate::kit::redis::Key;
use crate::kit::sink_kit;
use crate::kit::unique::unique_name;

fn texts(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| row.to_string()).collect()
}

/// The app is called as its key.
async fn start(key: &Key, plan: &dyn SinkPlan, generation: u64, from: Option<&Checkpoint>) -> Process {
    Process::start(&key.name, plan, generation, from, 1)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_once_whenever_the_process_dies() {
    let place = async || {
        let key = Key::new();
        Place {
            app_id: key.name.clone(),
            plan: plan(&key, &[]).unwrap(),
            read: Box::new(move || key.values()),
            keep: Box::new(()),
        }
    };
    commit_kit::check(place).await;
}

/// A run that commits `a`, and dies when the checkpoint of `b` and `c` is durable.
async fn died_before_the_commit(key: &Key, plan: &dyn SinkPlan) -> (Checkpoint, Checkpoint) {
    let mut process = start(key, plan, 1, None).await;
    process.write(0, &texts(&["a"])).await;
    let first = process.checkpoint().await;
    process.write(0, &texts(&["b", "c"])).await;
    (first, process.pre_commit().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_answer_had_acknowledged_is_not_written_again() {
    let key = Key::new();
    let plan = plan(&key, &[]).unwrap();
    let rows: Vec<_> = (0..2_500).map(|row| row.to_string()).collect();
    let mut process = start(&key, &*plan, 1, None).await;
    process.write(0, &rows).await;
    let checkpoint = process.pre_commit().await;
    // A call arrived whose answer did not; it need not have had the same bounds as the next one.
    let arrived = |from: usize, to: usize| {
        for row in &rows[from..to] {
            let _: String = key.query(&["XADD", &key.name, "*", "value", row]);
        }
        let marker = format!("1 1 {} {to}", checkpoint.epoch);
        let _: i64 = key.query(&["HSET", &key.markers(), &format!("{}/results", key.name), &marker]);
    };
    arrived(0, 1_300);
    process.commit().await.unwrap();
    assert_eq!(key.values(), rows);
    // The same for the next process.
    process.write(0, &texts(&["x", "y"])).await;
    let last = process.pre_commit().await;
    let _: String = key.query(&["XADD", &key.name, "*", "value", "x"]);
    let marker = format!("1 1 {} 1", last.epoch);
    let _: i64 = key.query(&["HSET", &key.markers(), &format!("{}/results", key.name), &marker]);
    let mut next = start(&key, &*plan, 2, Some(&last)).await;
    assert_eq!(key.values(), [rows, texts(&["x", "y"])].concat());
    next.write(0, &texts(&["z"])).await;
    let epoch = next.checkpoint().await.epoch;
    let markers: Vec<(String, String)> = key.query(&["HGETALL", &key.markers()]);
    assert_eq!(
        markers,
        [(format!("{}/results", key.name), format!("1 2 {epoch} 1"))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_the_later_one_writes_and_the_other_ends() {
    let key = Key::new();
    let plan = plan(&key, &[]).unwrap();
    let mut first = start(&key, &*plan, 1, None).await;
    first.write(0, &texts(&["a"])).await;
    let checkpoint = first.checkpoint().await;
    let mut second = start(&key, &*plan, 2, Some(&checkpoint)).await;
    first.write(0, &texts(&["x"])).await;
    first.pre_commit().await;
    for _ in 0..2 {
        let error = first.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Runtime, "{error}");
        let expected = format!(
            "redis `{}`: another run of the same app writes `results` now",
            key.name
        );
        assert_eq!(error.to_string(), expected);
        // It does not take the place back either, whatever the other one has done meanwhile.
        second.write(0, &texts(&["b"])).await;
        second.checkpoint().await;
    }
    assert_eq!(key.values(), ["a", "b", "b"]);
    let again = Process::start(&key.name, &*plan, 1, Some(&checkpoint), 1).await;
    let error = again.err().unwrap();
    assert!(error.to_string().contains("another run"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_is_older_than_the_key_is_refused() {
    let key = Key::new();
    let plan = plan(&key, &[]).unwrap();
    let (first, last) = died_before_the_commit(&key, &*plan).await;
    drop(start(&key, &*plan, 2, Some(&last)).await);
    let refused = Process::start(&key.name, &*plan, 3, Some(&first), 1).await;
    let refused = refused.err().unwrap();
    let expected = format!(
        "it holds the rows of checkpoint {}, and this run goes on from checkpoint {}: they would come twice",
        last.epoch, first.epoch
    );
    assert_eq!(refused.to_string(), format!("redis `{}`: {expected}", key.name));
    assert_eq!(refused.kind(), ErrorKind::Input);
    let anew = Process::start(&key.name, &*plan, 3, None, 1).await.err().unwrap();
    assert!(anew.to_string().contains("and this run begins anew"), "{anew}");
    // Another app writes what it likes.
    let other = plan.exactly_once().unwrap();
    let context = commit_context(&unique_name("app"), 1, None);
    assert!(other.committer(&context).is_ok());
    assert_eq!(key.values(), ["a", "b", "c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_damaged_are_named_and_none_is_written() {
    let key = Key::new();
    let plan = plan(&key, &[]).unwrap();
    let (_, mut last) = died_before_the_commit(&key, &*plan).await;
    let whole = last.notes[0].clone();
    let mut bytes = whole.note.to_vec();
    bytes[7] ^= 1;
    last.notes[0] = CommitNote {
        note: bytes.into(),
        ..whole
    };
    let error = Process::start(&key.name, &*plan, 2, Some(&last), 1)
        .await
        .err()
        .unwrap();
    let expected = format!(
        "redis `{}`: the rows of checkpoint {} are damaged",
        key.name, last.epoch
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(key.values(), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marker_that_is_gone_set_back_or_damaged_ends_the_run() {
    for (set, expected) in [
        (
            None,
            "Redis has lost what it had acknowledged: it knows 0 rows of checkpoint 0",
        ),
        (
            Some("1 1 3 1"),
            "Redis has lost what it had acknowledged: it knows 1 rows of checkpoint 3",
        ),
        (
            Some("1 0 11 1"),
            "Redis has lost what it had acknowledged: it knows 1 rows of checkpoint 11",
        ),
        (Some("2 1 11 1"), "is damaged, or of a later version"),
        (Some("1 1 11"), "is damaged, or of a later version"),
    ] {
        let key = Key::new();
        let plan = plan(&key, &[]).unwrap();
        let mut process = start(&key, &*plan, 1, None).await;
        process.write(0, &texts(&["a"])).await;
        assert_eq!(process.checkpoint().await.epoch, 11);
        let field = format!("{}/results", key.name);
        let _: i64 = match set {
            None => key.query(&["HDEL", &key.markers(), &field]),
            Some(marker) => key.query(&["HSET", &key.markers(), &field, marker]),
        };
        process.write(0, &texts(&["b"])).await;
        process.pre_commit().await;
        let error = process.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Runtime, "{error}");
        assert!(error.to_string().contains(expected), "{set:?}: {error}");
        assert_eq!(key.values(), ["a"]);
    }
}

/// As the engine does it: what the surroundings are to blame for is tried again.
async fn commit_until_done(process: &mut Process) {
    while let Err(error) = process.commit().await {
        assert_eq!(error.kind(), ErrorKind::Environment, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_dies_and_comes_back_is_waited_for_and_rows_come_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = RedisServer::durable(folder.path());
    let key = Key::at(&server.url());
    let plan = plan(&key, &[]).unwrap();
    let mut process = start(&key, &*plan, 1, None).await;
    process.write(0, &texts(&["a"])).await;
    process.checkpoint().await;
    process.write(0, &texts(&["b"])).await;
    process.pre_commit().await;
    server.kill();
    let error = process.commit().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Environment, "{error}");
    let (place, text) = (server.socket(), error.to_string());
    let expected = format!("redis `{}`: {} does not answer: ", key.name, place.display());
    assert!(text.starts_with(&expected), "{text}");
    server.restart();
    commit_until_done(&mut process).await;
    assert_eq!(key.values(), ["a", "b"]);
    // While it is written.
    let rows: Vec<_> = (0..20_000).map(|row| format!("{row:0>100}")).collect();
    process.write(0, &rows).await;
    process.pre_commit().await;
    let handle = tokio::runtime::Handle::current();
    std::thread::scope(|scope| {
        let commit = scope.spawn(|| handle.block_on(commit_until_done(&mut process)));
        let length = || key.query::<u64>(&["XLEN", &key.name]);
        while length() < 1_000 {
            assert!(
                !commit.is_finished() || length() >= 1_000,
                "it ended without its rows"
            );
        }
        server.kill();
        server.restart();
        commit.join().unwrap();
    });
    assert_eq!(key.values(), [texts(&["a", "b"]), rows].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_empty_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = RedisServer::start(folder.path(), &[]);
    let key = Key::at(&server.url());
    let plan = plan(&key, &[]).unwrap();
    let mut process = start(&key, &*plan, 1, None).await;
    process.write(0, &texts(&["a"])).await;
    process.checkpoint().await;
    server.kill();
    server.restart();
    process.write(0, &texts(&["b"])).await;
    process.pre_commit().await;
    let error = loop {
        match process.commit().await.unwrap_err() {
            error if error.kind() == ErrorKind::Environment => {}
            error => break error,
        }
    };
    assert!(
        error.to_string().contains("has lost what it had acknowledged"),
        "{error}"
    );
    assert!(key.values().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_full_or_a_replica_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = RedisServer::durable(folder.path());
    let key = Key::at(&server.url());
    let plan = plan(&key, &[]).unwrap();
    let mut process = start(&key, &*plan, 1, None).await;
    for (row, reason, begin, end) in [
        (
            "a",
            "OOM",
            ["CONFIG", "SET", "maxmemory", "1"],
            ["CONFIG", "SET", "maxmemory", "0"],
        ),
        (
            "b",
            "READONLY",
            ["REPLICAOF", "127.0.0.1", "1", ""],
            ["REPLICAOF", "NO", "ONE", ""],
        ),
    ] {
        process.write(0, &texts(&[row])).await;
        process.pre_commit().await;
        let words = |words: [&'static str; 4]| {
            words
                .into_iter()
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
        };
        let _: String = key.query(&words(begin));
        let error = process.commit().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Environment, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        let _: String = key.query(&words(end));
        process.commit().await.unwrap();
    }
    assert_eq!(key.values(), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_holds_the_current_rows_and_a_row_that_is_gone_is_removed() {
    let key = Key::new();
    let plan = table(&key, &[("structure", "hash")]).unwrap();
    let context = commit_context(&key.name, 1, None);
    let exactly_once = plan.exactly_once().unwrap();
    let mut committer = exactly_once.committer(&context).unwrap();
    let mut sink = exactly_once
        .open(&crate::kit::program::sink_context(0, 1))
        .unwrap();
    let mut notes = Vec::new();
    for (epoch, rows) in [
        (1, "+I A 1\n+I B 2\n+I C 3"),
        (2, "-U A 1\n+U A 4\n-D B 2\n+I D 5\n-D D 5"),
    ] {
        sink.write(&pairs(rows)).await.unwrap();
        let note = sink.pre_commit(epoch).await.unwrap().note;
        notes.push(CommitNote {
            epoch,
            subtask: 0,
            note,
        });
        committer.commit(&notes).await.unwrap();
    }
    let field = |name: &str, n: i64| {
        (
            format!("{{\"name\":\"{name}\"}}"),
            format!("{{\"name\":\"{name}\",\"n\":{n}}}"),
        )
    };
    assert_eq!(key.fields(), [field("A", 4), field("C", 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_promised_can_be_chosen() {
    let key = Key::new();
    assert!(
        plan(&key, &[("delivery", "at-least-once")])
            .unwrap()
            .exactly_once()
            .is_none()
    );
    let exactly_once = plan(&key, &[("delivery", "exactly-once")]).unwrap();
    assert!(exactly_once.exactly_once().is_some());
    let error = exactly_once
        .open(&crate::kit::program::sink_context(0, 1))
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "option `delivery`: `exactly-once` of `results` needs a run with checkpoints"
    );
    // A key that holds something else is seen at once.
    let _: i64 = key.query(&["RPUSH", &key.name, "x"]);
    let plan = plan(&key, &[]).unwrap();
    let error = Process::start(&key.name, &*plan, 1, None, 1).await.err().unwrap();
    let expected = format!(
        "redis `{}`: the key holds a list, and `structure` is stream",
        key.name
    );
    assert_eq!((error.to_string(), error.kind()), (expected, ErrorKind::Input));
    sink_kit::check_failure(&*self::plan(&key, &[]).unwrap(), &key.name, ErrorKind::Input).await;
}
