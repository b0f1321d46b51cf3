//! From logical plans to operators and edges.
//!
//! Each logical node has its file. On the way it is known of all rows whether they change, what identifies one, which
//! column is their event time, and which bounds of a window they carry; that decides which operator carries a node out
//! and how rows get to it.

mod aggregate;
mod app;
mod calc;
mod call;
mod constant;
mod dead_letter;
mod dependency;
mod emit;
mod expression;
mod graph;
mod grouping_set;
mod late;
mod need;
mod output;
mod rel;
mod relation_use;
mod scan;
mod sink;
mod state_ttl;
mod stream;
mod translator;
mod union;
mod window;

pub(crate) use app::{Built, build};
pub(crate) use constant::constant_value;
