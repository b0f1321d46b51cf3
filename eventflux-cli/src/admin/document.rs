//! The API's own document: OpenAPI, made from the handlers.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    checkpoints, cluster, health, metrics, model, nodes, partitions, pipelines, placement, state, stopping,
    taking,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "EventFlux admin API",
        description = "What a node of a cluster answers over HTTP. Every node answers everything, whoever leads. Where tokens are configured, each request needs one: `Authorization: Bearer TOKEN`, with the role that the operation names or a higher one (viewer < operator < admin)."
    ),
    paths(
        cluster::status,
        health::health,
        metrics::of_cluster,
        nodes::list,
        nodes::one,
        nodes::leave,
        nodes::remove,
        pipelines::list,
        pipelines::one,
        pipelines::sql,
        pipelines::submit,
        stopping::stop,
        stopping::restart,
        stopping::remove,
        placement::placement,
        partitions::partitions,
        checkpoints::checkpoints,
        taking::take,
        state::state,
    ),
    components(schemas(model::Problem)),
    tags(
        (name = "cluster", description = "The cluster as a whole"),
        (name = "nodes", description = "Its nodes"),
        (name = "pipelines", description = "What it runs")
    ),
    modifiers(&Roles)
)]
struct Document;

/// One scheme per role, so that an operation can say which one it needs.
struct Roles;

impl Modify for Roles {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for role in ["viewer", "operator", "admin"] {
            let mut bearer = Http::new(HttpAuthScheme::Bearer);
            bearer.description = Some(format!("a token with the role {role} or a higher one"));
            components.add_security_scheme(role, SecurityScheme::Http(bearer));
        }
    }
}

/// The document, as JSON.
pub fn text() -> String {
    let written = serde_json::to_value(Document::openapi()).map(|document| format!("{document:#}\n"));
    // It is made of values that JSON has.
    written.unwrap_or_default()
}

/// `GET /v1/openapi.json`
pub async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], text()).into_response()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use eventflux_core::testing::assert_page;

    #[test]
    fn the_document_is_up_to_date() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/openapi.json");
        assert_page(
            &page,
            &super::text(),
            "cargo test -p eventflux-cli admin::document",
        );
    }
}
