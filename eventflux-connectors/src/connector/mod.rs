//! Connectors, one folder or file each, and the list of them all.

mod blackhole;
mod file;
mod list;
mod stdio;

pub use list::register;
