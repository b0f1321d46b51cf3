//! `eventflux savepoint`: copies of an app's state.

mod create;
mod origin;
mod savepoint;
mod source;
mod target;

pub use savepoint::savepoint;
