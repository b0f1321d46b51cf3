//! From a plan to loops: how many subtasks each operator has, which operators share a loop, and what connects the loops.

mod builder;
mod layout;
mod outside;
mod width;
mod wiring;

pub(crate) use builder::{Builder, MakeOperator, Part};
pub(crate) use layout::Layout;
pub use layout::LoopShape;
pub(crate) use outside::{End, OpenSource, Outside};
pub use wiring::Wiring;
