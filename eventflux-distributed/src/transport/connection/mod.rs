//! A connection: many channels over one link.
//!
//! **Shapes** Three tasks per connection: one writes what the [`Outbox`](super::Outbox) gives, one reads and never waits for a
//! receiver, one keeps time. Senders and receivers of channels meet them under locks that are held for a few instructions.

mod connection;
mod inbox;
mod read;
mod receiver;
mod sender;
mod shared;
mod timer;
mod write;

pub use connection::Connection;
pub use receiver::{ChannelReceiver, Received};
pub use sender::ChannelSender;
