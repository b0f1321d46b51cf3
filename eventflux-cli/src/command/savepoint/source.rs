//! What a savepoint is made of.

use std::path::PathBuf;
use std::sync::Arc;

use eventflux::persistence::CheckpointStore;

use super::create::Failure;
use crate::args::CreateArgs;
use crate::config::model::{StateBackend, StateStore};
use crate::state::{app_name, directory, open_backend, reader};

/// The checkpoints of an app.
pub struct Source {
    /// Where they are.
    pub store: Arc<dyn CheckpointStore>,
    /// The directory that they are in, if they are in one: an app that uses it can be asked.
    pub directory: Option<PathBuf>,
}

impl Source {
    /// Opens what flags, variables and files say.
    pub fn open(arguments: &CreateArgs, backend: &StateBackend) -> Result<Self, Failure> {
        let failed = |error: eventflux::Error| Failure::of(&error);
        let kind = match backend.implementation {
            Some(StateStore::Memory) => {
                return Err(Failure::usage(
                    "what an app keeps in its memory cannot be copied".to_owned(),
                ));
            }
            Some(kind) => kind,
            None => {
                let message =
                    "`--state-dir DIR` or `--state URL` is missing: where the app keeps its checkpoints";
                return Err(Failure::usage(message.to_owned()));
            }
        };
        if let Some(directory) = directory(backend) {
            if !directory.is_dir() {
                let message = format!("there is no directory `{}`", directory.display());
                return Err(Failure::usage(message).help("`--state-dir` is that of `eventflux run`"));
            }
            return Ok(Self {
                store: reader(&directory).map_err(failed)?,
                directory: Some(directory),
            });
        }
        let app = match (&arguments.app, kind) {
            (Some(app), _) => app_name(app),
            (None, StateStore::Redis) => {
                let message = "`--app APP.sql` is missing: a Redis has checkpoints of several apps";
                return Err(Failure::usage(message.to_owned()));
            }
            (None, _) => String::new(),
        };
        Ok(Self {
            store: open_backend(kind, backend, &app).map_err(failed)?,
            directory: None,
        })
    }
}
