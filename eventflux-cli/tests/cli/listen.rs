//! `run --listen`: metrics, liveness and readiness, asked for over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eventflux::metrics::{Metric, MetricKind};
use eventflux_core::testing::RedisServer;
use serde_json::Value;

use crate::command::{Outcome, Workplace};

const TOTALS: &str = "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json', 'mode' = 'follow');
CREATE STREAM totals (k STRING, c BIGINT) WITH ('connector' = 'file', 'path' = 'out.ndjson', 'format' = 'json');
INSERT INTO totals SELECT k, n AS c FROM t WHERE n > 0;
SELECT k, count(*) AS c FROM t GROUP BY k;";

/// Nothing to warn of.
const COPY: &str = "CREATE STREAM t (k STRING, n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json', 'mode' = 'follow');
SELECT k, n FROM t;";

const ROWS: &str = "{\"k\":\"a\",\"n\":1}\n{\"k\":\"b\",\"n\":2}\n{\"k\":\"a\",\"n\":0}\nnot json\n";

/// A run that listens.
pub struct Listening {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    address: String,
}

/// What a request was answered.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Listening {
    pub fn start(place: &Workplace, arguments: &[&str]) -> Self {
        Self::start_with(place, arguments, &[])
    }

    /// Starts with these variables in the environment.
    pub fn start_with(place: &Workplace, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let listen = ["run", "--listen", "127.0.0.1:0", "-p", "1", "--format", "none"];
        let mut child = place
            .command(&[&listen, arguments].concat())
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended: {said}");
            if let Some(address) = line.trim_end().strip_prefix("listening on http://") {
                break address.to_owned();
            }
            said += &line;
        };
        Self {
            child,
            stderr,
            address,
        }
    }

    pub fn ask(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap();
        Answer {
            status: status[..3].parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Asks again and again; a test that waits for more than a minute has failed.
    pub fn wait_for(&self, request: &str, is_so: impl Fn(&Answer) -> bool) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.ask(request);
            if is_so(&answer) {
                return answer;
            }
            let waited = began.elapsed();
            assert!(
                waited < Duration::from_secs(60),
                "{request}: {} {}",
                answer.status,
                answer.body
            );
            std::thread::yield_now();
        }
    }

    pub fn interrupt(self) -> Outcome {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.end()
    }

    /// Waits until it ends by itself.
    pub fn end(mut self) -> Outcome {
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let status = self.child.wait().unwrap();
        Outcome {
            code: status.code(),
            stdout: String::new(),
            stderr,
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One family of metrics, as the official parser reads it.
struct Family {
    kind: String,
    help: String,
    /// Labels and values.
    samples: Vec<(BTreeMap<String, String>, f64)>,
}

/// Reads metrics with the client library of the Prometheus project.
fn parse(text: &str) -> BTreeMap<String, Family> {
    const SCRIPT: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([
    [family.name, family.type, family.documentation, [[sample.name, sample.labels, repr(sample.value)] for sample in family.samples]]
    for family in text_string_to_metric_families(sys.stdin.read())
]))";
    let python =
        std::env::var("EVENTFLUX_TEST_PYTHON").expect("run scripts/test.sh: it installs Python packages");
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "not metrics:\n{text}");
    let families: Value = serde_json::from_slice(&output.stdout).unwrap();
    let string = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found = BTreeMap::new();
    for family in families.as_array().unwrap() {
        let kind = string(&family[1]);
        // The library takes the suffix off the names of counters.
        let name = string(&family[0]) + if kind == "counter" { "_total" } else { "" };
        let samples = family[3].as_array().unwrap().iter().map(|sample| {
            assert_eq!(string(&sample[0]), name);
            let labels = sample[1].as_object().unwrap();
            let labels = labels.iter().map(|(label, value)| (label.clone(), string(value)));
            (labels.collect(), string(&sample[2]).parse().unwrap())
        });
        let family = Family {
            help: string(&family[2]),
            samples: samples.collect(),
            kind,
        };
        assert!(
            found.insert(name.clone(), family).is_none(),
            "{name} stands at two places"
        );
    }
    found
}

impl Family {
    /// The sum of the values with this label.
    fn sum(&self, label: &str, value: &str) -> f64 {
        let with = self
            .samples
            .iter()
            .filter(|(labels, _)| labels.get(label).map(String::as_str) == Some(value));
        with.map(|(_, value)| value).sum()
    }
}

#[test]
fn every_metric_is_served_as_prometheus_reads_it() {
    let place = Workplace::new();
    let app = "to\"ta\\ls.sql";
    place.write(app, TOTALS).write("in.ndjson", ROWS);
    let run = Listening::start(
        &place,
        &[app, "--state-dir", "state", "--checkpoint-interval", "20ms"],
    );
    let answer = run.wait_for("GET /metrics", |answer| {
        answer.body.contains("role=\"source\",subtask=\"0\"} 3\n")
            && answer.body.contains("\neventflux_checkpoint_last_epoch{")
            && answer.body.contains("\neventflux_operator_bad_rows_total{")
    });
    assert_eq!(answer.status, 200);
    assert!(
        answer.head.contains("content-type: text/plain; version=0.0.4"),
        "{}",
        answer.head
    );
    let families = parse(&answer.body);
    let names: BTreeSet<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    assert_eq!(
        families.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        names
    );
    for metric in Metric::ALL {
        let family = &families[metric.name()];
        let kind = if metric.kind() == MetricKind::Counter {
            "counter"
        } else {
            "gauge"
        };
        assert_eq!(family.kind, kind, "{}", metric.name());
        assert!(!family.help.is_empty(), "{}", metric.name());
        for (labels, _) in &family.samples {
            assert_eq!(labels["app"], "to\"ta\\ls", "{}", metric.name());
        }
    }
    assert_eq!(
        families["eventflux_operator_rows_in_total"].sum("operator", "source:t"),
        3.0
    );
    assert_eq!(
        families["eventflux_operator_bad_rows_total"].sum("operator", "source:t"),
        1.0
    );
    assert_eq!(
        families["eventflux_operator_rows_out_total"].sum("operator", "sink:totals"),
        2.0
    );
    assert!(families["eventflux_checkpoints_total"].sum("outcome", "committed") >= 1.0);
    let last = families["eventflux_checkpoint_last_success_timestamp_seconds"].samples[0].1;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    assert!((0.0..60.0).contains(&(now.as_secs_f64() - last)), "{last}");
    run.interrupt().exits(0);
}

#[test]
fn probes_are_answered_and_other_paths_are_not_there() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", "");
    let run = Listening::start(&place, &["app.sql"]);
    let ready = run.wait_for("GET /readyz", |answer| answer.status == 200);
    assert_eq!(ready.body, "ok\n");
    assert_eq!(run.ask("GET /livez").status, 200);
    assert_eq!(run.ask("HEAD /metrics").status, 200);
    assert_eq!(run.ask("POST /metrics").status, 405);
    let absent = run.ask("GET /");
    assert!(
        absent.status == 404 && absent.body.contains("/metrics, /livez and /readyz"),
        "{}",
        absent.body
    );
    // A connection that is kept open does not hold up the end.
    let mut open = TcpStream::connect(&run.address).unwrap();
    write!(open, "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    let mut begin = [0; 12];
    open.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    run.interrupt().exits(0);
}

#[test]
fn a_run_is_not_ready_before_it_has_started_and_lives_already() {
    // A Redis that takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("redis://{}", silent.local_addr().unwrap());
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", "");
    let run = Listening::start(&place, &["app.sql", "--state", &store]);
    let ready = run.ask("GET /readyz");
    assert!(
        ready.status == 503 && ready.body.starts_with("starting: "),
        "{} {}",
        ready.status,
        ready.body
    );
    assert_eq!(run.ask("GET /livez").status, 200);
    assert_eq!(run.ask("GET /metrics").status, 200);
}

#[test]
fn a_run_whose_redis_is_away_is_not_ready_until_it_is_back() {
    let place = Workplace::new();
    place.write("app.sql", TOTALS).write("in.ndjson", ROWS);
    std::fs::create_dir(place.path("redis")).unwrap();
    let mut redis = RedisServer::durable(&place.path("redis"));
    let run = Listening::start(
        &place,
        &[
            "app.sql",
            "--state",
            &redis.url(),
            "--checkpoint-interval",
            "20ms",
        ],
    );
    run.wait_for("GET /readyz", |answer| answer.status == 200);
    redis.kill();
    let away = run.wait_for("GET /readyz", |answer| answer.status == 503);
    assert!(away.body.starts_with("checkpoints: redis "), "{}", away.body);
    assert_eq!(run.ask("GET /livez").status, 200);
    let metrics = parse(&run.ask("GET /metrics").body);
    assert!(metrics["eventflux_checkpoints_total"].sum("outcome", "failed") >= 1.0);
    redis.restart();
    run.wait_for("GET /readyz", |answer| answer.status == 200);
    run.interrupt().exits(0);
}

#[test]
fn a_port_that_is_taken_is_said_before_anything_starts() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Workplace::new();
    place.write("app.sql", COPY).write("in.ndjson", "");
    let outcome = place.run(&["run", "app.sql", "--listen", &address]).exits(3);
    let expected = format!("error: cannot listen at {address}: the port is taken by another program\n");
    assert_eq!(outcome.stderr, expected);
}

#[test]
fn an_address_that_others_can_reach_needs_a_flag() {
    let place = Workplace::new();
    place.write("app.sql", COPY).write("in.ndjson", "");
    for address in ["0.0.0.0:0", "[::]:0"] {
        let outcome = place.run(&["run", "app.sql", "--listen", address]).exits(2);
        assert!(
            outcome.stderr.contains("other machines could reach"),
            "{}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains("help: `--listen-public` allows it"),
            "{}",
            outcome.stderr
        );
    }
    let run = place.run(&[
        "run",
        "app.sql",
        "--listen",
        "0.0.0.0:0",
        "--listen-public",
        "--until",
        "1ms",
    ]);
    assert!(run.exits(0).stderr.contains("listening on http://0.0.0.0:"));
}

#[test]
fn what_is_no_address_is_refused_and_the_environment_may_give_one() {
    let place = Workplace::new();
    place.write("app.sql", COPY).write("in.ndjson", "");
    for wrong in ["9464", "localhost", "localhost:http"] {
        let outcome = place.run(&["run", "app.sql", "--listen", wrong]).exits(2);
        assert!(
            outcome.stderr.contains(&format!("found `{wrong}`")),
            "{}",
            outcome.stderr
        );
    }
    let alone = place.run(&["run", "app.sql", "--listen-public"]).exits(2);
    assert!(alone.stderr.contains("--listen "), "{}", alone.stderr);
    let mut command = place.command(&["run", "app.sql", "--until", "1ms"]);
    let twin = Outcome::of(command.env("EVENTFLUX_LISTEN", "127.0.0.1:0").output().unwrap());
    assert!(twin.exits(0).stderr.starts_with("listening on http://127.0.0.1:"));
    let mut command = place.command(&["run", "app.sql", "--until", "1ms"]);
    let off = Outcome::of(command.env("EVENTFLUX_LISTEN", "off").output().unwrap());
    assert_eq!(off.exits(0).stderr, "");
}
