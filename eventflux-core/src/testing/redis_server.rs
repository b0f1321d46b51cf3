//! A Redis of a test's own, which it may stop, start and set otherwise.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "for tests: a server that cannot be run fails the test"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::free_ports;

/// A server on a Unix socket with its data in a folder; killed when it is dropped.
pub struct RedisServer {
    folder: PathBuf,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts a server with these arguments.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut server = Self {
            folder: folder.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            child: None,
        };
        server.restart();
        server
    }

    /// A server that keeps every write.
    pub fn durable(folder: &Path) -> Self {
        Self::start(folder, &["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// Starts it again with the data that it has; returns when it answers.
    pub fn restart(&mut self) {
        let program =
            std::env::var("EVENTFLUX_TEST_REDIS_SERVER").expect("run scripts/test.sh: it finds redis-server");
        let mut child = Command::new(program)
            .args(["--port", "0", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(&self.folder)
            .args(["--save", ""])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("eady to accept connections") {
            assert_ne!(log.read_line(&mut said).unwrap(), 0, "redis-server ended: {said}");
        }
        // The pipe is drained so that the server never waits for it.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        self.child = Some(child);
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops it for a while, as a machine that hangs: connections stay, answers do not come.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// The end of [`RedisServer::freeze`].
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("the server runs");
        let mut kill = Command::new("kill");
        let status = kill
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// Sends a command and gives its answer: a line, or the text of a bulk answer.
    ///
    /// # Panics
    /// The answer is an error, or an array.
    pub fn command(&self, words: &[&str]) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        let words = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
        let words: Vec<_> = words.collect();
        write!(stream, "*{}\r\n{}", words.len(), words.concat()).unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let (kind, rest) = line.trim_end().split_at(1);
        match kind {
            "+" | ":" => rest.to_owned(),
            "$" => {
                let mut bytes = vec![0; rest.parse().unwrap()];
                stream.read_exact(&mut bytes).unwrap();
                String::from_utf8(bytes).unwrap()
            }
            _ => panic!("{line}"),
        }
    }

    /// Waits until what it says of itself in a section of `INFO` holds a text; a minute is too long.
    pub fn wait_for_info(&self, section: &str, text: &str) {
        for _ in 0..600 {
            if self.command(&["INFO", section]).contains(text) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("no {text} in {}", self.command(&["INFO", section]));
    }

    /// A port that nobody uses, and that leaves room for the port of a cluster's own talk, 10 000 above.
    pub fn free_port() -> u16 {
        loop {
            let port = free_ports(1)[0];
            if TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok() {
                return port;
            }
        }
    }

    /// Where it can be reached.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Its address, as a store's.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
