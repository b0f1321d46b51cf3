//! Transports: how the elements of edges travel between nodes.
//!
//! **Shapes** A [`Transport`] dials and accepts [`Link`]s, over which whole frames go both ways. An [`Endpoint`] shakes hands over
//! a link and makes a [`Connection`] of it, which carries many channels: a [`ChannelSender`] here, a [`ChannelReceiver`] there.
//!
//! ```text
//! subtask ─► ChannelSender ─► outbox ─► writer ═══ frames ═══► reader ─► ChannelReceiver ─► mailbox of a subtask
//!            puts together,   a queue per           a link     never      decodes              │
//!            encodes          channel, waits                   waits                           │
//!                             for credit ◄═══════ credit ═════ window of 200 ms ◄──────────────┘ what was taken
//! ```
//!
//! **Invariants** Elements of a channel keep their order, and each arrives once, or both ends fail with an error that names the
//! peer. Rows and schemas never exceed the credit that the receiver granted; nothing else needs any. The reader of a link never
//! waits, so that one channel cannot stop another. Nothing is sent twice: what a broken connection lost is replayed from a
//! checkpoint in a new generation. No bytes of a peer make this side panic or allocate more than was granted.
//!
//! **Absent on purpose** Who talks to whom, and which generation is current: [`Membership`] answers that.

mod config;
mod connection;
mod credit;
mod edge;
mod endpoint;
mod error;
pub mod frame;
pub mod grpc;
pub mod in_process;
mod peer;
mod pool;
pub mod rows;
pub mod tcp;
mod tls;
mod transport;

pub use config::{Coalesce, ConnectionConfig, CreditConfig};
pub use connection::{ChannelReceiver, ChannelSender, Connection, Received};
pub use credit::{Coalescer, CreditWindow, Exceeded, Liveness, Next, Outbox, Pulse};
pub use edge::{ConnectedEdges, Placement};
pub use endpoint::{Acceptor, Endpoint};
pub use error::{Result, TransportError};
pub use peer::{Hello, Membership, NodeName, Peer, Refusal, Session};
pub use tls::TlsIdentity;
pub use transport::{FrameSink, FrameStream, Inspect, Link, Listener, Transport};
