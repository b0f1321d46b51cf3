//! `GET /v1/cluster`.

use axum::Json;
use axum::extract::State;
use eventflux_distributed::cluster_node::ClusterView;
use eventflux_distributed::coordinator::Standing;

use super::model::{ClusterStatus, NodeName, Problem};
use super::refusal::Refusal;
use super::service::{Service, node_name, separation, shown_id};

/// The cluster as a whole
#[utoipa::path(
    get,
    path = "/v1/cluster",
    operation_id = "cluster_status",
    tag = "cluster",
    security(("viewer" = [])),
    responses(
        (status = 200, description = "The cluster", body = ClusterStatus),
        (status = 503, description = "No node that coordinates answers", body = Problem)
    )
)]
pub async fn status(State(service): State<Service>) -> Result<Json<ClusterStatus>, Refusal> {
    let view = service.view().await?;
    let state = &view.state;
    let count = |standing| {
        state
            .members()
            .filter(|member| member.standing() == standing)
            .count()
    };
    let cluster = service.cluster();
    Ok(Json(ClusterStatus {
        name: shown_name(state.cluster(), cluster.cluster()).to_owned(),
        is_current: view.is_current,
        leader: view.leader.as_ref().map(|leader| node_name(state, leader.node)),
        term: view.term,
        problem: problem(&service, &view),
        nodes_min: state.nodes_min(),
        nodes_up: count(Standing::Up),
        nodes_down: count(Standing::Down),
        nodes_leaving: count(Standing::Leaving),
        voters: view.voters.iter().map(|node| node_name(state, *node)).collect(),
        pipelines: state.pipelines().count(),
        answered_by: NodeName {
            node: shown_id(cluster.id()),
            name: cluster.name().to_owned(),
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }))
}

/// The name that the cluster has agreed on; before it has, the one that this node looks for.
fn shown_name<'a>(agreed: &'a str, wanted: &'a str) -> &'a str {
    match agreed {
        "" => wanted,
        agreed => agreed,
    }
}

/// What somebody has to do something about.
fn problem(service: &Service, view: &ClusterView) -> Option<String> {
    if let Some(problem) = separation(service.cluster(), view) {
        return Some(problem);
    }
    let nodes_min = view.state.nodes_min() as usize;
    let workers = view.state.workers().count();
    (workers < nodes_min)
        .then(|| format!("{nodes_min} nodes have to be up for pipelines to run, and {workers} are"))
}
