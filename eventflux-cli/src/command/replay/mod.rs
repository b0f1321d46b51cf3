//! `eventflux replay`: events played back on a virtual clock, deterministically.

mod event;
mod feeder;
mod replay;

pub use replay::replay;
