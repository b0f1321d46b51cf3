//! Scalar functions of our own: those that DataFusion has not, and those that it has otherwise. One file each.

mod bounded;
mod builtin;
mod column;
mod json;
mod limit;
mod now;
mod regexp;
mod text;
mod time;
mod time_format;

use std::sync::Arc;

use datafusion_expr::ScalarUDF;

pub(super) use bounded::{bounded, check_concatenation};
pub(super) use builtin::Builtin;
pub(super) use json::JsonOperators;
pub(super) use regexp::{SubstringPattern, regexp_operator, similar_to};
pub(crate) use time::TIME_PARTS;
pub(super) use time::check_unit;

/// All of them. One that has the name of a function of DataFusion takes its place.
pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    [
        now::functions(),
        json::functions(),
        regexp::functions(),
        text::functions(),
        time::functions(),
        time_format::functions(),
    ]
    .concat()
}
