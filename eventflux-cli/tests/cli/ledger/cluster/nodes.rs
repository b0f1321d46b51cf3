//! Processes that are a cluster.

use std::fs::File;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use eventflux_core::testing::free_ports;
use serde_json::Value;

use super::network::{Kind, Network};
use crate::command::{Outcome, Workplace, signal};

/// How often somebody looks whether a cluster is where it is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Whoever has not come to where it is waited for by then will not.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Nodes of one cluster, joined by a network of the test.
pub struct Nodes {
    pub place: Workplace,
    pub network: Network,
    children: Vec<Option<Child>>,
    admin_ports: Vec<u16>,
}

impl Nodes {
    /// So many nodes with the state of pipelines in this store; all of them are up.
    pub fn start(count: usize, kind: Kind, store: &str) -> Self {
        let (place, network) = (Workplace::new(), Network::new(kind, count));
        let ports: Vec<[u16; 3]> = (0..count).map(|_| free_ports(3).try_into().unwrap()).collect();
        let hosts: Vec<[String; 2]> = (0..count).map(|node| network.hosts(node)).collect();
        let seeds: Vec<String> = ports
            .iter()
            .zip(&hosts)
            .map(|([control, ..], [host, _])| format!("{host}:{control}"))
            .collect();
        for (node, ([control, data, admin], [host, bind])) in ports.iter().zip(&hosts).enumerate() {
            let yaml = format!(
                "apiVersion: eventflux.io/v1
kind: EventFluxConfig
eventflux:
  run: {{listen: '127.0.0.1:{admin}'}}
  distributed:
    node:
      node_id: node-{name}
      endpoints: ['{host}:{control}', '{host}:{data}']
      bind: {bind}
      data_dir: node-{name}
    cluster: {{cluster_name: ledger, seed_nodes: [{seeds}], heartbeat_interval: 200ms, failure_timeout: 1500ms}}
    transport: {{pool_size: 1}}
    coordination: {{election_timeout: 500ms}}
    state_backend: {{{store}, checkpoint_interval: 100ms}}
",
                name = node + 1,
                seeds = seeds.join(", "),
            );
            place.write(&format!("node-{}.yaml", node + 1), yaml);
            network.carry(node, *control);
            network.carry(node, *data);
        }
        let mut nodes = Self {
            place,
            network,
            children: (0..count).map(|_| None).collect(),
            admin_ports: ports.iter().map(|[.., admin]| *admin).collect(),
        };
        (0..count).for_each(|node| nodes.start_node(node));
        nodes.wait_for("all nodes to be up", |nodes| nodes.up_count() == Some(count));
        nodes
    }

    pub fn count(&self) -> usize {
        self.children.len()
    }

    pub fn start_node(&mut self, node: usize) {
        let name = format!("node-{}", node + 1);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.place.path(&format!("{name}.log")))
            .unwrap();
        let command = self
            .place
            .command(&["node", "--config", &format!("{name}.yaml"), "-v"]);
        let child = self
            .network
            .on(node, command)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.network.set_process(node, child.id());
        self.children[node] = Some(child);
    }

    /// `kill -9`.
    pub fn kill(&mut self, node: usize) {
        if let Some(mut child) = self.children[node].take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn is_running(&self, node: usize) -> bool {
        self.children[node].is_some()
    }

    /// The process stands still, or goes on.
    pub fn signal(&self, node: usize, name: &str) {
        if let Some(child) = &self.children[node] {
            signal(child, name);
        }
    }

    /// The leader, if one is known to anybody.
    pub fn leader(&self) -> Option<usize> {
        let status = self.ask(&["cluster", "status"])?;
        let name = status["leader"]["name"].as_str()?;
        let number: usize = name.strip_prefix("node-")?.parse().ok()?;
        Some(number - 1)
    }

    pub fn up_count(&self) -> Option<usize> {
        let status = self.ask(&["cluster", "status"])?;
        usize::try_from(status["nodes_up"].as_u64()?).ok()
    }

    /// What is known of a pipeline.
    pub fn pipeline(&self, name: &str) -> Option<Value> {
        let list = self.ask(&["pipeline", "list"])?;
        let mut pipelines = list["pipelines"].as_array()?.iter();
        pipelines.find(|pipeline| pipeline["name"] == name).cloned()
    }

    /// What a pipeline is doing, in a word.
    pub fn state(&self, name: &str) -> Option<String> {
        Some(self.pipeline(name)?["state"].as_str()?.to_owned())
    }

    pub fn submit(&self, name: &str, parallelism: u64, more: &[&str]) {
        let parallelism = parallelism.to_string();
        let submit = [
            "pipeline",
            "submit",
            "app.sql",
            "--name",
            name,
            "-p",
            &parallelism,
        ];
        self.run(0, &[&submit[..], more].concat()).exits(0);
    }

    /// A command to a node, given where the node is.
    pub fn run(&self, node: usize, arguments: &[&str]) -> Outcome {
        let url = self.url(node);
        let command = self.place.command(&[arguments, &["--url", &url]].concat());
        Outcome::of(self.network.on(node, command).output().unwrap())
    }

    /// Asks one node after the other.
    fn ask(&self, arguments: &[&str]) -> Option<Value> {
        (0..self.count())
            .filter(|node| self.is_running(*node))
            .find_map(|node| {
                let outcome = self.run(node, &[arguments, &["--json"]].concat());
                let answer: Value = serde_json::from_str(&outcome.stdout).ok()?;
                (outcome.code == Some(0) && answer["is_current"] != false).then_some(answer)
            })
    }

    fn url(&self, node: usize) -> String {
        format!("http://127.0.0.1:{}", self.admin_ports[node])
    }

    pub fn wait_for(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(
                began.elapsed() < PATIENCE,
                "waited in vain for {what}\n{}",
                self.logs()
            );
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// What the nodes said last.
    pub fn logs(&self) -> String {
        let logs = (1..=self.count()).map(|node| {
            let log = self.place.read(&format!("node-{node}.log"));
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(40)..].join("\n");
            format!("==> node-{node}\n{last}\n")
        });
        logs.collect()
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        (0..self.count()).for_each(|node| self.kill(node));
    }
}
