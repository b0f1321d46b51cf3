//! Signals that end a run.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Calls a function for every SIGINT and SIGTERM from now on, until it is dropped.
pub struct Listener {
    handle: Handle,
}

impl Listener {
    /// Starts to listen; `on_signal` gets the signal's number.
    pub fn start(mut on_signal: impl FnMut(i32) + Send + 'static) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let handle = signals.handle();
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || signals.forever().for_each(&mut on_signal))?;
        Ok(Self { handle })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.handle.close();
    }
}
