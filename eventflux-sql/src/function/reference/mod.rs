//! What every scalar function is for: the reference.
//!
//! Functions of our own bear their entry themselves; those of DataFusion have theirs in a table of their chapter. A test evaluates
//! every example, and another that the page `docs/reference/functions.md` is what is written here.

mod array;
mod condition;
mod doc;
mod math;
mod nested;
#[cfg(test)]
mod page;
mod text;
mod time;

pub use doc::{Chapter, FunctionDoc};
pub(super) use doc::{Entry, docs};
