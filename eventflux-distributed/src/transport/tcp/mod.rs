//! Frames over TCP, with or without TLS.

mod accept;
mod socket;
mod tcp;

pub(super) use accept::{Accepting, accept_sockets};
pub(super) use socket::{Socket, dial};
pub use tcp::Tcp;
