//! What handlers work with.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use eventflux::sql::diagnostic::did_you_mean;
use eventflux::state::store::CheckpointStore;
use eventflux_distributed::cluster_node::{ClusterClient, ClusterNode, ClusterView};
use eventflux_distributed::coordinator::{
    Change, ClusterState, Member, NodeId, Outcome, Pipeline, PipelineSpec,
};
use eventflux_distributed::node::Node;

use super::model::NodeName;
use super::refusal::Refusal;

/// A leader gets so long to say what is agreed on, before what another node knows is shown.
const LOOK_WITHIN: Duration = Duration::from_secs(3);

/// A change gets so long to be agreed on.
const AGREE_WITHIN: Duration = Duration::from_secs(10);

/// The API of one node.
#[derive(Clone)]
pub struct Service {
    node: Arc<Node>,
    /// With connections of its own: those of the node live in another runtime.
    client: ClusterClient,
}

impl Service {
    /// Of a node.
    pub fn new(node: Arc<Node>) -> Self {
        let client = node.cluster().client().apart();
        Self { node, client }
    }

    /// The node that answers.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Its part of the cluster.
    pub fn cluster(&self) -> &ClusterNode {
        self.node.cluster()
    }

    /// The way to the cluster.
    pub fn client(&self) -> &ClusterClient {
        &self.client
    }

    /// What is agreed on.
    pub async fn view(&self) -> Result<ClusterView, Refusal> {
        let view = self.client.view(LOOK_WITHIN).await;
        view.map_err(|error| match self.cluster().problem().borrow().clone() {
            // It knows better than "nobody answers" what there is to do.
            Some(problem) => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-cluster", problem),
            None => error.into(),
        })
    }

    /// Opens the state of a pipeline.
    pub async fn open_store(&self, spec: &PipelineSpec) -> eventflux::Result<Arc<dyn CheckpointStore>> {
        // What blocks must not hold the node: it may be stopped meanwhile.
        let (open, spec) = (self.node.store_opener(), spec.clone());
        let opening = tokio::task::spawn_blocking(move || open(&spec));
        opening
            .await
            .map_err(|error| eventflux::Error::Bug(format!("a store cannot be opened: {error}")))?
    }

    /// Puts a change through.
    pub async fn propose(&self, change: Change) -> Result<Outcome, Refusal> {
        let proposed = self.client.propose(change, AGREE_WITHIN).await;
        proposed.map_err(|error| Refusal::from(error).may_be_done())
    }
}

/// A pipeline by its name.
pub fn pipeline<'a>(state: &'a ClusterState, name: &str) -> Result<&'a Pipeline, Refusal> {
    state.pipeline_named(name).ok_or_else(|| {
        let names: Vec<&str> = state
            .pipelines()
            .map(|pipeline| pipeline.spec.name.as_str())
            .collect();
        let help = match (did_you_mean(name, names.iter().copied()), names.is_empty()) {
            (Some(help), _) => help,
            (None, true) => "there are no pipelines".to_owned(),
            (None, false) => format!("there are: {}", listed(&names)),
        };
        let message = format!("there is no pipeline `{name}`");
        Refusal::new(StatusCode::NOT_FOUND, "unknown-pipeline", message).help(help)
    })
}

/// A node by its name or its id.
pub fn member<'a>(state: &'a ClusterState, name: &str) -> Result<&'a Member, Refusal> {
    let id = NodeId::from_str_radix(name, 16).ok().filter(|_| name.len() == 16);
    let by_name = state.members().find(|member| member.spec.name == name);
    let found = by_name.or_else(|| state.member(id?));
    found.ok_or_else(|| {
        if id.is_some_and(|id| state.is_gone(id)) {
            let message = format!("node `{name}` has left for good");
            return Refusal::new(StatusCode::NOT_FOUND, "unknown-node", message);
        }
        let names: Vec<&str> = state.members().map(|member| member.spec.name.as_str()).collect();
        let help = did_you_mean(name, names.iter().copied());
        let help = help.unwrap_or_else(|| format!("there are: {}", listed(&names)));
        let message = format!("there is no node `{name}`");
        Refusal::new(StatusCode::NOT_FOUND, "unknown-node", message).help(help)
    })
}

/// Names in their order, not too many.
fn listed(names: &[&str]) -> String {
    const SHOWN_MAX: usize = 10;
    let mut names = names.to_vec();
    names.sort_unstable();
    let mut text = names
        .iter()
        .take(SHOWN_MAX)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN_MAX {
        text.push_str(&format!(" and {} more", names.len() - SHOWN_MAX));
    }
    text
}

/// A node's id as it is shown.
pub fn shown_id(node: NodeId) -> String {
    format!("{node:016x}")
}

/// What people call a node; its id if it is not known any more.
pub fn name_of(state: &ClusterState, node: NodeId) -> String {
    state
        .member(node)
        .map_or_else(|| shown_id(node), |member| member.spec.name.clone())
}

/// A node by its id, as it is shown.
pub fn node_name(state: &ClusterState, node: NodeId) -> NodeName {
    NodeName {
        node: shown_id(node),
        name: name_of(state, node),
    }
}

/// What somebody has to do about a pipeline.
pub fn pipeline_problem(state: &ClusterState, pipeline: &Pipeline) -> Option<String> {
    // One that has never run, and could, is placed in a moment.
    if pipeline.generation == 0
        && pipeline.failure.is_empty()
        && super::pipelines::missing(state, pipeline).is_none()
    {
        return None;
    }
    let reason = super::pipelines::reason(state, pipeline)?;
    Some(format!("pipeline `{}`: {reason}", pipeline.spec.name))
}

/// What keeps a node from the rest of its cluster, as it knows it and as the cluster's state says.
pub fn separation(node: &ClusterNode, view: &ClusterView) -> Option<String> {
    // Before there is a cluster, the node itself knows what keeps it from being formed.
    if !view.is_current && !view.state.cluster().is_empty() {
        return Some("no leader: more than half of the voters have to be up".to_owned());
    }
    let problem = node.problem().borrow().clone();
    problem.or_else(|| (!view.is_current).then(|| "there is no cluster yet".to_owned()))
}
