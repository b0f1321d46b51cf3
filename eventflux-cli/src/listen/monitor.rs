//! What is to be told of a run.

use std::sync::{Arc, OnceLock};

use eventflux::metrics::exposition;
use eventflux::runtime::RunningApp;

/// A run, seen from outside: first it starts, then it runs.
pub struct Monitor {
    app: String,
    running: OnceLock<Arc<RunningApp>>,
}

impl Monitor {
    /// Of an app that is not running yet.
    pub fn new(app: String) -> Self {
        Self {
            app,
            running: OnceLock::new(),
        }
    }

    /// The app's sources and sinks are open and its state is restored.
    pub fn started(&self, running: Arc<RunningApp>) {
        // It starts once.
        let _ = self.running.set(running);
    }

    /// All metrics, in Prometheus' text format.
    pub fn metrics(&self) -> String {
        let snapshot = self.running.get().map(|running| running.metrics());
        exposition(&self.app, &snapshot.unwrap_or_default())
    }

    /// Why the run does not do all of its work at this moment, one line each; nothing when it does.
    pub fn obstacles(&self) -> Vec<String> {
        let Some(running) = self.running.get() else {
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
