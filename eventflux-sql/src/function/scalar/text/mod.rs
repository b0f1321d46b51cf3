//! Text.

mod encoding;
mod pad;

use std::sync::Arc;

use datafusion_expr::ScalarUDF;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    [encoding::functions(), pad::functions()].concat()
}
