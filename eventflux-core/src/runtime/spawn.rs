//! How loops get threads.

use std::io;
use std::thread;

/// Starts a loop beside the caller. A run without threads of its own (a simulation) puts something else in its place.
pub(crate) trait Spawn: Send + Sync {
    /// Runs `body` to its end, elsewhere.
    fn spawn(&self, name: &str, body: Box<dyn FnOnce() + Send>) -> io::Result<()>;
}

/// One thread of the operating system per loop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Threads;

impl Spawn for Threads {
    fn spawn(&self, name: &str, body: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        // A name with a zero byte, from an operator's, would be refused.
        thread::Builder::new()
            .name(name.replace('\0', " "))
            .spawn(body)
            .map(drop)
    }
}
