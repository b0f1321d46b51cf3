//! What a run answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::answer::{exposition, plain};
use super::monitor::Monitor;

/// The paths of a run.
pub fn router(monitor: Arc<Monitor>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .fallback(nothing_there)
        .with_state(monitor)
}

async fn metrics(State(monitor): State<Arc<Monitor>>) -> Response {
    exposition(monitor.metrics())
}

async fn livez() -> Response {
    plain(StatusCode::OK, "ok\n".to_owned())
}

async fn readyz(State(monitor): State<Arc<Monitor>>) -> Response {
    readiness(&monitor.obstacles())
}

async fn nothing_there() -> Response {
    let there_is = "there are /metrics, /livez and /readyz\n".to_owned();
    plain(StatusCode::NOT_FOUND, there_is)
}

/// Ready, or why not.
pub fn readiness(obstacles: &[String]) -> Response {
    match obstacles {
        [] => plain(StatusCode::OK, "ok\n".to_owned()),
        obstacles => plain(StatusCode::SERVICE_UNAVAILABLE, obstacles.join("\n") + "\n"),
    }
}
