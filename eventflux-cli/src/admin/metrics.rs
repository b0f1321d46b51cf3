//! Metrics of one node (`/metrics`) and of the whole cluster from any node (`GET /v1/metrics`).

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use axum::extract::State;
use axum::response::Response;
use eventflux::metrics::{LabelledSnapshot, exposition_of};
use eventflux_distributed::coordinator::Standing;
use eventflux_distributed::node::Node;
use tokio::task::JoinSet;

use super::model::Problem;
use super::refusal::Refusal;
use super::service::Service;
use crate::listen::exposition;

/// Whether a node has answered for its metrics.
const NODE_UP: &str = "eventflux_node_up";

/// What one node measures; every line bears its name.
pub fn of_node(node: &Node) -> String {
    let pipelines = node.metrics();
    let name = node.cluster().name();
    let labelled: Vec<_> = pipelines
        .iter()
        .map(|(pipeline, snapshot)| LabelledSnapshot {
            labels: vec![("node", name), ("app", pipeline.as_str())],
            snapshot,
        })
        .collect();
    exposition_of(&labelled)
}

/// Has a node tell others what it measures.
pub fn serve(node: &Arc<Node>) {
    // The node holds what it serves, so what it serves must not hold the node.
    let weak: Weak<Node> = Arc::downgrade(node);
    let source = move || weak.upgrade().map(|node| of_node(&node)).unwrap_or_default();
    node.cluster().serve_metrics(Arc::new(source));
}

/// Metrics of this node.
pub async fn metrics(State(service): State<Service>) -> Response {
    exposition(of_node(service.node()))
}

/// Metrics of the whole cluster
///
/// In Prometheus' text format (0.0.4); every line bears the label `node`. `eventflux_node_up` is 0 for nodes that do not answer.
#[utoipa::path(
    get,
    path = "/v1/metrics",
    operation_id = "cluster_metrics",
    tag = "cluster",
    security(("viewer" = [])),
    responses(
        (status = 200, description = "All metrics of all nodes", body = String, content_type = "text/plain"),
        (status = 503, description = "No node that coordinates answers", body = Problem)
    )
)]
pub async fn of_cluster(State(service): State<Service>) -> Result<Response, Refusal> {
    let view = service.view().await?;
    let own = service.cluster().id();
    let mut asked = JoinSet::new();
    for member in view.state.members() {
        let (service, name, address) = (
            service.clone(),
            member.spec.name.clone(),
            member.spec.control_address.clone(),
        );
        let (is_own, standing) = (member.spec.node == own, member.standing());
        asked.spawn(async move {
            let text = match (is_own, standing) {
                (true, _) => Some(of_node(service.node())),
                (false, Standing::Down) => None,
                (false, _) => service.client().metrics(&address).await.ok(),
            };
            (name, text)
        });
    }
    let mut texts = Vec::new();
    // What has panicked was reported by its hook.
    while let Some(text) = asked.join_next().await {
        texts.extend(text.ok());
    }
    texts.sort();
    Ok(exposition(together(&texts)))
}

/// One text of those of nodes: of each metric all lines stand together, as the format demands.
fn together(nodes: &[(String, Option<String>)]) -> String {
    let mut order = Vec::new();
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    for text in nodes.iter().filter_map(|(_, text)| text.as_deref()) {
        let mut name = String::new();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let of = comment.split(' ').nth(1).unwrap_or_default();
                if of != name {
                    name = of.to_owned();
                }
            }
            let family = families.entry(name.clone()).or_insert_with(|| {
                order.push(name.clone());
                Family::default()
            });
            family.take(line);
        }
    }
    let mut text = format!("# HELP {NODE_UP} Whether the node answers.\n# TYPE {NODE_UP} gauge\n");
    for (node, answer) in nodes {
        let name = node
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        text.push_str(&format!(
            "{NODE_UP}{{node=\"{name}\"}} {}\n",
            u8::from(answer.is_some())
        ));
    }
    for family in order.iter().filter_map(|name| families.get(name)) {
        for line in family.head.iter().chain(&family.values) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The lines of one metric.
#[derive(Default)]
struct Family {
    /// What the first node says of it.
    head: Vec<String>,
    values: Vec<String>,
}

impl Family {
    fn take(&mut self, line: &str) {
        match line.starts_with('#') {
            false => self.values.push(line.to_owned()),
            true => {
                let kind = line.split(' ').nth(1);
                if !self.head.iter().any(|known| known.split(' ').nth(1) == kind) {
                    self.head.push(line.to_owned());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_metric_stand_together_whichever_node_they_are_of() {
        let node = |name: &str| {
            format!(
                "# HELP a_total What.\n# TYPE a_total counter\na_total{{node=\"{name}\"}} 1\n# HELP b Other.\n# TYPE b gauge\nb{{node=\"{name}\"}} 2\n"
            )
        };
        let nodes = [
            ("x".to_owned(), Some(node("x"))),
            ("y".to_owned(), None),
            ("z\"".to_owned(), Some(node("z"))),
        ];
        let expected = "# HELP eventflux_node_up Whether the node answers.\n# TYPE eventflux_node_up gauge\n\
             eventflux_node_up{node=\"x\"} 1\neventflux_node_up{node=\"y\"} 0\neventflux_node_up{node=\"z\\\"\"} 1\n\
             # HELP a_total What.\n# TYPE a_total counter\na_total{node=\"x\"} 1\na_total{node=\"z\"} 1\n\
             # HELP b Other.\n# TYPE b gauge\nb{node=\"x\"} 2\nb{node=\"z\"} 2\n";
        assert_eq!(together(&nodes), expected);
    }
}
