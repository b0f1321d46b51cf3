//! What keeps a node from starting, each with its place and what would help.

use std::net::TcpListener;

use super::kit::{Cluster, own_host};
use crate::command::{Outcome, Workplace, repository};

/// Starts a node that must not start.
#[track_caller]
fn refused(place: &Workplace, arguments: &[&str], code: i32) -> Outcome {
    place.run(&[&["node"], arguments].concat()).exits(code)
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let place = Workplace::new();
    for (text, shown, help) in [
        (
            "cluster: {cluster_nam: x}",
            "error[unknown-key]: there is no key `cluster_nam`",
            "did you mean `cluster_name`?",
        ),
        (
            "state_backend: memory\n    cluster: {seed_nodes: 'a:1, 127.0.0.1:8080'}\n    node: {endpoints: '127.0.0.1:8080'}",
            "nodes of a cluster do not see each other's memory",
            "state has to be where all nodes reach it",
        ),
        (
            "state_backend: {url: 'memory://'}\n    cluster: {min_nodes: 2}",
            "nodes of a cluster do not see each other's memory",
            "url: 'memory://'",
        ),
        (
            "state_backend: {path: s}\n    node: {endpoints: ['a:1', 'a:2', 'a:3']}",
            "a node has two endpoints at the most, not 3",
            "endpoints: ['a:1', 'a:2', 'a:3']",
        ),
        (
            "state_backend: {path: s}\n    node: {endpoints: ['a:1', 'a:1']}",
            "the control plane and the data plane cannot have one address",
            "at the next port",
        ),
        (
            "state_backend: {path: s}\n    node: {endpoints: 'a:65535'}",
            "there is no port after 65535",
            "a second endpoint",
        ),
        (
            "state_backend: {path: s}\n    node_id: n\n    cluster: {seed_nodes: 'a:1, b:1'}",
            "none of the seed nodes is this one, `n`",
            "give `node.endpoints`",
        ),
        (
            "state_backend: {path: s}\n    node: {capabilities: {can_coordinate: false, can_process: false}}",
            "a node that neither coordinates nor processes does nothing",
            "can_process: false",
        ),
        (
            "state_backend: {path: s}\n    node: {capabilities: {can_coordinate: false}}",
            "a node that does not coordinate needs others that do",
            "cluster.seed_nodes",
        ),
        (
            "state_backend: {path: s}\n    cluster: {heartbeat_interval: 1s, failure_timeout: 1500ms}",
            "`failure_timeout` (1500ms) has to be at least twice `heartbeat_interval` (1s)",
            "failure_timeout: 1500ms",
        ),
        (
            "state_backend: {path: s}\n    coordination: zookeeper",
            "expected `raft`, found `zookeeper`",
            "coordination: zookeeper",
        ),
    ] {
        place.write("node.yaml", format!("eventflux:\n  distributed:\n    {text}\n"));
        let stderr = refused(&place, &["--config", "node.yaml"], 2).stderr;
        for part in [shown, help, " --> node.yaml:"] {
            assert!(stderr.contains(part), "{text}: no {part:?} in\n{stderr}");
        }
    }
    assert!(!place.path("eventflux-data").exists());
}

#[test]
fn what_a_node_has_no_use_for_is_refused_or_spoken_of() {
    let place = Workplace::new();
    place.write(
        "limit.yaml",
        "eventflux:\n  run:\n    memory_limit: 1GB\n  state_backend: {path: s}\n",
    );
    let limit = refused(&place, &["--config", "limit.yaml"], 2).stderr;
    assert!(
        limit.contains("`memory_limit` is not supported yet on nodes"),
        "{limit}"
    );
    let setting = refused(
        &place,
        &["--set", "batch_size=3", "--set", "state_backend.path=s"],
        2,
    )
    .stderr;
    assert!(setting.contains("`batch_size` is a setting of SQL"), "{setting}");
    let none = refused(&place, &["--node-id", "n"], 2).stderr;
    assert!(
        none.contains("a node needs a place for the state of pipelines"),
        "{none}"
    );
}

#[test]
fn addresses_that_are_not_to_be_had_are_named() {
    let place = Workplace::new();
    let host = own_host();
    let taken = TcpListener::bind((host.as_str(), 8080)).unwrap();
    let at = |endpoints: &str| format!("node.endpoints={endpoints}");
    let start = |endpoints: &str, more: &[&str]| {
        let endpoints = at(endpoints);
        let usual = [
            "--node-id",
            "n",
            "--set",
            "state_backend.path=s",
            "--set",
            &endpoints,
        ];
        refused(&place, &[&usual, more].concat(), 3).stderr
    };
    let control = start(&format!("{host}:8080"), &[]);
    assert_eq!(
        control,
        format!("error: cannot listen at {host}:8080: the port is taken by another program\n")
    );
    drop(taken);

    let foreign = start("192.0.2.7:8080", &[]);
    let expected = "error: cannot listen at 192.0.2.7:8081: this machine does not have that address\n  help: `node.bind` says where";
    assert!(foreign.starts_with(expected), "{foreign}");
    let unknown = start("nowhere.invalid:8080", &[]);
    assert!(
        unknown.starts_with("error: cannot listen at nowhere.invalid:8080: "),
        "{unknown}"
    );
}

#[test]
fn a_data_directory_has_one_node() {
    let cluster = Cluster::new(1);
    let mut first = cluster.start(1);
    first.says("leads the cluster");
    let other = own_host();
    let endpoints = format!("node.endpoints={other}:8001");
    let second = refused(
        &cluster.place,
        &["--config", "node1.yaml", "--set", &endpoints],
        3,
    )
    .stderr;
    assert!(
        second.contains("the data directory `eventflux-data/node-1` cannot be opened: another node has it"),
        "{second}"
    );
}

#[test]
fn the_configurations_of_examples_and_containers_are_right() {
    let place = Workplace::new();
    for path in [
        "deploy/docker/node.yaml",
        "examples/cluster/node1.yaml",
        "examples/cluster/node2.yaml",
        "examples/cluster/node3.yaml",
    ] {
        let path = repository().join(path);
        place.run(&["config", "check", path.to_str().unwrap()]).exits(0);
    }
}
