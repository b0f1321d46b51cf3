//! Connectors, one folder or file each, and the list of them all.

mod blackhole;
mod datagen;
mod file;
#[cfg(feature = "kafka")]
mod kafka;
mod list;
mod nexmark;
mod stdio;

pub use list::register;
