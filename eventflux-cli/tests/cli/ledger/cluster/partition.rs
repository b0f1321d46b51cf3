//! What a partition does to a cluster: were anything to come through, these would fail.

use super::nemesis::Nemesis;
use super::network::{Kind, in_network};
use super::nodes::Nodes;
use super::{NODES, TRANSFERS};
use crate::broker_kit::Broker;
use crate::command::Workplace;
use crate::ledger::topics::Topics;
use crate::ledger::transfers::{Dice, Transfers};

#[test]
fn a_leader_that_is_cut_off_is_replaced_and_agrees_to_nothing() {
    in_network(
        a_leader_that_is_cut_off_is_replaced_and_agrees_to_nothing,
        NODES,
        |kind| {
            let place = Workplace::new();
            let broker = Broker::start_at(kind.server_host());
            let store = format!("path: '{}'", place.path("state").display());
            let mut nodes = Nodes::start(NODES, kind, &store);
            let partitions = match kind {
                Kind::Namespaces => &[Nemesis::Halves, Nemesis::Deaf, Nemesis::Mute, Nemesis::Unplug][..],
                Kind::Proxies => &[Nemesis::Halves, Nemesis::Deaf, Nemesis::Mute],
            };
            for partition in partitions {
                println!("{partition}");
                replace_leader(kind, &mut nodes, &broker, *partition);
            }
        },
    );
}

fn replace_leader(kind: Kind, nodes: &mut Nodes, broker: &Broker, partition: Nemesis) {
    let transfers = Transfers::draw(TRANSFERS, &mut Dice(9));
    let topics = Topics::create_at(&broker.address);
    topics.prepare(&nodes.place, &transfers);
    let name = format!("{partition}").to_lowercase();
    // Row by row, so that there is something left to do.
    nodes.submit(&name, 3, &["--set", "batch_size=1"]);
    nodes.wait_for("a checkpoint", |nodes| {
        nodes
            .pipeline(&name)
            .is_some_and(|pipeline| pipeline["checkpoint"].as_u64() > Some(0))
    });
    let leader = nodes.leader().unwrap();
    partition.separate(&mut nodes.network, leader);
    nodes.wait_for("another leader", |nodes| {
        nodes.leader().is_some_and(|other| other != leader)
    });
    // What a deaf node says is heard, and what proxies hold back comes later; all else vanishes.
    if kind == Kind::Namespaces && partition != Nemesis::Deaf {
        let alone = nodes.run(leader, &["pipeline", "submit", "app.sql", "--name", "alone"]);
        assert_ne!(alone.code, Some(0), "{}", alone.stdout);
        assert!(alone.stderr.contains("no leader is known to"), "{}", alone.stderr);
    }
    // What was its part is done by the others, while it is away.
    nodes.wait_for("the end", |nodes| {
        nodes.state(&name).as_deref() == Some("finished")
    });
    topics.books().check(&transfers);
    nodes.network.heal();
    nodes.wait_for("all nodes to be up again", |nodes| {
        nodes.up_count() == Some(NODES)
    });
    assert_eq!(nodes.pipeline("alone"), None);
    topics.books().check(&transfers);
}
