//! How a command ends.

use std::process::ExitCode;

use eventflux::ErrorKind;

use crate::report;

/// The ways out, by exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or stopped by a signal after everything was flushed.
    Done,
    /// The run failed, or the verdict is "no".
    Failed,
    /// What was given is wrong.
    Usage,
    /// The world is not ready.
    Environment,
}

impl Exit {
    /// What the process returns.
    pub fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Environment => 3,
        })
    }

    /// An error while something was being set up: a wrong input is the user's.
    pub fn before_start(error: &eventflux::Error) -> Self {
        report::error(error);
        match error.kind() {
            ErrorKind::Input => Exit::Usage,
            ErrorKind::Environment => Exit::Environment,
            ErrorKind::Runtime | ErrorKind::Bug => Exit::Failed,
        }
    }

    /// An error of a run that had started.
    pub fn while_running(error: &eventflux::Error) -> Self {
        report::error(error);
        match error.kind() {
            ErrorKind::Environment => Exit::Environment,
            ErrorKind::Input | ErrorKind::Runtime | ErrorKind::Bug => Exit::Failed,
        }
    }
}
