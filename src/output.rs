//! The outputs of a compiled text, as a program asks for them.

use eventflux_core::plan::{PhysicalPlan, Port};
use eventflux_core::runtime::Outlet;
use eventflux_sql::OutputInfo;

/// An output of this process.
pub(crate) struct Output {
    pub(crate) info: OutputInfo,
    pub(crate) outlet: Outlet,
    /// Its rows also go elsewhere: to another query, or to a connector.
    pub(crate) is_tap: bool,
}

impl Output {
    pub(crate) fn new(plan: &PhysicalPlan, info: OutputInfo, outlet: Outlet) -> Self {
        let feeding = plan.inputs(info.node).map(|edge| edge.from);
        let mut beside = feeding.flat_map(|node| plan.outputs(node));
        let is_tap = beside.any(|edge| edge.port == Port::Main && edge.to != info.node);
        Self { info, outlet, is_tap }
    }

    /// The stream's name.
    pub(crate) fn stream(&self) -> &str {
        &self.info.stream
    }
}
