//! The paths.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};

use super::access::{Role, Tokens, require};
use super::body::BODY_BYTES_MAX;
use super::refusal::Refusal;
use super::service::Service;
use super::{
    browser, checkpoints, cluster, document, health, metrics, nodes, partitions, pipelines, placement, state,
    stopping, taking,
};

/// All paths of a node. `is_exposed`: somebody has allowed that other machines ask.
pub fn router(service: Service, tokens: Tokens, is_exposed: bool) -> Router {
    let is_open = tokens.is_empty() && !is_exposed;
    let tokens = Arc::new(tokens);
    let needs = |role: Role| from_fn_with_state((Arc::clone(&tokens), role), require);
    Router::new()
        .merge(open())
        .merge(for_viewers().route_layer(needs(Role::Viewer)))
        .merge(for_operators().route_layer(needs(Role::Operator)))
        .merge(for_admins().route_layer(needs(Role::Admin)))
        .fallback(nothing_there)
        .method_not_allowed_fallback(other_methods)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(is_open, browser::guard))
        .with_state(service)
}

fn open() -> Router<Service> {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/v1/openapi.json", get(document::document))
}

fn for_viewers() -> Router<Service> {
    Router::new()
        .route("/metrics", get(metrics::metrics))
        .route("/v1/cluster", get(cluster::status))
        .route("/v1/health", get(health::health))
        .route("/v1/metrics", get(metrics::of_cluster))
        .route("/v1/nodes", get(nodes::list))
        .route("/v1/nodes/{node}", get(nodes::one))
        .route("/v1/pipelines", get(pipelines::list))
        .route("/v1/pipelines/{name}", get(pipelines::one))
        .route("/v1/pipelines/{name}/placement", get(placement::placement))
        .route("/v1/pipelines/{name}/partitions", get(partitions::partitions))
        .route("/v1/pipelines/{name}/checkpoints", get(checkpoints::checkpoints))
}

fn for_operators() -> Router<Service> {
    Router::new()
        .route("/v1/pipelines", post(pipelines::submit))
        .route("/v1/pipelines/{name}", delete(stopping::remove))
        .route("/v1/pipelines/{name}/checkpoints", post(taking::take))
        .route("/v1/pipelines/{name}/sql", get(pipelines::sql))
        .route("/v1/pipelines/{name}/state", get(state::state))
        .route("/v1/pipelines/{name}/stop", post(stopping::stop))
        .route("/v1/pipelines/{name}/restart", post(stopping::restart))
}

fn for_admins() -> Router<Service> {
    Router::new()
        .route("/v1/nodes/{node}", delete(nodes::remove))
        .route("/v1/nodes/{node}/leave", post(nodes::leave))
}

async fn nothing_there(uri: Uri) -> Refusal {
    let message = format!("there is no `{}`", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, "unknown-path", message)
        .help("there are /metrics, /livez, /readyz, and what /v1/openapi.json describes")
}

async fn other_methods(uri: Uri) -> Refusal {
    let message = format!("`{}` is there, but not with this method", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "unknown-method", message)
        .help("/v1/openapi.json says which it has")
}
