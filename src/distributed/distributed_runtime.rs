//! A text that runs in this process, or on the nodes of a cluster.

use eventflux_core::metrics::MetricsSnapshot;
use eventflux_core::runtime::RunEnd;
use eventflux_sql::CompiledApp;

use super::DistributedError;
use super::embedded::Embedded;
use crate::{AppError, EventFluxAppRuntime, InputHandler, RowStream, Rows};

/// A compiled text with its inputs and outputs, which live in this process wherever the rest runs.
///
/// In a cluster the text is a pipeline of which this process is the home: it runs while this process is up. When another node is lost, what
/// it had is taken over, and rows that were sent here and are not part of a committed checkpoint go through once more: state and sinks with
/// connectors have every row once, callbacks and row streams may see rows again.
///
/// Dropping it ends this node without a word, and waits until it has let go of its data directory: in a cluster the pipeline waits for the
/// process to come back. The next process with the same `node.data_dir` and name goes on from the last checkpoint; rows that the lost one
/// had sent and that are not part of it are its to send again.
pub struct DistributedRuntime {
    kind: Kind,
}

enum Kind {
    Single(Box<EventFluxAppRuntime>),
    Embedded(Box<Embedded>),
}

impl DistributedRuntime {
    pub(super) fn single(runtime: EventFluxAppRuntime) -> Self {
        Self {
            kind: Kind::Single(Box::new(runtime)),
        }
    }

    pub(super) fn embedded(embedded: Embedded) -> Self {
        Self {
            kind: Kind::Embedded(Box::new(embedded)),
        }
    }

    /// The compiled text: its plan, streams, outputs and warnings.
    pub fn app(&self) -> &CompiledApp {
        match &self.kind {
            Kind::Single(runtime) => runtime.app(),
            Kind::Embedded(embedded) => embedded.app(),
        }
    }

    /// The handler of a stream without a connector. In a cluster its senders wait, too, while many rows are not part of a committed
    /// checkpoint yet.
    ///
    /// **Errors** There is no such stream, or no query reads it.
    pub fn input_handler(&self, stream: &str) -> Result<InputHandler, AppError> {
        match &self.kind {
            Kind::Single(runtime) => runtime.input_handler(stream),
            Kind::Embedded(embedded) => embedded.input_handler(stream),
        }
    }

    /// Calls a function with all rows of a stream, as they come; in a cluster perhaps with some of them again after a node was lost.
    ///
    /// **Errors** There is no such stream, or it is too late to read it.
    pub fn add_callback(
        &self,
        stream: &str,
        mut callback: impl FnMut(&Rows) + Send + 'static,
    ) -> Result<(), AppError> {
        match &self.kind {
            Kind::Single(runtime) => runtime.add_callback(stream, callback),
            Kind::Embedded(embedded) => {
                let outlet = &embedded.output(stream)?.outlet;
                outlet.add_callback(move |batch| callback(&Rows::from(batch.clone())));
                Ok(())
            }
        }
    }

    /// The rows of a stream, to be awaited or iterated over; in a cluster perhaps some of them again after a node was lost.
    ///
    /// **Errors** There is no such stream, or it is too late to read it.
    pub fn output_stream(&self, stream: &str) -> Result<RowStream, AppError> {
        match &self.kind {
            Kind::Single(runtime) => runtime.output_stream(stream),
            Kind::Embedded(embedded) => embedded.output_stream(stream),
        }
    }

    /// Starts the query; in a cluster: starts this node, waits until it is part of the cluster, and has the cluster run the pipeline as soon
    /// as enough nodes are up. State that is there already under its name is gone on from.
    ///
    /// **Errors** A source or sink cannot be opened; the node cannot listen, or does not become part of the cluster in time; another node
    /// has a pipeline of this name; the runtime has been started before.
    pub fn start(&self) -> Result<(), DistributedError> {
        match &self.kind {
            Kind::Single(runtime) => Ok(runtime.start()?),
            Kind::Embedded(embedded) => embedded.start(),
        }
    }

    /// Ends the streams of all handlers, so that every window closes, and waits until all rows have left.
    ///
    /// **Errors** The run failed, or was never started; in a cluster: a source with a connector does not end by itself.
    pub fn finish(&self) -> Result<RunEnd, DistributedError> {
        match &self.kind {
            Kind::Single(runtime) => Ok(runtime.finish()?.end),
            Kind::Embedded(embedded) => embedded.finish(),
        }
    }

    /// Takes no more rows, waits until what was taken is part of a checkpoint and has left, and stops. Windows that are open stay open; the
    /// next runtime with the same state goes on with them.
    ///
    /// **Errors** The run failed, or was never started.
    pub fn shutdown(&self) -> Result<RunEnd, DistributedError> {
        match &self.kind {
            Kind::Single(runtime) => Ok(runtime.shutdown()?.end),
            Kind::Embedded(embedded) => embedded.shutdown(),
        }
    }

    /// Waits until the run is over by itself.
    ///
    /// **Errors** The run failed, or was never started.
    pub fn wait(&self) -> Result<RunEnd, DistributedError> {
        match &self.kind {
            Kind::Single(runtime) => Ok(runtime.wait()?.end),
            Kind::Embedded(embedded) => embedded.wait(),
        }
    }

    /// As [`DistributedRuntime::wait`], to be awaited.
    pub async fn wait_async(&self) -> Result<RunEnd, DistributedError> {
        match &self.kind {
            Kind::Single(runtime) => Ok(runtime.wait_async().await?.end),
            Kind::Embedded(embedded) => embedded.wait_async().await,
        }
    }

    /// Saves the state of everything that was sent before, waits until that is durable, and gives the revision's id; in a cluster: has the
    /// leader take a checkpoint of the pipeline, wherever it runs.
    ///
    /// **Errors** The runtime has no store, or is not running; the store failed; no leader answers; the pipeline was stopped.
    pub fn persist_state(&self) -> Result<u64, DistributedError> {
        match &self.kind {
            Kind::Single(runtime) => Ok(runtime.persist_state()?),
            Kind::Embedded(embedded) => embedded.persist_state(),
        }
    }

    /// As [`DistributedRuntime::persist_state`], to be awaited.
    pub async fn persist_state_async(&self) -> Result<u64, DistributedError> {
        match &self.kind {
            Kind::Single(runtime) => Ok(runtime.persist_state_async().await?),
            Kind::Embedded(embedded) => embedded.persist_state_async().await,
        }
    }

    /// Stops this process's part now. In a cluster the pipeline stays, and waits for its home to come back. Does nothing before the start.
    pub fn abort(&self) {
        match &self.kind {
            Kind::Single(runtime) => runtime.abort(),
            Kind::Embedded(embedded) => embedded.abort(),
        }
    }

    /// The metrics of what runs in this process, as they are now; before the start there are none.
    pub fn metrics(&self) -> MetricsSnapshot {
        match &self.kind {
            Kind::Single(runtime) => runtime.metrics(),
            Kind::Embedded(embedded) => embedded.metrics(),
        }
    }

    /// The state: what the runtime of one node has of it.
    pub fn as_single_node(&self) -> Option<&EventFluxAppRuntime> {
        match &self.kind {
            Kind::Single(runtime) => Some(runtime),
            Kind::Embedded(_) => None,
        }
    }
}
