//! State, and what joins nodes.

use eventflux::connector::ResolveReference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Admin, Cluster, Coordination, Node, StateBackend, Transport};
use crate::config::Process;
use crate::config::value::Endpoint;

/// State, and what joins nodes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Distributed {
    /// This node. `node_id: x` is short for `node: {node_id: x}`
    pub node: Node,

    /// Which nodes there are
    pub cluster: Cluster,

    /// How nodes send rows to each other. `transport: grpc` is short for `transport: {implementation: grpc}`
    pub transport: Transport,

    /// Where checkpoints are kept, on one node, too. `state_backend: memory` is short for `state_backend: {implementation: memory}`, and
    /// it may also stand directly below `eventflux`
    pub state_backend: StateBackend,

    /// How nodes agree
    pub coordination: Coordination,

    /// Who may command the cluster over HTTP
    pub admin: Admin,
}

/// The port of a control plane that none is given for.
const CONTROL_PORT: u16 = 8080;

impl Distributed {
    /// What people call this node.
    pub fn node_name(&self) -> String {
        let given = self.node.node_id.clone();
        let host = || Process.env("HOSTNAME").filter(|name| !name.is_empty());
        given.or_else(host).unwrap_or_else(|| "node".to_owned())
    }

    /// Where others reach its control plane.
    pub fn control_endpoint(&self) -> Endpoint {
        let given = self.node.endpoints.0.first().or_else(|| self.own_seed());
        given.cloned().unwrap_or_else(|| Endpoint {
            host: "127.0.0.1".to_owned(),
            port: CONTROL_PORT,
        })
    }

    /// The seed node whose host is the node's id, or begins with it: `node-0.eventflux.svc`.
    pub fn own_seed(&self) -> Option<&Endpoint> {
        let name = self.node_name();
        let is_own = |seed: &&Endpoint| {
            let rest = seed.host.strip_prefix(&name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.cluster.seed_nodes.0.iter().find(is_own)
    }

    /// Where others reach its data plane.
    pub fn data_endpoint(&self) -> Endpoint {
        self.node.endpoints.0.get(1).cloned().unwrap_or_else(|| {
            let control = self.control_endpoint();
            Endpoint {
                port: control.port.saturating_add(1),
                ..control
            }
        })
    }

    /// The seed nodes but this one.
    pub fn seeds_elsewhere(&self) -> impl Iterator<Item = &Endpoint> {
        let own = self.control_endpoint();
        self.cluster.seed_nodes.0.iter().filter(move |seed| **seed != own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::{List, TextValue};

    fn distributed(name: &str, endpoints: &[&str], seeds: &[&str]) -> Distributed {
        let list = |texts: &[&str]| List(texts.iter().map(|text| Endpoint::parse(text).unwrap()).collect());
        let mut distributed = Distributed::default();
        distributed.node.node_id = Some(name.to_owned());
        distributed.node.endpoints = list(endpoints);
        distributed.cluster.seed_nodes = list(seeds);
        distributed
    }

    #[track_caller]
    fn check(distributed: &Distributed, control: &str, data: &str, elsewhere: &str) {
        assert_eq!(distributed.control_endpoint().to_string(), control);
        assert_eq!(distributed.data_endpoint().to_string(), data);
        let seeds: Vec<String> = distributed.seeds_elsewhere().map(ToString::to_string).collect();
        assert_eq!(seeds.join(" "), elsewhere);
    }

    #[test]
    fn a_node_is_where_its_endpoints_are() {
        check(&distributed("a", &["h:1"], &["h:1", "i:2"]), "h:1", "h:2", "i:2");
        check(&distributed("a", &["h:1", "g:9"], &["i:2"]), "h:1", "g:9", "i:2");
    }

    #[test]
    fn a_node_without_endpoints_is_the_seed_of_its_name() {
        let seeds = ["n-1:8080", "n-0.svc.local:7000", "n-10:8080"];
        check(
            &distributed("n-1", &[], &seeds),
            "n-1:8080",
            "n-1:8081",
            "n-0.svc.local:7000 n-10:8080",
        );
        check(
            &distributed("n-0", &[], &seeds),
            "n-0.svc.local:7000",
            "n-0.svc.local:7001",
            "n-1:8080 n-10:8080",
        );
        check(
            &distributed("n", &[], &[]),
            "127.0.0.1:8080",
            "127.0.0.1:8081",
            "",
        );
    }
}
