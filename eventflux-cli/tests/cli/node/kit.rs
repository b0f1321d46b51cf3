//! Nodes as processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::command::{Workplace, signal};

/// A test that waits for longer has failed.
const PATIENCE: Duration = Duration::from_secs(90);

/// A loopback address that no other test uses: ports on it are free.
pub fn own_host() -> String {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    // 127.0.x.y is where everybody else is.
    format!(
        "127.{}.{low}.{}",
        high.max(1),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Nodes of one cluster on a host of their own: control planes at 8001, 8002, …, data planes at 9001, 9002, …
pub struct Cluster {
    pub place: Workplace,
    pub host: String,
    count: usize,
}

impl Cluster {
    pub fn new(count: usize) -> Self {
        let cluster = Self {
            place: Workplace::new(),
            host: own_host(),
            count,
        };
        for node in 1..=count {
            cluster.write(node, "");
        }
        cluster
    }

    pub fn control(&self, node: usize) -> String {
        format!("{}:{}", self.host, 8000 + node)
    }

    pub fn listen(&self, node: usize) -> String {
        format!("{}:{}", self.host, 9400 + node)
    }

    /// Writes `nodeN.yaml`; `more` stands below `distributed`.
    pub fn write(&self, node: usize, more: &str) {
        let seeds: Vec<String> = (1..=self.count).map(|seed| self.control(seed)).collect();
        let text = format!(
            "eventflux:
  run:
    listen: \"{}\"
  distributed:
    node:
      node_id: node-{node}
      endpoints: [\"{}\", \"{}:{}\"]
    cluster:
      cluster_name: test
      seed_nodes: \"{}\"
    state_backend: {{path: state}}
{more}",
            self.listen(node),
            self.control(node),
            self.host,
            9000 + node,
            seeds.join(", "),
        );
        self.place.write(&format!("node{node}.yaml"), text);
    }

    /// What a node answers at a path: the status and the text.
    pub fn ask(&self, node: usize, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.listen(node)).unwrap();
        let host = self.listen(node);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap();
        (status[..3].parse().unwrap(), body.to_owned())
    }

    /// Asks again and again until the answer is as it should be.
    #[track_caller]
    pub fn ask_until(&self, node: usize, path: &str, is_so: impl Fn(&(u16, String)) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(node, path);
            if is_so(&answer) {
                return answer.1;
            }
            assert!(Instant::now() < until, "{path}: {answer:?}");
            std::thread::yield_now();
        }
    }

    pub fn start(&self, node: usize) -> NodeProcess {
        self.start_with(node, &[])
    }

    pub fn start_with(&self, node: usize, arguments: &[&str]) -> NodeProcess {
        let config = format!("node{node}.yaml");
        let command = self
            .place
            .command(&[&["node", "--config", &config], arguments].concat());
        NodeProcess::start(command)
    }

    pub fn start_all(&self) -> Vec<NodeProcess> {
        (1..=self.count).map(|node| self.start(node)).collect()
    }
}

/// A node, and what it says. It is killed when it is dropped.
pub struct NodeProcess {
    child: Child,
    lines: Receiver<String>,
    pub said: Vec<String>,
}

impl NodeProcess {
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sent, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // Nobody reads on when the test is over.
                if sent.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Waits until it says something that it has not said before.
    #[track_caller]
    pub fn says(&mut self, part: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("it does not say {part:?}, but {:#?}", self.said),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before it said {part:?}: {:#?}", self.said)
                }
            }
        }
    }

    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// The exit code at its end, and all that it said.
    #[track_caller]
    pub fn ends(mut self) -> (Option<i32>, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:#?}", self.said),
            }
        }
        let code = self.child.wait().unwrap().code();
        (code, self.said.join("\n"))
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
