//! Kafka through the binary, with kills, against a real broker.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::command::{Outcome, Workplace};

/// A topic and a group of a test's own.
struct Topic {
    place: Workplace,
    with: String,
}

impl Topic {
    fn new() -> Self {
        let brokers = std::env::var("EVENTFLUX_TEST_KAFKA")
            .expect("EVENTFLUX_TEST_KAFKA names no broker: run scripts/test.sh");
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let topic = format!("cli-{}-{time}", std::process::id());
        Self {
            place: Workplace::new(),
            with: format!(
                "'connector' = 'kafka', 'brokers' = '{brokers}', 'topic' = '{topic}', 'format' = 'json'"
            ),
        }
    }

    /// Writes these numbers.
    fn send(&self, numbers: std::ops::Range<i64>) {
        let rows: String = numbers.map(|n| format!("{{\"n\":{n}}}\n")).collect();
        let with = &self.with;
        let app = format!(
            "CREATE STREAM numbers (n BIGINT) WITH ('connector' = 'file', 'path' = 'in.ndjson', 'format' = 'json');
             CREATE STREAM sent (n BIGINT) WITH ({with});
             INSERT INTO sent SELECT n FROM numbers;"
        );
        self.place.write("in.ndjson", rows).write("send.sql", app);
        self.place.run(&["run", "send.sql"]).exits(0);
    }

    /// The command that goes on where the group is.
    fn read(&self, end: &str) -> Command {
        let with = &self.with;
        let app = format!(
            "CREATE STREAM numbers (n BIGINT) WITH ({with}, 'group_id' = 'readers', 'start' = 'committed', 'end' = '{end}');
             SELECT n FROM numbers;"
        );
        self.place.write("read.sql", app);
        self.place.command(&["run", "read.sql", "--no-progress"])
    }

    /// Reads to the end.
    fn read_all(&self) -> Vec<String> {
        let outcome = Outcome::of(self.read("latest").output().unwrap()).exits(0);
        outcome.stdout.lines().map(str::to_owned).collect()
    }

    /// Reads until so many rows have come out, and goes on.
    fn start_reading(&self, row_count: usize) -> Child {
        let mut child = self
            .read("never")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        for _ in 0..row_count {
            lines.next().unwrap().unwrap();
        }
        child
    }
}

fn rows(numbers: std::ops::Range<i64>) -> Vec<String> {
    numbers.map(|n| format!("{{\"n\":{n}}}")).collect()
}

#[test]
fn a_group_goes_on_without_a_gap_whether_a_run_ended_was_stopped_or_was_killed() {
    let topic = Topic::new();
    topic.send(0..5);
    let mut killed = topic.start_reading(5);
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Nobody knows what became of rows that were read by a run that was killed.
    assert_eq!(topic.read_all(), rows(0..5));
    assert_eq!(topic.read_all(), rows(0..0));
    topic.send(5..8);
    let stopped = topic.start_reading(3);
    let signal = Command::new("kill")
        .args(["-TERM", &stopped.id().to_string()])
        .status();
    assert!(signal.unwrap().success());
    Outcome::of(stopped.wait_with_output().unwrap()).exits(0);
    assert_eq!(topic.read_all(), rows(5..8));
    topic.send(8..9);
    assert_eq!(topic.read_all(), rows(8..9));
}
