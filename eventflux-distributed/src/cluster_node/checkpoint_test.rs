//! Checkpoints that are asked for, of real nodes.

use std::time::Duration;

use eventflux_core::checkpoint::manifest::ManifestLog;

use super::ClusterNode;
use super::cluster_node_test::{Cluster, PATIENCE, are_up, epoch, leader, spec, until, work};
use crate::coordinator::{Change, Desired, PipelineSpec, Refusal, SetDesired};
use crate::error::{Error, Result};

/// It takes no checkpoint by itself.
fn quiet_spec() -> PipelineSpec {
    PipelineSpec {
        checkpoint_interval_us: 0,
        ..spec("p")
    }
}

async fn ask(node: &ClusterNode, pipeline: u64, patience: Duration) -> Result<u64> {
    let client = node.client().apart();
    client.checkpoint(pipeline, patience).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_taken_when_any_node_is_asked_for_one() {
    let cluster = Cluster::new(3);
    let mut nodes = cluster.start_all().await;
    for node in &mut nodes {
        work(node);
    }
    until(&nodes[0], "three nodes", are_up(3)).await;
    let submitted = nodes[0].propose(Change::Submit(quiet_spec())).await;
    let pipeline = submitted.unwrap().granted;
    let log = ManifestLog::new(cluster.store.clone());
    let mut last = 0;
    for node in &nodes {
        let epoch = ask(node, pipeline, PATIENCE).await.unwrap();
        assert!(epoch > last, "{epoch} is not newer than {last}");
        assert_eq!(log.newest().await.unwrap().unwrap().epoch, epoch);
        last = epoch;
    }
    let (first, second) = tokio::join!(
        ask(&nodes[0], pipeline, PATIENCE),
        ask(&nodes[1], pipeline, PATIENCE)
    );
    let newest = log.newest().await.unwrap().unwrap().epoch;
    for epoch in [first.unwrap(), second.unwrap()] {
        assert!(epoch > last && epoch <= newest, "{last} {epoch} {newest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_asked_a_leader_that_is_lost_is_told_by_the_next_one() {
    let cluster = Cluster::new(3);
    let mut nodes = cluster.start_all().await;
    until(&nodes[0], "three nodes", are_up(3)).await;
    let submitted = nodes[0].propose(Change::Submit(quiet_spec())).await;
    let pipeline = submitted.unwrap().granted;
    // Nobody works yet, so no checkpoint comes.
    let early = ask(&nodes[0], pipeline, Duration::from_millis(200)).await;
    assert!(matches!(early, Err(Error::Late(_))), "{early:?}");

    let leader = leader(&nodes).await;
    let lost = nodes.remove(leader);
    let client = nodes[0].client().apart();
    let asking = tokio::spawn(async move { client.checkpoint(pipeline, PATIENCE).await });
    lost.stop().await;
    assert_eq!(epoch(&nodes[0].state().borrow()), 0);
    for node in &mut nodes {
        work(node);
    }
    let told = asking.await.unwrap().unwrap();
    let newest = ManifestLog::new(cluster.store.clone()).newest().await;
    assert_eq!(newest.unwrap().unwrap().epoch, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_does_not_run_says_why_it_takes_no_checkpoint() {
    let cluster = Cluster::new(1);
    let mut node = cluster.start(0).await;
    until(&node, "the node", are_up(1)).await;
    let submitted = node.propose(Change::Submit(quiet_spec())).await;
    let pipeline = submitted.unwrap().granted;
    work(&mut node);
    ask(&node, pipeline, PATIENCE).await.unwrap();
    let change = Change::SetDesired(SetDesired {
        pipeline,
        desired: Desired::Stopped.into(),
    });
    node.propose(change).await.unwrap();
    until(&node, "rest", |state| {
        state.pipeline(pipeline).unwrap().assignment.is_none()
    })
    .await;
    let stopped = ask(&node, pipeline, PATIENCE).await.unwrap_err();
    assert_eq!(stopped.to_string(), "pipeline `p` is stopped");
    let unknown = ask(&node, pipeline + 1, PATIENCE).await;
    assert!(
        matches!(&unknown, Err(Error::Refused(outcome)) if outcome.refusal() == Refusal::Unknown),
        "{unknown:?}"
    );
}
