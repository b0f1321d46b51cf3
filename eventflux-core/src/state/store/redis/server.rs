//! A Redis of a test's own, which it may stop and start.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::RedisConfig;

/// A server on a Unix socket with its data in a folder of its own; killed when it is dropped.
pub(super) struct RedisServer {
    folder: TempDir,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts a server with these arguments.
    pub(super) fn start(arguments: &[&str]) -> Self {
        let mut server = Self {
            folder: TempDir::new().unwrap(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            child: None,
        };
        server.restart();
        server
    }

    /// A server that keeps every write.
    pub(super) fn durable() -> Self {
        Self::start(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// Starts it again with the data that it has; returns when it answers.
    pub(super) fn restart(&mut self) {
        let program =
            std::env::var("EVENTFLUX_TEST_REDIS_SERVER").expect("run scripts/test.sh: it finds redis-server");
        let mut child = Command::new(program)
            .args(["--port", "0", "--unixsocket"])
            .arg(self.folder.path().join("socket"))
            .arg("--dir")
            .arg(self.folder.path())
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
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(super) fn config(&self) -> RedisConfig {
        RedisConfig {
            url: format!("redis+unix://{}", self.folder.path().join("socket").display()),
            connect_timeout: Duration::from_secs(1),
            ..RedisConfig::default()
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
