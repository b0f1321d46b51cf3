//! A Redis of a test's own, which it may stop, start and set otherwise.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "for tests: a server that cannot be run fails the test"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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
