//! Nodes that do not speak the same version of what nodes say to each other.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::time::timeout;

use super::cluster_node_test::{Cluster, PATIENCE, are_up, spec, until, work};
use super::{ClusterNode, Contact};
use crate::consensus::PROTOCOL;
use crate::coordinator::{Change, Standing};

/// What another node says of one at an address.
fn refusal(address: &str, theirs: u32, own: u32) -> String {
    format!(
        "the node at {address} speaks protocol {theirs} between nodes, this node {own}: stop all nodes of the cluster, and start them with \
         one version of the program"
    )
}

async fn is_kept_out(node: &ClusterNode, expected: &str) {
    let mut contact = node.contact();
    let is_told = |contact: &Contact| contact.obstacle() == Some(expected);
    let told = timeout(PATIENCE, contact.wait_for(is_told)).await;
    assert!(told.is_ok(), "{:?}", node.contact().borrow());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_another_protocol_does_not_join_and_is_told_what_to_do() {
    let cluster = Cluster::new(1);
    let first = cluster.start(0).await;
    until(&first, "the first", are_up(1)).await;
    for (protocol, can_coordinate) in [(PROTOCOL + 1, false), (PROTOCOL - 1, true)] {
        let mut config = cluster.config(0);
        config.protocol = protocol;
        config.name = format!("other-{protocol}");
        config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        config.data_directory = cluster.directory(&config.name);
        config.can_coordinate = can_coordinate;
        let other = ClusterNode::start(config).await.unwrap();
        is_kept_out(&other, &refusal(first.address(), PROTOCOL, protocol)).await;
        let mut problem = other.problem();
        let is_told = |problem: &Option<String>| {
            let problem = problem.as_deref().unwrap_or_default();
            problem.contains("speaks protocol")
        };
        timeout(PATIENCE, problem.wait_for(is_told))
            .await
            .unwrap()
            .unwrap();
        assert!(first.state().borrow().member(other.id()).is_none());
        // The cluster hears nothing of it either.
        let error = first.client().describe(other.address()).await.unwrap_err();
        assert_eq!(error.to_string(), refusal(other.address(), protocol, PROTOCOL));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_that_comes_back_with_another_protocol_has_no_part_in_anything() {
    let cluster = Cluster::new(3);
    let mut nodes = cluster.start_all().await;
    // Who runs nothing says nothing, and is missed.
    for node in &mut nodes {
        work(node);
    }
    until(&nodes[0], "three nodes", are_up(3)).await;
    let follower = nodes.iter().position(|node| !node.is_leader()).unwrap();
    let updated = nodes.remove(follower);
    let id = updated.id();
    updated.stop().await;
    let mut config = cluster.config(follower);
    config.protocol = PROTOCOL + 1;
    let updated = ClusterNode::start(config).await.unwrap();
    let is_told = |contact: &Contact| {
        let obstacle = contact.obstacle();
        obstacle.is_some_and(|obstacle| obstacle.contains("speaks protocol"))
    };
    let mut contact = updated.contact();
    timeout(PATIENCE, contact.wait_for(is_told))
        .await
        .unwrap()
        .unwrap();
    nodes[0].propose(Change::Submit(spec("p"))).await.unwrap();
    for node in &nodes {
        until(node, "the pipeline without it", |state| {
            let member = state.member(id).unwrap();
            state.pipeline_named("p").is_some() && member.standing() == Standing::Down
        })
        .await;
    }
    assert!(updated.state().borrow().pipeline_named("p").is_none());
    updated.stop().await;

    let mut again = cluster.start(follower).await;
    work(&mut again);
    until(&again, "its return", |state| {
        are_up(3)(state) && state.pipeline_named("p").is_some()
    })
    .await;
}
