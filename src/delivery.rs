//! What the sinks of an app promise.

use eventflux_core::connector::{Options, Registry, SinkPromise, SinkRequest};
use eventflux_core::plan::{OperatorSpec, PhysicalPlan, SinkSpec};

/// How often the rows of one sink come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkDelivery {
    /// The stream or table.
    pub stream: String,
    /// Its connector.
    pub connector: String,
    /// What it promises in a run with checkpoints. Without them, rows of every sink come again after a failure.
    pub promise: SinkPromise,
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
            promise: promise(spec, registry),
        })
        .collect()
}

/// A sink that cannot be planned promises nothing.
fn promise(spec: &SinkSpec, registry: &Registry) -> SinkPromise {
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
    planned.map_or(SinkPromise::AtLeastOnce, |plan| plan.promise())
}
