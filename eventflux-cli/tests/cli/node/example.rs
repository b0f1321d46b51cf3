//! `examples/cluster/`: the script that the README shows.

use std::process::Command;

use super::kit::own_host;
use crate::command::{Outcome, Workplace, repository};

#[test]
fn a_killed_node_of_the_example_costs_no_row() {
    let place = Workplace::new();
    let script = repository()
        .join("examples/cluster/run.sh")
        .canonicalize()
        .unwrap();
    let binaries = std::path::Path::new(env!("CARGO_BIN_EXE_eventflux"))
        .parent()
        .unwrap();
    let mut command = Command::new(script);
    command
        .arg(place.path("."))
        .env("CLUSTER_HOST", own_host())
        .env(
            "PATH",
            format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap()),
        )
        .env("PATIENCE", "120");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("EVENTFLUX_")) {
        command.env_remove(name);
    }
    let outcome = Outcome::of(command.output().unwrap()).exits(0);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(lines[0], "three nodes are there");
    assert_eq!(
        lines[2..],
        [
            "node-2 is killed; the others go on",
            "60000 orders went in, 60000 are counted"
        ]
    );
    // It was killed while it worked: another one tells so, and a later generation has begun.
    let log = place.read("node1.log");
    assert!(log.contains("node `node-2` is gone"), "{log}");
    assert!(
        log.contains("(generation 2)") || log.contains("(generation 3)"),
        "{log}"
    );
}
