//! `/v1/nodes`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use eventflux_distributed::cluster_node::ClusterView;
use eventflux_distributed::coordinator::{self, Change, ClusterState, NodeRef};

use super::body::Named;
use super::model::{Member, MemberList, Problem, Standing};
use super::refusal::Refusal;
use super::service::{Service, member, shown_id};

/// All nodes
#[utoipa::path(
    get,
    path = "/v1/nodes",
    operation_id = "list_nodes",
    tag = "nodes",
    security(("viewer" = [])),
    responses(
        (status = 200, description = "The nodes, by name", body = MemberList),
        (status = 503, description = "No node that coordinates answers", body = Problem)
    )
)]
pub async fn list(State(service): State<Service>) -> Result<Json<MemberList>, Refusal> {
    let view = service.view().await?;
    let mut nodes: Vec<Member> = view.state.members().map(|known| shown(&view, known)).collect();
    nodes.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Json(MemberList {
        is_current: view.is_current,
        nodes,
    }))
}

/// One node
#[utoipa::path(
    get,
    path = "/v1/nodes/{node}",
    operation_id = "get_node",
    tag = "nodes",
    params(("node" = String, Path, description = "Its name or its id")),
    security(("viewer" = [])),
    responses(
        (status = 200, description = "The node", body = Member),
        (status = 404, description = "There is no such node", body = Problem)
    )
)]
pub async fn one(State(service): State<Service>, Named(node): Named) -> Result<Json<Member>, Refusal> {
    let view = service.view().await?;
    Ok(Json(shown(&view, member(&view.state, &node)?)))
}

/// Have a node hand over what it runs, and leave
///
/// It is removed when others have taken over. It can join again only as a new node, with an empty data directory.
#[utoipa::path(
    post,
    path = "/v1/nodes/{node}/leave",
    operation_id = "leave_node",
    tag = "nodes",
    params(("node" = String, Path, description = "Its name or its id")),
    security(("admin" = [])),
    responses(
        (status = 202, description = "It is leaving", body = Member),
        (status = 404, description = "There is no such node", body = Problem),
        (status = 409, description = "It is not reached, or nobody could take over", body = Problem)
    )
)]
pub async fn leave(
    State(service): State<Service>,
    Named(node): Named,
) -> Result<(StatusCode, Json<Member>), Refusal> {
    let view = service.view().await?;
    let known = member(&view.state, &node)?;
    if known.standing() == coordinator::Standing::Down && !known.is_leaving() {
        let message = format!(
            "node `{}` is not reached, so it cannot hand over",
            known.spec.name
        );
        return Err(Refusal::unready(message).help(format!(
            "if it is gone for good: `eventflux cluster remove {}`",
            known.spec.name
        )));
    }
    check_rest(&view, known)?;
    let id = known.spec.node;
    service.propose(Change::Leave(NodeRef { node: id })).await?;
    let mut left = shown(&view, known);
    left.standing = Standing::Leaving;
    Ok((StatusCode::ACCEPTED, Json(left)))
}

/// Forget a node that is gone for good
///
/// Its id is never used again. A node that is up leaves (`POST /v1/nodes/{node}/leave`), and need not be removed.
#[utoipa::path(
    delete,
    path = "/v1/nodes/{node}",
    operation_id = "remove_node",
    tag = "nodes",
    params(("node" = String, Path, description = "Its name or its id")),
    security(("admin" = [])),
    responses(
        (status = 200, description = "It is forgotten", body = Member),
        (status = 404, description = "There is no such node", body = Problem),
        (status = 409, description = "It is up", body = Problem)
    )
)]
pub async fn remove(State(service): State<Service>, Named(node): Named) -> Result<Json<Member>, Refusal> {
    let view = service.view().await?;
    let known = member(&view.state, &node)?;
    if known.standing() == coordinator::Standing::Up {
        let message = format!("node `{}` is up, and would lose what it runs", known.spec.name);
        return Err(Refusal::unready(message).help(format!(
            "have it hand over: `eventflux cluster leave {}`; or stop it first",
            known.spec.name
        )));
    }
    check_rest(&view, known)?;
    let id = known.spec.node;
    service.propose(Change::Remove(NodeRef { node: id })).await?;
    Ok(Json(shown(&view, known)))
}

/// Somebody has to be left who votes.
fn check_rest(view: &ClusterView, leaving: &coordinator::Member) -> Result<(), Refusal> {
    let id = leaving.spec.node;
    let has_others = view.state.members().any(|other| {
        other.spec.node != id && other.spec.can_coordinate && other.standing() == coordinator::Standing::Up
    });
    match view.voters.contains(&id) && !has_others {
        true => Err(Refusal::unready(format!(
            "node `{}` is the only one that is up and can coordinate",
            leaving.spec.name
        ))
        .help("let another node with `can_coordinate: true` join first")),
        false => Ok(()),
    }
}

fn shown(view: &ClusterView, member: &coordinator::Member) -> Member {
    let spec = &member.spec;
    Member {
        node: shown_id(spec.node),
        name: spec.name.clone(),
        standing: match member.standing() {
            coordinator::Standing::Up => Standing::Up,
            coordinator::Standing::Down => Standing::Down,
            coordinator::Standing::Leaving => Standing::Leaving,
        },
        is_leader: view
            .leader
            .as_ref()
            .is_some_and(|leader| leader.node == spec.node),
        is_voter: view.voters.contains(&spec.node),
        can_coordinate: spec.can_coordinate,
        can_process: spec.can_process,
        can_store_state: spec.can_store_state,
        control_address: spec.control_address.clone(),
        data_address: spec.data_address.clone(),
        weight: spec.weight.max(1),
        incarnation: member.incarnation,
        pipelines: pipelines_of(&view.state, spec.node),
    }
}

fn pipelines_of(state: &ClusterState, node: u64) -> Vec<String> {
    let of_node = state.pipelines().filter(|pipeline| {
        let assignment = pipeline.assignment.as_ref();
        assignment.is_some_and(|assignment| assignment.placement(node).is_some())
    });
    let mut names: Vec<String> = of_node.map(|pipeline| pipeline.spec.name.clone()).collect();
    names.sort();
    names
}
