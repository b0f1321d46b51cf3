//! What commands on the same machine ask of a run: a Unix domain socket beside its checkpoints, for who may write to it only.
//!
//! ```text
//! savepoint create ──{"ask":"checkpoint","wait_ms":60000}──► run
//!                  ◄──{"checkpoint":17}────────────────────      it is committed, and stays while the connection does
//!                  ◄──{"refused":"failed","message":"…"}───      or it is not
//! ```
//!
//! One line of JSON each way. The address is no HTTP address on purpose: those of a run have no tokens, and may be let through to other
//! machines to be watched. Whom the system lets write to the socket may as well stop the process.
//!
//! **Invariants** Only who holds the lock of a state directory makes or removes its socket, so one that answers belongs to the app that
//! writes there. A socket that a process has left behind when it died refuses connections, and the next start takes its place. No
//! question stops or delays the stream.
//!
//! **Absent on purpose** Orders: a run is stopped by signals.

mod ask;
mod conversation;
mod message;
mod server;
mod socket;

pub use ask::{Reply, Taken, ask};
pub use message::Refusal;
pub use server::ControlServer;
pub use socket::Socket;
