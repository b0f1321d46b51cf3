//! What is to be told of a run.

use std::sync::Arc;

use eventflux::metrics::exposition;
use eventflux::runtime::RunningApp;
use tokio::sync::watch;

/// A run, seen from outside: first it starts, then it runs.
pub struct Monitor {
    app: String,
    running: watch::Sender<Option<Arc<RunningApp>>>,
}

impl Monitor {
    /// Of an app that is not running yet.
    pub fn new(app: String) -> Self {
        Self {
            app,
            running: watch::Sender::new(None),
        }
    }

    /// The app's sources and sinks are open and its state is restored.
    pub fn started(&self, running: Arc<RunningApp>) {
        self.running.send_replace(Some(running));
    }

    /// The run, once it has started.
    pub async fn running(&self) -> Arc<RunningApp> {
        let mut started = self.running.subscribe();
        let running = started.wait_for(Option::is_some).await.ok();
        match running.and_then(|running| running.clone()) {
            Some(running) => running,
            // The sender lives as long as this.
            None => std::future::pending().await,
        }
    }

    fn now(&self) -> Option<Arc<RunningApp>> {
        self.running.borrow().clone()
    }

    /// All metrics, in Prometheus' text format.
    pub fn metrics(&self) -> String {
        let snapshot = self.now().map(|running| running.metrics());
        exposition(&self.app, &snapshot.unwrap_or_default())
    }

    /// Why the run does not do all of its work at this moment, one line each; nothing when it does.
    pub fn obstacles(&self) -> Vec<String> {
        let Some(running) = self.now() else {
            return vec![
                "starting: sources and sinks are being opened and state is being restored".to_owned(),
            ];
        };
        if running.is_over() || running.is_ending() {
            return vec!["ending: the run was stopped, or its inputs have ended".to_owned()];
        }
        let troubles = running.troubles().into_iter();
        troubles
            .map(|trouble| format!("{}: {}", trouble.place, trouble.message))
            .collect()
    }
}
