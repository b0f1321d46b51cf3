//! What the sinks of an app promise.

use eventflux_core::connector::{Options, Registry, SinkRequest};
use eventflux_core::plan::{OperatorSpec, PhysicalPlan, SinkSpec};

/// How often the rows of one sink come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkDelivery {
    /// The stream or table.
    pub stream: String,
    /// Its connector.
    pub connector: String,
    /// In a run with checkpoints every row is outside once. Otherwise, and for every sink of a run without, some come again
    /// after a failure.
    pub is_exactly_once: bool,
}

/// What each sink of a plan promises, in the plan's order, without I/O but for a look at what a path is.
pub fn sink_deliveries(plan: &PhysicalPlan, registry: &Registry) -> Vec<SinkDelivery> {
    let sinks = plan.nodes.iter().filter_map(|node| match &node.spec {
        OperatorSpec::Sink(spec) => Some(spec),
        _ => None,
    });
    sinks
        .map(|spec| SinkDelivery {
            stream: spec.stream.clone(),
            connector: spec.connector.clone(),
            is_exactly_once: is_exactly_once(spec, registry),
        })
        .collect()
}

/// A sink that cannot be planned promises nothing.
fn is_exactly_once(spec: &SinkSpec, registry: &Registry) -> bool {
    let options = Options::unresolved(&spec.options);
    let request = SinkRequest {
        stream: &spec.stream,
        schema: &spec.schema,
        key: &spec.key,
        options: &options,
        registry,
    };
    let planned = registry
        .sink(&spec.connector)
        .and_then(|sink| sink.plan(&request).ok());
    planned.is_some_and(|plan| plan.exactly_once().is_some())
}
