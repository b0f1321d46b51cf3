//! Sources that are fed by hand.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;

use crate::connector::{Source, SourceEvent, SourcePosition, SourceRows};
use crate::error::Result;
use crate::operator::BadRow;
use crate::plan::{NodeId, OperatorSpec, PhysicalPlan, SourceKind, SourceSpec};

/// What waits to be taken by one source.
pub(super) type Queue = Arc<Mutex<VecDeque<SourceEvent>>>;

/// A stream that is fed: the columns that may be given, and the sources that read it.
pub(super) struct Feed {
    pub(super) schema: SchemaRef,
    sources: Vec<(Queue, Vec<usize>)>,
}

/// All streams that are fed, by name, and the queue of each source.
#[derive(Default)]
pub(super) struct Feeds {
    pub(super) by_stream: BTreeMap<String, Feed>,
    pub(super) queues: BTreeMap<NodeId, Queue>,
}

impl Feeds {
    /// The streams of a plan: those of handlers and those of connectors, which are not opened.
    pub(super) fn new(plan: &PhysicalPlan) -> Result<Self> {
        let mut feeds = Self::default();
        let sources = plan.nodes.iter().filter_map(|node| match &node.spec {
            OperatorSpec::Source(spec) if is_fed(spec) => Some((node.id, spec)),
            _ => None,
        });
        let sources: Vec<_> = sources.collect();
        for (_, spec) in &sources {
            let feed = feeds.by_stream.entry(spec.stream.clone());
            let feed = feed.or_insert_with(|| Feed {
                schema: Arc::clone(&spec.declared),
                sources: Vec::new(),
            });
            feed.schema = with_metadata(&feed.schema, spec);
        }
        for (node, spec) in sources {
            let queue = Queue::default();
            feeds.queues.insert(node, Arc::clone(&queue));
            if let Some(feed) = feeds.by_stream.get_mut(&spec.stream) {
                let columns = spec
                    .columns
                    .iter()
                    .map(|column| feed.schema.index_of(column.field.name()));
                let columns = columns.collect::<Result<_, _>>()?;
                feed.sources.push((queue, columns));
            }
        }
        Ok(feeds)
    }
}

impl Feed {
    /// Gives rows of the stream's columns to every source that reads it.
    pub(super) fn put(&self, rows: &RecordBatch, bad: &[BadRow]) -> Result<()> {
        for (queue, columns) in &self.sources {
            let rows = SourceRows {
                partition: 0,
                rows: rows.project(columns)?,
                bad: bad.to_vec(),
            };
            lock(queue).push_back(SourceEvent::Rows(rows));
        }
        Ok(())
    }

    /// Ends the stream.
    pub(super) fn end(&self) {
        self.sources
            .iter()
            .for_each(|(queue, _)| lock(queue).push_back(SourceEvent::End));
    }
}

fn is_fed(spec: &SourceSpec) -> bool {
    matches!(spec.kind, SourceKind::InProcess | SourceKind::Connector { .. })
}

/// Metadata columns come with the rows, as any other.
fn with_metadata(schema: &Schema, spec: &SourceSpec) -> SchemaRef {
    let metadata = spec.columns.iter().filter(|column| column.metadata.is_some());
    let metadata = metadata
        .map(|column| &column.field)
        .filter(|field| schema.index_of(field.name()).is_err());
    let nullable = |field: &FieldRef| Arc::new(Field::clone(field).with_nullable(true));
    Arc::new(Schema::new(
        schema
            .fields()
            .iter()
            .map(Arc::clone)
            .chain(metadata.map(nullable))
            .collect::<Vec<_>>(),
    ))
}

fn lock(queue: &Queue) -> std::sync::MutexGuard<'_, VecDeque<SourceEvent>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands on what was put into its queue.
pub(super) struct FedSource {
    pub(super) stream: String,
    pub(super) queue: Queue,
}

#[async_trait]
impl Source for FedSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        let event = poll_fn(|_| match lock(&self.queue).pop_front() {
            Some(event) => Poll::Ready(event),
            // Nobody is to be woken: a stepper comes back.
            None => Poll::Pending,
        });
        Ok(event.await)
    }

    fn partitions(&self) -> Vec<Option<String>> {
        vec![Some(self.stream.clone())]
    }

    fn positions(&self) -> Vec<SourcePosition> {
        Vec::new()
    }
}
