//! Connectors, one folder or file each, and the list of them all.

mod blackhole;
mod list;
mod stdio;

pub use list::register;
