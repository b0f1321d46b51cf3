//! A text that runs in this process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eventflux_core::Error;
use eventflux_core::checkpoint::{Revision, StartFrom, block_on_store, revisions};
use eventflux_core::metrics::MetricsSnapshot;
use eventflux_core::runtime::{Input, RunSummary, RunningApp, Runtime};
use eventflux_core::state::store::CheckpointStore;
use eventflux_sql::CompiledApp;
use eventflux_sql::diagnostic::did_you_mean;

use crate::output::Output;
use crate::{AppError, InputHandler, RowStream, Rows};

/// Bytes by which the reader of a row stream may be behind before the query waits.
pub(crate) const STREAM_BYTES_MAX: usize = 4 << 20;

/// A compiled text with its inputs and outputs. Several may live in one process; they share nothing.
///
/// ```text
/// built ──start()──► running ──finish(), shutdown(), abort(), the inputs end, a failure──► over
/// ```
///
/// With a store ([`EventFluxAppRuntimeBuilder::with_persistence_store`](crate::EventFluxAppRuntimeBuilder)) its state outlives
/// it: one runtime persists, the next one restores before it starts.
///
/// Callbacks and row streams are best added before the start, so that they miss nothing. Dropping the runtime aborts the run.
pub struct EventFluxAppRuntime {
    app: CompiledApp,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    store: Option<Arc<dyn CheckpointStore>>,
    state: Mutex<State>,
}

enum State {
    Built(Box<Runtime>),
    Started(Arc<RunningApp>),
    /// A source or sink could not be opened.
    Unusable,
}

impl EventFluxAppRuntime {
    pub(crate) fn new(app: CompiledApp, runtime: Runtime) -> Self {
        let outputs = app.outputs.iter().filter_map(|info| {
            let outlet = runtime.outlet(&info.stream)?.clone();
            Some(Output::new(&app.plan, info.clone(), outlet))
        });
        Self {
            inputs: runtime.inputs().cloned().collect(),
            outputs: outputs.collect(),
            store: runtime.checkpoint_store().cloned(),
            app,
            state: Mutex::new(State::Built(Box::new(runtime))),
        }
    }

    /// The compiled text: its plan, streams, outputs, answers and warnings.
    pub fn app(&self) -> &CompiledApp {
        &self.app
    }

    /// The handler of a stream without a connector.
    ///
    /// **Errors** There is no such stream, or no query reads it.
    pub fn input_handler(&self, stream: &str) -> Result<InputHandler, AppError> {
        let found = find(&self.inputs, stream, Input::stream);
        let input = found.ok_or_else(|| unknown("input", stream, self.inputs.iter().map(Input::stream)))?;
        Ok(InputHandler::new(input.clone()))
    }

    /// Calls a function with all rows of a stream, as they come. A bare SELECT is called `select`, the next `select_2`.
    ///
    /// The query waits for the function. A panic in it ends the run.
    ///
    /// **Errors** There is no such stream, or it is too late to read it.
    pub fn add_callback(
        &self,
        stream: &str,
        mut callback: impl FnMut(&Rows) + Send + 'static,
    ) -> Result<(), AppError> {
        self.output(stream)?
            .outlet
            .add_callback(move |batch| callback(&Rows::from(batch.clone())));
        Ok(())
    }

    /// The rows of a stream, to be awaited or iterated over. A bare SELECT is called `select`, the next `select_2`.
    ///
    /// **Errors** There is no such stream, or it is too late to read it.
    pub fn output_stream(&self, stream: &str) -> Result<RowStream, AppError> {
        Ok(RowStream::new(
            self.output(stream)?.outlet.open_stream(STREAM_BYTES_MAX),
        ))
    }

    /// Opens sources and sinks and starts the query. No async runtime is needed, and none is in the way.
    ///
    /// **Errors** A source or sink cannot be opened; the runtime has been started before.
    pub fn start(&self) -> Result<(), AppError> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Unusable) {
            State::Built(mut runtime) => {
                for output in self.unread_taps() {
                    runtime.leave_out(output.info.node);
                }
                *state = State::Started(Arc::new(runtime.start()?));
                Ok(())
            }
            other => {
                *state = other;
                Err(AppError::Started)
            }
        }
    }

    /// Ends all inputs, so that every window closes, and waits until all rows have left.
    ///
    /// **Errors** The run failed, or was never started.
    pub fn finish(&self) -> Result<RunSummary, AppError> {
        let running = self.running()?;
        running.finish();
        Ok(running.wait()?)
    }

    /// Stops the sources and waits until what they have handed on has left. Windows that are open stay open.
    ///
    /// **Errors** The run failed, or was never started.
    pub fn shutdown(&self) -> Result<RunSummary, AppError> {
        let running = self.running()?;
        running.stop();
        Ok(running.wait()?)
    }

    /// Waits until the run is over by itself.
    ///
    /// **Errors** The run failed, or was never started.
    pub fn wait(&self) -> Result<RunSummary, AppError> {
        Ok(self.running()?.wait()?)
    }

    /// As [`EventFluxAppRuntime::finish`], to be awaited.
    pub async fn finish_async(&self) -> Result<RunSummary, AppError> {
        let running = self.running()?;
        running.finish();
        Ok(running.wait_async().await?)
    }

    /// As [`EventFluxAppRuntime::shutdown`], to be awaited.
    pub async fn shutdown_async(&self) -> Result<RunSummary, AppError> {
        let running = self.running()?;
        running.stop();
        Ok(running.wait_async().await?)
    }

    /// As [`EventFluxAppRuntime::wait`], to be awaited.
    pub async fn wait_async(&self) -> Result<RunSummary, AppError> {
        Ok(self.running()?.wait_async().await?)
    }

    /// Stops everything now; what is in flight is lost. Does nothing before the start.
    pub fn abort(&self) {
        if let Ok(running) = self.running() {
            running.abort();
        }
    }

    /// Saves the state of everything that was sent before, waits until that is durable, and gives the revision's id.
    ///
    /// **Errors** The runtime has no store, or is not running; the store failed.
    pub fn persist_state(&self) -> Result<u64, AppError> {
        Ok(self.running()?.checkpoint()?)
    }

    /// As [`EventFluxAppRuntime::persist_state`], to be awaited.
    pub async fn persist_state_async(&self) -> Result<u64, AppError> {
        let running = self.running()?;
        Ok(running.checkpoint_async().await?)
    }

    /// The revisions in the store, oldest first.
    ///
    /// **Errors** The runtime has no store; the store failed.
    pub fn revisions(&self) -> Result<Vec<Revision>, AppError> {
        let store = self.store.as_ref().ok_or(Error::NoStore)?;
        Ok(block_on_store(revisions(Arc::clone(store)))?)
    }

    /// Lets the start go on from the newest revision: state, windows in flight and the positions of sources. Gives its id;
    /// without any revision there is nothing to restore, and the start is one from the beginning.
    ///
    /// **Errors** The runtime has no store, or has been started; the store failed. Whether the state fits the query is seen
    /// at the start.
    pub fn restore_last_revision(&self) -> Result<Option<u64>, AppError> {
        let Some(last) = self.revisions()?.pop() else {
            return Ok(None);
        };
        self.restore_revision(last.id)?;
        Ok(Some(last.id))
    }

    /// Lets the start go on from a revision; see [`EventFluxAppRuntime::restore_last_revision`].
    ///
    /// **Errors** The runtime has no store, or has been started. That there is no such revision is seen at the start.
    pub fn restore_revision(&self, id: u64) -> Result<(), AppError> {
        match &mut *self.lock() {
            State::Built(runtime) => Ok(runtime.start_from(StartFrom::Epoch(id))?),
            State::Started(_) | State::Unusable => Err(AppError::Started),
        }
    }

    /// All metrics as they are now; before the start there are none.
    pub fn metrics(&self) -> MetricsSnapshot {
        self.running()
            .map(|running| running.metrics())
            .unwrap_or_default()
    }

    fn running(&self) -> Result<Arc<RunningApp>, AppError> {
        match &*self.lock() {
            State::Started(running) => Ok(Arc::clone(running)),
            State::Built(_) | State::Unusable => Err(AppError::NotStarted),
        }
    }

    fn output(&self, stream: &str) -> Result<&Output, AppError> {
        let found = find(&self.outputs, stream, Output::stream);
        let output =
            found.ok_or_else(|| unknown("output", stream, self.outputs.iter().map(Output::stream)))?;
        let is_started = !matches!(&*self.lock(), State::Built(_));
        if is_started && output.is_tap && !output.outlet.has_readers() {
            return Err(AppError::TooLate {
                name: output.stream().to_owned(),
            });
        }
        Ok(output)
    }

    fn unread_taps(&self) -> impl Iterator<Item = &Output> {
        self.outputs
            .iter()
            .filter(|output| output.is_tap && !output.outlet.has_readers())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names are found as in SQL: the case does not matter, unless another name is the same but for it.
pub(crate) fn find<'a, T>(all: &'a [T], name: &str, name_of: impl Fn(&T) -> &str) -> Option<&'a T> {
    let exact = all.iter().find(|one| name_of(one) == name);
    exact.or_else(|| {
        all.iter()
            .find(|one| name_of(one).to_lowercase() == name.to_lowercase())
    })
}

pub(crate) fn unknown<'a>(
    role: &'static str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> AppError {
    let help = did_you_mean(name, known.clone()).unwrap_or_else(|| match known.collect::<Vec<_>>() {
        none if none.is_empty() => format!("there are no {role} streams"),
        all => format!("there are {}", all.join(", ")),
    });
    AppError::UnknownStream {
        role,
        name: name.to_owned(),
        help: format!(": {help}"),
    }
}
