//! A run on one thread and on virtual time: for `replay`, tests and simulation.
//!
//! **Invariants** What comes out is a function of the plan and of what is fed: it is the same on every run and at every
//! parallelism, row by row. The loops and operators are those of any run.

mod emission;
mod feed;
mod stepper;

pub use emission::Emission;
pub use stepper::Stepper;

#[cfg(test)]
mod stepper_test;
