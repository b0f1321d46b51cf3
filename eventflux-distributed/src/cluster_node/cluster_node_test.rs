//! Real nodes on loopback: real Raft, real gRPC, real files; only rows are missing.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eventflux_core::checkpoint::manifest::{ManifestLog, PlanIdentity};
use eventflux_core::state::store::{CheckpointStore, MemoryStore};
use eventflux_core::testing::free_ports;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::timeout;

use super::client::ANSWER_WITHIN;
use super::{ClusterConfig, ClusterNode, Contact};
use crate::consensus::proto::Voter;
use crate::coordinator::{
    Change, ClusterState, Desired, NodeRef, OverseerConfig, PartContent, PipelineSpec, SetDesired, Standing,
};
use crate::worker::{Worker, WorkerCommand, WorkerEvent};

pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// Ports that are free now.
fn addresses(count: usize) -> Vec<SocketAddr> {
    let ports = free_ports(count).into_iter();
    ports.map(|port| (Ipv4Addr::LOCALHOST, port).into()).collect()
}

pub(super) struct Cluster {
    directory: TempDir,
    addresses: Vec<SocketAddr>,
    pub(super) store: Arc<MemoryStore>,
}

impl Cluster {
    pub(super) fn new(count: usize) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            addresses: addresses(count),
            store: Arc::default(),
        }
    }

    pub(super) fn config(&self, node: usize) -> ClusterConfig {
        let store: Arc<dyn CheckpointStore> = self.store.clone();
        let directory = self.directory.path().join(node.to_string());
        let open = Arc::new(move |_: &PipelineSpec| Ok(Arc::clone(&store)));
        let mut config = ClusterConfig::new(
            "test",
            format!("node-{node}"),
            self.addresses[node],
            directory,
            open,
        );
        config.seeds = self.addresses.iter().map(ToString::to_string).collect();
        config.election_timeout = Duration::from_millis(800);
        config.heartbeat_interval = Duration::from_millis(150);
        // Who hangs up is lost soon; who is only slow, on a busy machine, is not.
        config.overseer = OverseerConfig {
            failure_timeout_us: 20_000_000,
            ..OverseerConfig::default()
        };
        config
    }

    /// Of a node that is none of these.
    pub(super) fn directory(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) async fn start(&self, node: usize) -> ClusterNode {
        ClusterNode::start(self.config(node)).await.unwrap()
    }

    pub(super) async fn start_all(&self) -> Vec<ClusterNode> {
        let mut nodes = Vec::new();
        for node in 0..self.addresses.len() {
            nodes.push(self.start(node).await);
        }
        nodes
    }
}

/// Waits until the state of a node is so.
pub(super) async fn until(
    node: &ClusterNode,
    what: &str,
    mut is_so: impl FnMut(&ClusterState) -> bool,
) -> Arc<ClusterState> {
    let mut state: watch::Receiver<Arc<ClusterState>> = node.state();
    let found = timeout(PATIENCE, state.wait_for(|state| is_so(state))).await;
    let found =
        found.unwrap_or_else(|_| panic!("{what} takes too long: {:#?}", node.state().borrow().as_ref()));
    Arc::clone(&found.unwrap())
}

/// The node that leads, as soon as one does.
pub(super) async fn leader(nodes: &[ClusterNode]) -> usize {
    let looking = async {
        loop {
            if let Some(leader) = nodes.iter().position(ClusterNode::is_leader) {
                return leader;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, looking).await.expect("a node leads")
}

pub(super) fn are_up(count: usize) -> impl FnMut(&ClusterState) -> bool {
    move |state| {
        let up = state.members().filter(|member| member.standing() == Standing::Up);
        state.cluster() == "test" && up.count() == count
    }
}

pub(super) fn spec(name: &str) -> PipelineSpec {
    let identity = PlanIdentity {
        fingerprint: 5,
        key_groups: 16,
        operators: Vec::new(),
    };
    PipelineSpec {
        name: name.into(),
        plan_fingerprint: 5,
        key_groups: 16,
        parallelism: 3,
        checkpoint_interval_us: 50_000,
        checkpoint_timeout_us: 2_000_000,
        app_id: "a".into(),
        plan_identity: serde_json::to_vec(&identity).unwrap(),
        ..PipelineSpec::default()
    }
}

/// A worker whose loops do at once what they are told, and have nothing to store.
pub(super) fn work(node: &mut ClusterNode) -> tokio::task::JoinHandle<()> {
    let mut events = node.take_events().unwrap();
    let reports = node.reports();
    tokio::spawn(async move {
        let mut worker = Worker::new();
        while let Some(event) = events.recv().await {
            let mut due = vec![event];
            while let Some(event) = due.pop() {
                for command in worker.on_event(event) {
                    match command {
                        WorkerCommand::Report(report) => drop(reports.send(report)),
                        WorkerCommand::Prepare {
                            pipeline, generation, ..
                        } => due.push(WorkerEvent::Prepared {
                            pipeline,
                            generation,
                            loop_count: 1,
                            reading: vec![0],
                            sinks: vec!["out".into()],
                        }),
                        WorkerCommand::SendBarrier {
                            pipeline,
                            generation,
                            epoch,
                        } => due.push(WorkerEvent::Stored {
                            pipeline,
                            generation,
                            epoch,
                            loop_id: 0,
                            content: PartContent::default(),
                        }),
                        WorkerCommand::Deliver {
                            pipeline,
                            generation,
                            epoch,
                        } => due.push(WorkerEvent::Delivered {
                            pipeline,
                            generation,
                            epoch,
                        }),
                        WorkerCommand::Run { .. }
                        | WorkerCommand::GiveUp { .. }
                        | WorkerCommand::LetGo { .. }
                        | WorkerCommand::TearDown { .. } => {}
                    }
                }
            }
        }
    })
}

pub(super) fn epoch(state: &ClusterState) -> u64 {
    state
        .pipeline_named("p")
        .map_or(0, |pipeline| pipeline.committed.epoch)
}

/// Waits until an epoch has been published.
async fn published(cluster: &Cluster, epoch: u64) {
    let log = ManifestLog::new(cluster.store.clone());
    let began = Instant::now();
    loop {
        let newest = log.newest().await.unwrap().map(|manifest| manifest.epoch);
        if newest >= Some(epoch) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{newest:?} and not {epoch}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_is_a_cluster_and_finds_everything_again() {
    let cluster = Cluster::new(1);
    let node = cluster.start(0).await;
    let id = node.id();
    until(&node, "the node", are_up(1)).await;
    let pipeline = node.propose(Change::Submit(spec("p"))).await.unwrap().granted;
    let refused = node.propose(Change::Submit(spec("p"))).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is a pipeline `p` already");
    node.stop().await;

    let node = cluster.start(0).await;
    assert_eq!(node.id(), id);
    let state = until(&node, "the state", |state| state.pipeline(pipeline).is_some()).await;
    assert_eq!(state.pipeline(pipeline).unwrap().spec, spec("p"));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_take_epochs_and_go_on_when_the_leader_is_lost() {
    let cluster = Cluster::new(3);
    let mut nodes = cluster.start_all().await;
    for node in &mut nodes {
        work(node);
    }
    until(&nodes[0], "three nodes", are_up(3)).await;
    nodes[1].propose(Change::Submit(spec("p"))).await.unwrap();
    let before = until(&nodes[0], "an epoch", |state| epoch(state) >= 2).await;
    let pipeline = before.pipeline_named("p").unwrap();
    assert_eq!(pipeline.assignment.as_ref().unwrap().placements.len(), 3);

    let leader = leader(&nodes).await;
    let lost = nodes.remove(leader);
    let lost_id = lost.id();
    lost.stop().await;
    let (generation, last) = (pipeline.generation, epoch(&before));
    let after = until(&nodes[0], "another generation", |state| {
        let pipeline = state.pipeline_named("p").unwrap();
        pipeline.generation > generation
            && pipeline.committed.generation > generation
            && epoch(state) > last + 1
    })
    .await;
    let assignment = after.pipeline_named("p").unwrap().assignment.clone().unwrap();
    assert!(assignment.placement(lost_id).is_none());
    assert_eq!(assignment.placements.len(), 2);

    // What is committed is published, if not at once.
    published(&cluster, epoch(&after)).await;

    let mut again = cluster.start(leader).await;
    assert_eq!(again.id(), lost_id);
    work(&mut again);
    until(&nodes[0], "the node's return", |state| {
        let assignment = state.pipeline_named("p").unwrap().assignment.clone();
        assignment.is_some_and(|assignment| assignment.placement(lost_id).is_some())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_stops_with_a_last_epoch_and_goes_on_from_it() {
    let cluster = Cluster::new(1);
    let mut node = cluster.start(0).await;
    work(&mut node);
    until(&node, "the node", are_up(1)).await;
    let pipeline = node.propose(Change::Submit(spec("p"))).await.unwrap().granted;
    until(&node, "an epoch", |state| epoch(state) >= 1).await;
    let set = |desired: Desired| {
        Change::SetDesired(SetDesired {
            pipeline,
            desired: desired.into(),
        })
    };
    node.propose(set(Desired::Stopped)).await.unwrap();
    let stopped = until(&node, "rest", |state| {
        state.pipeline(pipeline).unwrap().assignment.is_none()
    })
    .await;
    let last = epoch(&stopped);
    assert_eq!(stopped.pipeline(pipeline).unwrap().delivered["out"], last);
    node.propose(set(Desired::Running)).await.unwrap();
    let running = until(&node, "another epoch", |state| epoch(state) > last).await;
    assert_eq!(running.pipeline(pipeline).unwrap().restored.epoch, last);
    node.propose(set(Desired::Removed)).await.unwrap();
    until(&node, "its end", |state| state.pipeline(pipeline).is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minority_commits_nothing() {
    let cluster = Cluster::new(3);
    let mut nodes = cluster.start_all().await;
    until(&nodes[0], "three nodes", are_up(3)).await;
    for node in nodes.drain(1..) {
        node.stop().await;
    }
    let change = Change::Submit(spec("p"));
    nodes[0]
        .client()
        .propose(change, Duration::from_secs(3))
        .await
        .unwrap_err();
    assert!(nodes[0].state().borrow().pipeline_named("p").is_none());

    let _second = cluster.start(1).await;
    nodes[0].propose(Change::Submit(spec("q"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_says_goodbye_is_neither_missed_nor_waited_for() {
    let cluster = Cluster::new(3);
    let mut nodes = Vec::new();
    for node in 0..3 {
        let mut config = cluster.config(node);
        // Longer than the test: nobody is missed.
        config.overseer.failure_timeout_us = 600_000_000;
        config.overseer.reconnect_us = 600_000_000;
        nodes.push(ClusterNode::start(config).await.unwrap());
    }
    until(&nodes[0], "three nodes", are_up(3)).await;
    let leader = leader(&nodes).await;
    let leaving = nodes.swap_remove(leader);
    leaving.say_goodbye(PATIENCE).await.unwrap();
    assert!(!leaving.is_leader());
    let is_gone = |state: &ClusterState| {
        let member = state.member(leaving.id());
        member.is_some_and(|member| member.standing() == Standing::Down)
    };
    for node in &nodes {
        until(node, "the goodbye", is_gone).await;
    }
    leaving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_the_leader_does_not_wait_for_a_node_that_is_silent() {
    let cluster = Cluster::new(3);
    let nodes = cluster.start_all().await;
    until(&nodes[0], "three nodes", are_up(3)).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = nodes[0].client();
    client.add(silent.local_addr().unwrap().to_string());
    let began = Instant::now();
    // On a busy machine one of the others may be slow, too, but not always.
    let was_waited_for = async || {
        let asked = Instant::now();
        client.find_leader().await.unwrap();
        asked.elapsed() >= ANSWER_WITHIN
    };
    while was_waited_for().await {
        assert!(began.elapsed() < PATIENCE, "it is waited for");
    }
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_that_leaves_and_is_stopped_before_it_has_handed_over_is_gone_for_good() {
    let cluster = Cluster::new(3);
    let mut nodes = cluster.start_all().await;
    until(&nodes[0], "three nodes", are_up(3)).await;
    // Nobody works on it: nothing is ever handed over.
    nodes[0].propose(Change::Submit(spec("p"))).await.unwrap();
    until(&nodes[0], "a generation", |state| {
        let pipeline = state.pipeline_named("p");
        let assignment = pipeline.and_then(|pipeline| pipeline.assignment.as_ref());
        assignment.is_some_and(|assignment| assignment.placements.len() == 3)
    })
    .await;
    let follower = nodes.iter().position(|node| !node.is_leader()).unwrap();
    let leaving = nodes.remove(follower);
    let id = leaving.id();
    leaving
        .propose(Change::Leave(NodeRef { node: id }))
        .await
        .unwrap();
    leaving.say_goodbye(PATIENCE).await.unwrap();
    leaving.stop().await;
    // Of two voters each would have to be there: one votes, and agrees to things alone.
    let voter = timeout(PATIENCE, async {
        loop {
            let view = nodes[0].client().view(PATIENCE).await.unwrap();
            if let [voter] = view.voters[..] {
                return voter;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let voter = voter.await.unwrap();
    let leader = nodes.iter().position(|node| node.id() == voter).unwrap();
    let leader = nodes.swap_remove(leader);
    let state = until(&leader, "the end of the leave", |state| state.is_gone(id)).await;
    let assignment = state.pipeline_named("p").unwrap().assignment.clone().unwrap();
    assert!(assignment.placement(id).is_none());
    for other in nodes {
        other.stop().await;
    }
    leader.propose(Change::Submit(spec("q"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_never_registers_in_another_cluster() {
    let cluster = Cluster::new(1);
    let first = cluster.start(0).await;
    until(&first, "the first", are_up(1)).await;
    let mut other = cluster.config(0);
    other.cluster = "other".into();
    other.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    other.data_directory = cluster.directory("other");
    // Without Raft of its own it does not ask the seeds who they are before it looks for a leader.
    other.can_coordinate = false;
    let other = ClusterNode::start(other).await.unwrap();
    let is_told = |contact: &Contact| {
        let obstacle = contact.obstacle();
        obstacle.is_some_and(|obstacle| obstacle.ends_with("belongs to the cluster `test`, not `other`"))
    };
    let mut contact = other.contact();
    timeout(PATIENCE, contact.wait_for(is_told))
        .await
        .unwrap()
        .unwrap();
    assert!(first.state().borrow().member(other.id()).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_voters_and_other_clusters_are_refused() {
    let cluster = Cluster::new(2);
    let nodes = cluster.start_all().await;
    let mut problem = nodes[0].problem();
    let refused = timeout(
        PATIENCE,
        problem.wait_for(|problem| {
            problem
                .as_deref()
                .is_some_and(|problem| problem.starts_with("two voters"))
        }),
    );
    refused.await.unwrap().unwrap();

    let mut other = cluster.config(0);
    other.cluster = "other".into();
    other.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    other.data_directory = cluster.directory("other");
    let other = ClusterNode::start(other).await.unwrap();
    let mut problem = other.problem();
    let is_named = |problem: &Option<String>| {
        problem
            .as_deref()
            .is_some_and(|problem| problem.contains("belongs to the cluster `test`, not `other`"))
    };
    timeout(PATIENCE, problem.wait_for(is_named))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_that_joins_learns_everything_and_the_number_stays_odd() {
    let cluster = Cluster::new(3);
    let first = Cluster {
        directory: tempfile::tempdir().unwrap(),
        addresses: cluster.addresses[..1].to_vec(),
        store: Arc::clone(&cluster.store),
    };
    let first = first.start(0).await;
    until(&first, "the first", are_up(1)).await;
    first.propose(Change::Submit(spec("p"))).await.unwrap();
    let (second, third) = (cluster.start(1).await, cluster.start(2).await);
    until(&first, "three nodes", are_up(3)).await;
    let voter = |node: &ClusterNode| Voter {
        node: node.id(),
        address: node.address().to_owned(),
    };
    let two = first
        .client()
        .change_voters(vec![voter(&first), voter(&second)])
        .await
        .unwrap_err();
    assert!(two.to_string().starts_with("two voters"), "{two}");
    // The leader makes voters of nodes that may vote, too: while one change is on its way, another one is refused.
    let began = std::time::Instant::now();
    loop {
        let three = vec![voter(&first), voter(&second), voter(&third)];
        match first.client().change_voters(three).await {
            Ok(()) => break,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(60), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until(&third, "the pipeline", |state| {
        state.pipeline_named("p").is_some()
    })
    .await;
    // Two of three go on without the first.
    drop(first);
    second.propose(Change::Submit(spec("q"))).await.unwrap();
    until(&third, "the other pipeline", |state| {
        state.pipeline_named("q").is_some()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_over_tls_refuses_who_has_no_certificate() {
    let tls = tls();
    let cluster = Cluster::new(1);
    let mut config = cluster.config(0);
    config.tls = Some(tls);
    let node = ClusterNode::start(config).await.unwrap();
    until(&node, "the node", are_up(1)).await;
    let plain = crate::consensus::Dialer::new(None, Duration::from_secs(1));
    let stranger = super::ClusterClient::new(plain, vec![node.address().to_owned()]);
    stranger.describe(node.address()).await.unwrap_err();
}

/// One certificate for all, trusted by all, asked of all.
fn tls() -> crate::consensus::ControlTls {
    use rustls::pki_types::{PrivateKeyDer, ServerName};
    let certified = rcgen::generate_simple_self_signed(vec!["node.test".into()]).unwrap();
    let key = || PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let chain = vec![certified.cert.der().clone()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    let roots = Arc::new(roots);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::clone(&roots),
        Arc::clone(&provider),
    );
    let mut server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain.clone(), key())
        .unwrap();
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key())
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec()];
    client.alpn_protocols = vec![b"h2".to_vec()];
    crate::consensus::ControlTls {
        server: Arc::new(server),
        client: Arc::new(client),
        server_name: Some(ServerName::try_from("node.test").unwrap()),
    }
}

#[test]
fn identities_differ() {
    let ids: BTreeSet<u64> = (0..1_000).map(|_| crate::consensus::new_id()).collect();
    assert_eq!(ids.len(), 1_000);
}
