//! A store in a directory of this machine.

#[cfg(test)]
mod directory_test;
mod file;
mod lock;
mod store;

pub use store::DirectoryStore;
