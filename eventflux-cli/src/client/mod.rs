//! Commands' way to a cluster: the admin API of any of its nodes.
//!
//! **Errors** A [`Failure`] is told to the user as it is: what cannot be done, why, and what would help.

mod client;
mod failure;

pub use client::{Client, Method};
pub use failure::Failure;
