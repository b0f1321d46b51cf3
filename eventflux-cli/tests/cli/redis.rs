//! State in a Redis to which things happen, through the real binary: whatever it is, each row is out once, or the run says why it
//! cannot go on.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use eventflux_core::testing::RedisServer;

use crate::command::{Outcome, Workplace};
use crate::listen::Listening;

/// Windows of ten rows each: their sums are state until the watermark closes them.
const APP: &str = "
CREATE STREAM t (n BIGINT NOT NULL, at TIMESTAMP NOT NULL, WATERMARK FOR at AS at)
WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json', 'mode' = 'follow', 'timestamp_unit' = 'ms');
CREATE STREAM sums (rows BIGINT, s BIGINT)
WITH ('connector' = 'file', 'path' = 'out.ndjson', 'format' = 'json');
INSERT INTO sums SELECT count(*) AS rows, sum(n) AS s
FROM TUMBLE(t, at, INTERVAL '10' MILLISECOND) GROUP BY window_start, window_end;";

/// An app, its input and output, and what it keeps its state in.
pub struct World {
    pub place: Workplace,
    written: u64,
}

impl World {
    pub fn new() -> Self {
        let place = Workplace::new();
        place.write("app.sql", APP).write("in.ndjson", "");
        Self { place, written: 0 }
    }

    /// A server, and the link by which the app knows it.
    fn redis(&self, name: &str, arguments: &[&str]) -> RedisServer {
        let folder = self.place.path(name);
        std::fs::create_dir(&folder).unwrap();
        RedisServer::start(
            &folder,
            &[&["--appendonly", "yes", "--appendfsync", "always"], arguments].concat(),
        )
    }

    /// Lets the app's address lead to this server.
    fn lead_to(&self, server: &RedisServer) {
        let (link, new) = (self.place.path("socket"), self.place.path("socket.new"));
        symlink(server.socket(), &new).unwrap();
        std::fs::rename(new, link).unwrap();
    }

    fn url(&self, settings: &str) -> String {
        format!("redis+unix://{}{settings}", self.place.path("socket").display())
    }

    pub fn arguments<'a>(&self, url: &'a str) -> [&'a str; 5] {
        ["app.sql", "--state", url, "--checkpoint-interval", "20ms"]
    }

    fn start(&self, settings: &str) -> Listening {
        let run = Listening::start(&self.place, &self.arguments(&self.url(settings)));
        run.wait_for("GET /readyz", |answer| answer.status == 200);
        run
    }

    pub fn write(&mut self, row_count: u64) {
        let rows = self.written..self.written + row_count;
        let rows: String = rows.map(|n| format!("{{\"n\":{n},\"at\":{n}}}\n")).collect();
        let mut file = OpenOptions::new()
            .append(true)
            .open(self.place.path("in.ndjson"))
            .unwrap();
        file.write_all(rows.as_bytes()).unwrap();
        self.written += row_count;
    }

    /// What an undisturbed run has put out: all windows but the one that is open.
    pub fn expected(&self) -> String {
        let windows = (0..(self.written - 1) / 10).map(|window| {
            let sum: u64 = (window * 10..window * 10 + 10).sum();
            format!("{{\"rows\":10,\"s\":{sum}}}\n")
        });
        windows.collect()
    }

    pub fn out(&self) -> String {
        std::fs::read_to_string(self.place.path("out.ndjson")).unwrap_or_default()
    }

    /// Waits until everything is out, each row once; a minute is too long.
    pub fn wait_for_output(&self) {
        let (began, expected) = (Instant::now(), self.expected());
        while self.out() != expected {
            let out = self.out();
            assert!(expected.starts_with(&out), "a wrong row in:\n{out}");
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{} of {} bytes",
                out.len(),
                expected.len()
            );
            std::thread::yield_now();
        }
    }
}

/// Waits until the run has read so many rows, whatever becomes of them.
fn wait_for_rows(run: &Listening, row_count: u64) {
    let line = format!(
        "eventflux_operator_rows_in_total{{app=\"app\",operator=\"source:t\",role=\"source\",subtask=\"0\"}} {row_count}\n"
    );
    run.wait_for("GET /metrics", |answer| answer.body.contains(&line));
}

#[test]
fn a_redis_that_does_not_answer_for_a_while_holds_up_checkpoints_and_not_the_stream() {
    let mut world = World::new();
    let redis = world.redis("one", &[]);
    world.lead_to(&redis);
    let run = world.start("");
    world.write(500);
    world.wait_for_output();
    let before = world.out();
    redis.freeze();
    world.write(500);
    wait_for_rows(&run, 1000);
    // What no checkpoint has is not out.
    assert!(world.out().len() <= before.len() + 1000, "{}", world.out());
    redis.thaw();
    world.wait_for_output();
    run.interrupt().exits(0);
    assert_eq!(world.out(), world.expected());
}

#[test]
fn a_redis_that_is_killed_and_started_again_has_lost_nothing() {
    let mut world = World::new();
    let mut redis = world.redis("one", &[]);
    world.lead_to(&redis);
    let mut run = world.start("");
    let mut read = 0;
    for round in 0..3 {
        world.write(300);
        redis.kill();
        world.write(300);
        read += 600;
        wait_for_rows(&run, read);
        redis.restart();
        world.wait_for_output();
        if round == 1 {
            // The app, too; dropping it is `kill -9`.
            drop(run);
            run = world.start("");
            read = 0;
        }
    }
    run.interrupt().exits(0);
    assert_eq!(world.out(), world.expected());
}

#[test]
fn a_redis_that_begins_to_evict_holds_up_checkpoints_until_it_is_set_right() {
    let mut world = World::new();
    let redis = world.redis("one", &[]);
    world.lead_to(&redis);
    let run = world.start("");
    world.write(100);
    world.wait_for_output();
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let answer = run.wait_for("GET /readyz", |answer| answer.status == 503);
    assert!(
        answer.body.contains("maxmemory-policy is allkeys-lru"),
        "{}",
        answer.body
    );
    world.write(500);
    wait_for_rows(&run, 600);
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    run.wait_for("GET /readyz", |answer| answer.status == 200);
    world.wait_for_output();
    let ended = run.interrupt().exits(0);
    assert!(
        ended.stderr.contains("maxmemory-policy is allkeys-lru"),
        "{}",
        ended.stderr
    );
}

/// A server, a replica of it that has all of its data, and the server's port.
fn with_replica(world: &World) -> (RedisServer, RedisServer, String) {
    let port = RedisServer::free_port().to_string();
    let main = world.redis("main", &["--port", &port, "--repl-diskless-sync-delay", "0"]);
    let replica = world.redis("replica", &["--replicaof", "127.0.0.1", &port]);
    replica.wait_for_info("replication", "master_link_status:up");
    (main, replica, port)
}

#[test]
fn a_replica_that_was_behind_and_is_promoted_is_noticed_by_the_run_and_by_the_next_start() {
    let mut world = World::new();
    let (mut main, replica, _) = with_replica(&world);
    world.lead_to(&main);
    let run = world.start("");
    world.write(300);
    world.wait_for_output();
    // From here on the replica gets nothing.
    replica.command(&["REPLICAOF", "NO", "ONE"]);
    world.write(300);
    world.wait_for_output();
    main.kill();
    world.lead_to(&replica);
    let ended = run.end().exits(1);
    assert!(
        ended.stderr.contains("acknowledged it and has lost it"),
        "{}",
        ended.stderr
    );
    let out = world.out();
    assert_eq!(out, world.expected());
    // What is there is older than what is out: going on from it would write rows again.
    world.write(300);
    let url = world.url("");
    let arguments = world.arguments(&url);
    let refused = world
        .place
        .run(&[&["run"], &arguments[..], &["--until", "20s"]].concat());
    assert_ne!(refused.code, Some(0), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("the checkpoint is older than the file"),
        "{}",
        refused.stderr
    );
    assert_eq!(world.out(), out);
}

#[test]
fn a_replica_that_has_to_have_every_checkpoint_can_be_promoted_without_anybody_noticing() {
    let mut world = World::new();
    let (mut main, replica, port) = with_replica(&world);
    world.lead_to(&main);
    let run = world.start("?replicas=1");
    world.write(300);
    world.wait_for_output();
    // While the replica is away nothing counts as stored, and nothing comes out.
    replica.command(&["REPLICAOF", "NO", "ONE"]);
    let answer = run.wait_for("GET /readyz", |answer| answer.status == 503);
    assert!(answer.body.contains("0 replicas have it"), "{}", answer.body);
    let before = world.out();
    world.write(300);
    wait_for_rows(&run, 600);
    assert_eq!(world.out(), before);
    replica.command(&["REPLICAOF", "127.0.0.1", &port]);
    world.wait_for_output();
    main.kill();
    replica.command(&["REPLICAOF", "NO", "ONE"]);
    world.lead_to(&replica);
    drop(run);
    // It has nothing behind it now.
    let run = world.start("");
    world.write(300);
    world.wait_for_output();
    run.interrupt().exits(0);
    assert_eq!(world.out(), world.expected());
}

#[test]
fn a_savepoint_of_what_is_in_redis_is_the_last_checkpoint_and_says_so() {
    let mut world = World::new();
    let redis = world.redis("one", &[]);
    world.lead_to(&redis);
    let run = world.start("");
    world.write(500);
    world.wait_for_output();
    let url = world.url("");
    let create = |path: &str, more: &[&str]| {
        let create = ["savepoint", "create", path, "--state", &url];
        world.place.run(&[&create[..], more].concat())
    };
    let nameless = create("saved/one", &[]).exits(2);
    assert!(nameless.stderr.contains("--app"), "{}", nameless.stderr);
    let unknown = create("saved/one", &["--app", "ap.sql"]).exits(2);
    assert!(unknown.stderr.contains("no checkpoint"), "{}", unknown.stderr);
    assert!(!world.place.path("saved").exists());
    for path in ["saved/one", "saved/two"] {
        let made = create(path, &["--app", "app.sql"]).exits(0);
        assert!(
            made.stdout.contains("it is the last one of `app`, written")
                && made.stdout.contains("if the app runs"),
            "{}",
            made.stdout
        );
        let inspected = world.place.run(&["savepoint", "inspect", path]).exits(0);
        assert!(inspected.stdout.contains("source:t"), "{}", inspected.stdout);
    }
    run.interrupt().exits(0);
}

#[test]
fn what_is_wrong_with_an_address_is_said() {
    let world = World::new();
    let refused = |url: &str| -> Outcome { world.place.run(&["run", "app.sql", "--state", url]) };
    for (url, part) in [
        ("redis://127.0.0.1:1?pol_size=2", "there is no setting `pol_size`"),
        ("rediss://127.0.0.1:1?ca=nowhere.pem", "nowhere.pem: No such file"),
    ] {
        let outcome = refused(url).exits(2);
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
}
