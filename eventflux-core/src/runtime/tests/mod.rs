//! Runs of whole plans, on threads.

mod backpressure;
mod checkpoint;
mod clock;
#[cfg(feature = "spill")]
mod cold;
mod ending;
mod failure;
mod flow;
mod freezing;
mod key_group_map;
mod partial;
mod recovery_kit;
mod side;

use std::sync::{Arc, Mutex};

use super::testing::triples;
use super::{Runtime, RuntimeConfig};
use crate::batch::EventBatch;
use crate::error::Result;
use crate::operator::{Operator, OperatorContext};
use crate::plan::{Node, OperatorSpec, PhysicalPlan};
use crate::runtime::operators::make_operator;

/// A plan with operators made by name.
fn runtime(
    plan: PhysicalPlan,
    config: RuntimeConfig,
    make: impl Fn(&str, &OperatorContext) -> Box<dyn Operator> + Send + Sync + 'static,
) -> Runtime {
    let make = move |plan: &PhysicalPlan, node: &Node, context: &OperatorContext| match node.spec {
        OperatorSpec::Union | OperatorSpec::WindowAggregate(_) => make_operator(plan, node, context),
        _ => Ok(make(&node.name, context)),
    };
    Runtime::with_operators(plan, config, Box::new(make)).unwrap()
}

fn wide(parallelism: usize) -> RuntimeConfig {
    RuntimeConfig {
        parallelism,
        ..RuntimeConfig::default()
    }
}

/// Keeps all batches of an output stream.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<EventBatch>>>);

impl Kept {
    fn of(runtime: &Runtime, stream: &str) -> Self {
        let kept = Self::default();
        let batches = Arc::clone(&kept.0);
        runtime
            .outlet(stream)
            .unwrap()
            .add_callback(move |batch| batches.lock().unwrap().push(batch.clone()));
        kept
    }

    fn triples(&self) -> Vec<(i64, i64, i64)> {
        triples(self.0.lock().unwrap().iter())
    }

    fn sorted(&self) -> Vec<(i64, i64, i64)> {
        let mut triples = self.triples();
        triples.sort_unstable();
        triples
    }
}
