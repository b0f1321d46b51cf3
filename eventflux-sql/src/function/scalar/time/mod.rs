//! Times.

mod date_trunc;
mod unit;

use std::sync::Arc;

use datafusion_expr::ScalarUDF;

pub(crate) use unit::TIME_PARTS;
pub(in crate::function) use unit::check_unit;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    date_trunc::functions()
}
