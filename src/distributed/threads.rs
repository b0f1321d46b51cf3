//! Threads on which a program's part in a cluster works, whatever it calls from.

use std::sync::mpsc::sync_channel;

use eventflux_core::{Error, ErrorKind};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// A runtime for whose tasks nobody waits when it is dropped.
#[derive(Debug)]
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("eventflux-embedded")
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| {
            Error::connector("thread", "eventflux-embedded", ErrorKind::Environment, error)
        })?;
        Ok(Self(Some(runtime)))
    }

    /// Works on them.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.0 {
            Some(runtime) => runtime.spawn(work),
            // It is there until it is dropped.
            None => tokio::spawn(work),
        }
    }

    /// Works on them and waits for it, on any thread.
    ///
    /// **Errors** It has panicked.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Error> {
        let (tell, told) = sync_channel(1);
        self.spawn(async move {
            // Nobody has stopped waiting.
            let _ = tell.send(work.await);
        });
        told.recv()
            .map_err(|_| Error::Bug("this process's part in the cluster has panicked".into()))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // The last owner may be an async task, in which a runtime must not wait for its threads.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
