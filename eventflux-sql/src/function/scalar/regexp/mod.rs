//! Regular expressions.
//!
//! Patterns are those of the `regex` crate, also those of `~`: matching takes time linear in the text, whatever the
//! pattern; there are no back references and no look-around.

mod cache;
mod extract;
mod find;
mod flags;
mod replace;
mod similar;
mod split;
mod substring;

use std::sync::Arc;

use datafusion_expr::ScalarUDF;

pub(in crate::function) use find::regexp_operator;
pub(in crate::function) use similar::similar_to;
pub(in crate::function) use substring::SubstringPattern;

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    [
        extract::functions(),
        find::functions(),
        replace::functions(),
        split::functions(),
        similar::functions(),
    ]
    .concat()
}
