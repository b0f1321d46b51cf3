//! Whether a node and its cluster work: `/livez`, `/readyz`, `GET /v1/health`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use eventflux_distributed::cluster_node::ClusterView;
use eventflux_distributed::coordinator::Standing;

use super::model::Health;
use super::refusal::Refusal;
use super::service::{Service, pipeline_problem, separation};
use crate::config::value::without_passwords;
use crate::listen::{plain, readiness};

/// 200 while the process serves.
pub async fn livez() -> Response {
    plain(StatusCode::OK, "ok\n".to_owned())
}

/// 200 when the node takes part in its cluster, otherwise 503 and why.
pub async fn readyz(State(service): State<Service>) -> Response {
    readiness(&obstacles(&service, &service.view().await))
}

/// Why this node does not take part, or not with all of its work.
fn obstacles(service: &Service, view: &Result<ClusterView, Refusal>) -> Vec<String> {
    let node = service.cluster();
    let view = match view {
        Ok(view) => view,
        Err(refusal) => return vec![refusal.message().to_owned()],
    };
    if let Some(problem) = separation(node, view) {
        return vec![problem];
    }
    match view.state.member(node.id()).map(|member| member.standing()) {
        Some(Standing::Up) => troubles(service),
        Some(Standing::Leaving) => vec!["this node is leaving the cluster".to_owned()],
        Some(Standing::Down) => vec!["the leader does not hear this node".to_owned()],
        None => vec!["this node is not registered yet, or has left".to_owned()],
    }
}

/// What holds up the parts of pipelines that run here.
fn troubles(service: &Service) -> Vec<String> {
    let troubles = service.node().troubles().into_iter();
    let lines = troubles.flat_map(|(pipeline, troubles)| {
        let told = troubles.into_iter();
        told.map(move |trouble| format!("pipeline `{pipeline}`: {}: {}", trouble.place, trouble.message))
    });
    lines.map(|line| without_passwords(&line)).collect()
}

/// Whether the cluster works
///
/// `/livez` and `/readyz` are about one node, and are answered without a token.
#[utoipa::path(
    get,
    path = "/v1/health",
    operation_id = "cluster_health",
    tag = "cluster",
    security(("viewer" = [])),
    responses(
        (status = 200, description = "There is nothing to do", body = Health),
        (status = 503, description = "Somebody has to do something", body = Health)
    )
)]
pub async fn health(State(service): State<Service>) -> Response {
    let view = service.view().await;
    let mut problems = obstacles(&service, &view);
    if let Ok(view) = &view {
        let down = view
            .state
            .members()
            .filter(|member| member.standing() == Standing::Down);
        problems.extend(down.map(|member| format!("node `{}` is not reached", member.spec.name)));
        let pipelines = view.state.pipelines();
        problems.extend(pipelines.filter_map(|pipeline| pipeline_problem(&view.state, pipeline)));
    }
    let health = Health {
        is_healthy: problems.is_empty(),
        problems,
    };
    let status = match health.is_healthy {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(health)).into_response()
}
