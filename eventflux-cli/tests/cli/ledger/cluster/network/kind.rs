//! Which network a test gets.

use std::any::type_name;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::namespaces::Namespaces;
use super::proxies::Proxies;
use crate::kept;

/// Names a [`Kind`]; not set: namespaces where they can be made.
const VARIABLE: &str = "EVENTFLUX_LEDGER_NETWORK";

/// Set for a test that runs in namespaces made for it.
const INSIDE: &str = "EVENTFLUX_LEDGER_INSIDE";

/// What joins nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A router: [`Namespaces`].
    Namespaces,
    /// A process that carries bytes: [`Proxies`].
    Proxies,
}

impl Kind {
    /// Where whatever is not a node has to listen.
    pub fn server_host(self) -> &'static str {
        match self {
            Self::Namespaces => Namespaces::ROUTER,
            Self::Proxies => Proxies::HOST,
        }
    }

    /// Whether a node can be separated from what is not a node.
    pub fn can_unplug(self) -> bool {
        self == Self::Namespaces
    }
}

/// Runs the body of this test, of so many nodes, in the network that was asked for or is the truest that can be had.
///
/// In namespaces it is run by a process of its own, with which everything ends that was started in there.
pub fn in_network<T: Fn()>(_test: T, node_count: usize, body: impl FnOnce(Kind)) {
    let (_crate, test) = type_name::<T>().split_once("::").unwrap();
    if env::var_os(INSIDE).is_some() {
        return body(Kind::Namespaces);
    }
    let asked = env::var(VARIABLE).ok();
    let namespaces = match asked.as_deref() {
        None | Some("namespaces") => namespaces(node_count),
        Some("proxies") => Err("they were asked for".to_owned()),
        Some(other) => panic!("{VARIABLE} is namespaces or proxies, not {other}"),
    };
    match namespaces {
        Ok(entry) => {
            tell(test, "namespaces");
            run_inside(&entry, test);
        }
        Err(why) => {
            assert_ne!(asked.as_deref(), Some("namespaces"), "there are none here: {why}");
            tell(test, &format!("proxies: {why}"));
            body(Kind::Proxies);
        }
    }
}

/// Also where the output of tests is kept back: what was tested is not to be guessed.
fn tell(test: &str, network: &str) {
    let line = format!("{test}: the network is of {network}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// The words before a command that is to run in namespaces, or why there can be none.
fn namespaces(node_count: usize) -> Result<Vec<String>, String> {
    let (mut said, script, count) = (
        String::new(),
        include_str!("namespaces.sh"),
        node_count.to_string(),
    );
    // As any user; as root where users have no namespaces.
    for namespaces in ["-rmnp", "-mnp"] {
        let unshare = ["unshare", namespaces, "--mount-proc", "--fork", "--kill-child"];
        let shell = ["sh", "-ec", script, "namespaces.sh", &count];
        let entry: Vec<String> = [&unshare[..], &shell]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect();
        match command(&entry).arg("true").output() {
            Ok(output) if output.status.success() => return Ok(entry),
            Ok(output) => said += &String::from_utf8_lossy(&output.stderr),
            Err(error) => said += &format!("`setpriv` of util-linux is needed: {error}\n"),
        }
    }
    Err(said.trim_end().replace('\n', "; "))
}

/// A command that is killed when the thread that starts it ends.
fn command(words: &[String]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).args(words);
    command
}

#[expect(clippy::print_stdout, reason = "it is what the test says")]
fn run_inside(entry: &[String], test: &str) {
    let place = tempfile::tempdir_in(kept::directory()).unwrap();
    let (output, input) = std::io::pipe().unwrap();
    let mut process = command(entry)
        .arg(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .env("TMPDIR", place.path())
        .stdin(Stdio::null())
        .stdout(input.try_clone().unwrap())
        .stderr(input)
        .spawn()
        .unwrap();
    let mut has_passed = false;
    for line in BufReader::new(output).lines().map(Result::unwrap) {
        has_passed |= line.starts_with("test result: ok. 1 passed");
        println!("{line}");
    }
    let status = process.wait().unwrap();
    assert!(
        status.success() && has_passed,
        "{test} has failed in its namespaces: {status}"
    );
}
