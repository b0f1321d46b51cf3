//! A broker of a test's own, to be stopped and started.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A broker that a test stops; its data stay in a directory.
pub struct Broker {
    pub address: String,
    directory: tempfile::TempDir,
    process: Option<Child>,
}

impl Broker {
    /// Starts one on the loopback interface and waits until it answers.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1")
    }

    /// The same at another address of this machine.
    pub fn start_at(host: &str) -> Self {
        let port = Command::new("python3")
            .arg(support("free_port.py"))
            .output()
            .unwrap();
        let port = String::from_utf8(port.stdout).unwrap().trim().to_owned();
        let mut broker = Self {
            address: format!("{host}:{port}"),
            directory: tempfile::tempdir().unwrap(),
            process: None,
        };
        broker.start_again();
        broker
    }

    /// Starts it where it was, and waits until it answers.
    pub fn start_again(&mut self) {
        for variable in ["EVENTFLUX_TEST_KAFKA_JARS", "EVENTFLUX_TEST_JAVA"] {
            assert!(
                std::env::var_os(variable).is_some(),
                "{variable} is not set: run scripts/test.sh"
            );
        }
        let (host, port) = self.address.rsplit_once(':').unwrap();
        let process = Command::new(support("broker.sh"))
            .args([self.directory.path().to_str().unwrap(), port, host])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        let ready = Command::new("python3")
            .arg(support("ready.py"))
            .args([&self.address, "120"])
            .status()
            .unwrap();
        assert!(ready.success(), "the broker answers in time");
    }

    /// `kill -9`: the script has become the broker.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn support(file: &str) -> PathBuf {
    [
        env!("CARGO_MANIFEST_DIR"),
        "..",
        "tests",
        "support",
        "kafka",
        file,
    ]
    .iter()
    .collect()
}
