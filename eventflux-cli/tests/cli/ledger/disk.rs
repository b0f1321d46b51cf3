//! Disks that are full.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::file::{books, prepare};
use super::killer::command;
use super::transfers::{Dice, Transfers};
use crate::command::{Outcome, Workplace};
use crate::small_disk::SmallDisk;

/// A test that waits for longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The lines of a stream of a process, as they come.
fn lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // Whoever has seen enough need not be told.
            let _ = sender.send(line);
        }
    });
    receiver
}

/// Waits for a line; what came before it is returned with it.
fn wait_for(lines: &Receiver<String>, part: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(part) {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => seen += &(line + "\n"),
            Err(_) => panic!(
                "`{part}` was not said: {}",
                &seen[seen.len().saturating_sub(2_000)..]
            ),
        }
    }
    seen
}

/// A metric of the run that listens at an address.
fn metric(address: &str, name: &str) -> f64 {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let is_it = |line: &&str| line.starts_with(name) && !line.starts_with('#');
    let line = text
        .lines()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {name} in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// A ledger whose state is on a small disk, and which prints what it reads as it comes.
struct Ledger {
    place: Workplace,
    disk: SmallDisk,
    transfers: Transfers,
}

impl Ledger {
    fn new() -> Self {
        let (place, disk) = (Workplace::new(), SmallDisk::new(4 << 20));
        let transfers = Transfers::draw(8_000, &mut Dice(9));
        prepare(&place, &transfers);
        let app = place.read("app.sql") + "\nSELECT id FROM transfers;";
        place.write("app.sql", app);
        std::fs::create_dir(disk.path("state")).unwrap();
        std::os::unix::fs::symlink(disk.path("state"), place.path("state")).unwrap();
        Self {
            place,
            disk,
            transfers,
        }
    }

    fn start(&self) -> (Child, Receiver<String>, Receiver<String>) {
        let mut child = command(&self.place, 2)
            .args(["--no-progress", "--format", "ndjson", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (rows, said) = (
            lines(child.stdout.take().unwrap()),
            lines(child.stderr.take().unwrap()),
        );
        (child, rows, said)
    }

    /// Starts it on a disk that has room for a few checkpoints, and waits until there is none, and all that there is to read was
    /// printed all the same.
    fn start_until_full(&self) -> (Child, Receiver<String>) {
        self.disk.fill(100 << 10);
        let (child, rows, said) = self.start();
        let listening = wait_for(&said, "listening on http://");
        let address = listening.trim_end().rsplit("http://").next().unwrap();
        let warned = wait_for(&said, "the stream goes on");
        assert!(warned.contains("No space left on device"), "{warned}");
        wait_for(&rows, &format!("{{\"id\":{}}}", self.transfers.count() - 1));
        assert!(
            metric(
                address,
                "eventflux_checkpoints_total{app=\"app\",outcome=\"failed\"}"
            ) > 0.0
        );
        (child, said)
    }
}

#[test]
fn a_stream_goes_on_while_the_disk_of_its_state_is_full_and_checkpoints_when_it_has_room() {
    let ledger = Ledger::new();
    let (mut child, said) = ledger.start_until_full();
    // More than once: it is tried again and again.
    wait_for(&said, "the stream goes on");
    ledger.disk.clear();
    assert!(child.wait().unwrap().success());
    books(&ledger.place).check(&ledger.transfers);
}

#[test]
fn a_process_that_is_killed_while_the_disk_of_its_state_is_full_goes_on_when_it_has_room() {
    let ledger = Ledger::new();
    let (mut child, _said) = ledger.start_until_full();
    child.kill().unwrap();
    child.wait().unwrap();
    // There is no room yet: that is said, nothing is lost by trying, and it is not the query's fault.
    ledger.disk.fill(0);
    let refused = Outcome::of(command(&ledger.place, 1).output().unwrap()).exits(3);
    assert!(
        refused.stderr.contains("No space left on device"),
        "{}",
        refused.stderr
    );
    ledger.disk.clear();
    Outcome::of(command(&ledger.place, 1).output().unwrap()).exits(0);
    books(&ledger.place).check(&ledger.transfers);
}

#[test]
fn a_run_whose_output_disk_is_full_ends_and_goes_on_when_there_is_room() {
    for left_bytes in [0, 150 << 10, 700 << 10] {
        let (place, disk) = (Workplace::new(), SmallDisk::new(32 << 20));
        let transfers = Transfers::draw(6_000, &mut Dice(10));
        prepare(&place, &transfers);
        std::fs::create_dir(disk.path("out")).unwrap();
        let app = place.read("app.sql");
        let mut moved = app.clone();
        for name in ["seen.ndjson", "balances.ndjson", "minutes/"] {
            moved = moved.replace(&format!("'{name}'"), &format!("'out/{name}'"));
        }
        assert_ne!(app, moved);
        place.write("app.sql", moved);
        std::os::unix::fs::symlink(disk.path("out"), place.path("out")).unwrap();
        disk.fill(left_bytes);
        let full = Outcome::of(command(&place, 2).output().unwrap()).exits(3);
        assert!(full.stderr.contains("No space left on device"), "{}", full.stderr);
        disk.clear();
        Outcome::of(command(&place, 1).output().unwrap()).exits(0);
        for name in ["seen.ndjson", "balances.ndjson", "minutes"] {
            std::os::unix::fs::symlink(disk.path("out").join(name), place.path(name)).unwrap();
        }
        books(&place).check(&transfers);
    }
}
