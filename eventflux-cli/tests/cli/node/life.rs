//! How nodes come, stay and go.

use super::kit::Cluster;
use crate::small_disk::SmallDisk;

#[test]
fn a_node_alone_is_a_cluster_and_ends_at_a_signal() {
    for (name, code) in [("INT", 0), ("TERM", 0)] {
        let cluster = Cluster::new(1);
        let mut node = cluster.start(1);
        let host = &cluster.host;
        assert_eq!(
            node.says("node `node-1`"),
            format!(
                "node `node-1` of the cluster `test`: control plane at {host}:8001, data plane at {host}:9001 (tcp)"
            )
        );
        node.says("joined the cluster");
        node.says("leads the cluster");
        let is_formed = |(status, said): &(u16, String)| *status == 200 && said.contains("\"name\":\"test\"");
        cluster.ask_until(1, "/v1/cluster", is_formed);
        node.signal(name);
        let (found, said) = node.ends();
        assert_eq!(found, Some(code), "{said}");
        assert!(!said.contains("warning"), "{said}");
        assert!(cluster.place.path("eventflux-data/node-1/identity").exists());
    }
}

#[test]
fn three_nodes_find_each_other_and_notice_who_goes() {
    let cluster = Cluster::new(3);
    let mut nodes = cluster.start_all();
    for node in &mut nodes {
        node.says("joined the cluster");
    }
    for signal in ["TERM", "KILL"] {
        let gone = nodes.pop().unwrap();
        gone.signal(signal);
        drop(gone.ends());
        nodes[0].says("node `node-3` is gone");
        let mut back = cluster.start(3);
        back.says("joined the cluster");
        nodes[0].says("node `node-3` is there");
        nodes.push(back);
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let cluster = Cluster::new(3);
    let mut nodes = cluster.start_all();
    for node in &mut nodes {
        node.says("joined the cluster");
    }
    // Nobody is left who could hear a goodbye.
    for node in &nodes[1..] {
        node.signal("STOP");
    }
    let first = nodes.remove(0);
    first.signal("INT");
    first.signal("TERM");
    let (code, said) = first.ends();
    assert!(matches!(code, Some(130 | 143)), "{code:?}: {said}");
}

#[test]
fn what_keeps_nodes_apart_is_told_while_they_go_on_trying() {
    let cluster = Cluster::new(3);
    let mut first = cluster.start(1);
    let waiting = first.says("not in a cluster yet");
    let [second, third] = [2, 3].map(|node| cluster.control(node));
    assert!(
        waiting.starts_with("warning: not in a cluster yet: waiting for all seed nodes: "),
        "{waiting}"
    );
    for seed in [second, third] {
        assert!(waiting.contains(&format!("node at {seed}: ")), "{waiting}");
    }
    assert_eq!(cluster.ask(1, "/livez"), (200, "ok\n".to_owned()));
    let unready = cluster.ask_until(1, "/readyz", |(status, _)| *status == 503);
    assert!(unready.contains("waiting for all seed nodes: "), "{unready}");
    let mut others = [cluster.start(2), cluster.start(3)];
    first.says("joined the cluster");
    cluster.ask_until(1, "/readyz", |answer| *answer == (200, "ok\n".to_owned()));
    others
        .iter_mut()
        .for_each(|other| drop(other.says("joined the cluster")));
}

#[test]
fn a_node_whose_disk_is_full_ends_and_says_what_it_cannot_keep() {
    let cluster = Cluster::new(1);
    let disk = SmallDisk::new(8 << 20);
    let data = format!("node.data_dir={}", disk.path("data").display());
    let often = "state_backend.checkpoint_interval=20ms";
    let mut node = cluster.start_with(1, &["--set", &data, "--set", often]);
    node.says("leads the cluster");
    let program = "CREATE STREAM t (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100');
        CREATE STREAM seen (n BIGINT) WITH ('connector' = 'blackhole');
        INSERT INTO seen SELECT n FROM t;";
    cluster.place.write("app.sql", program);
    let url = format!("http://{}", cluster.listen(1));
    let submit = ["pipeline", "submit", "app.sql", "--url", &url];
    cluster.place.run(&submit).exits(0);
    node.says("starts on node-1");
    disk.fill(0);
    let (code, said) = node.ends();
    assert_eq!(code, Some(3), "{said}");
    let expected = format!(
        "error: what the cluster agrees on cannot be kept in {}: ",
        disk.path("data").display()
    );
    assert!(said.contains(&expected), "{said}");
    assert!(said.contains("No space left on device"), "{said}");

    // It goes on when there is room.
    disk.clear();
    let mut node = cluster.start_with(1, &["--set", &data]);
    node.says("starts on node-1");
    node.signal("TERM");
    assert_eq!(node.ends().0, Some(0));
}

#[test]
fn two_voters_are_told_that_they_are_two() {
    let cluster = Cluster::new(2);
    for node in &mut cluster.start_all() {
        let told = node.says("two voters");
        assert_eq!(
            told,
            "warning: not in a cluster yet: two voters stop as soon as one of them does; let one or three nodes coordinate"
        );
    }
}

#[test]
fn a_node_of_another_cluster_is_turned_away() {
    let cluster = Cluster::new(1);
    let mut first = cluster.start(1);
    first.says("leads the cluster");
    let seed = cluster.control(1);
    for can_coordinate in ["true", "false"] {
        let endpoints = format!("node.endpoints={}:8009", cluster.host);
        let capability = format!("node.capabilities.can_coordinate={can_coordinate}");
        let seeds = format!("cluster.seed_nodes={seed}");
        let mut other = cluster.start_with(
            1,
            &[
                "--listen",
                "off",
                "--node-id",
                "other",
                "--set",
                "cluster.cluster_name=other",
                "--set",
                &endpoints,
                "--set",
                &capability,
                "--set",
                &seeds,
            ],
        );
        let told = other.says("not in a cluster yet");
        assert!(
            told.ends_with("belongs to the cluster `test`, not `other`"),
            "{told}"
        );
    }
    first.signal("INT");
    let (_, said) = first.ends();
    assert!(!said.contains("other"), "{said}");
}

#[test]
fn a_name_that_is_taken_is_told() {
    let cluster = Cluster::new(1);
    let mut first = cluster.start(1);
    first.says("leads the cluster");
    let endpoints = format!("node.endpoints={}:8009", cluster.host);
    let mut other = cluster.start_with(
        1,
        &["--listen", "off", "--data-dir", "other", "--set", &endpoints],
    );
    let told = other.says("not in a cluster yet");
    assert!(told.contains("there is a node `node-1` already"), "{told}");
}
