//! Scalar functions of our own: those that DataFusion has not, and those that it has otherwise. One file each.

mod now;

use std::sync::Arc;

use datafusion_expr::ScalarUDF;

/// All of them. One that has the name of a function of DataFusion takes its place.
pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    now::functions()
}
