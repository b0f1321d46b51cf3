//! What tests of recovery run: a source that can be read again, an operator with state, a sink that commits, and a store that
//! fails where it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use super::*;
use crate::checkpoint::CheckpointConfig;
use crate::connector::{
    CommitContext, CommitNote, CommitPositions, ConnectorDoc, ExactlyOncePlan, OptionError, PreCommit,
    Registry, Sink, SinkCommitter, SinkConnector, SinkContext, SinkInput, SinkPlan, SinkRequest, Source,
    SourceConnector, SourceContext, SourceEvent, SourcePlan, SourcePosition, SourceRequest, SourceRows,
    StagingSink,
};
use crate::element::Watermark;
use crate::error::{Error, ErrorKind};
use crate::key::{hash_bytes, key_group};
use crate::operator::Output;
use crate::plan::{Exchange, NodeId, Parallelism, SinkSpec, SourceKind};
use crate::runtime::testing::{PlanBuilder, doc, integers, rows, schema, source_spec};
use crate::state::store::{CheckpointStore, MemoryStore, Payload, StoredObject};
use crate::state::{StateReader, StateRow, StateWriter};

pub(super) type Row = (i64, i64, i64);

static SHELF: ConnectorDoc = doc("shelf");
static JOURNAL: ConnectorDoc = doc("journal");

/// Partitions of rows, of which so many are handed out as the test lets go.
pub(super) struct Shelf {
    partitions: Vec<Vec<Row>>,
    /// Rows per partition that may be read.
    limits: watch::Sender<Vec<usize>>,
    /// What sources were told to be durable.
    pub(super) told: Mutex<Vec<SourcePosition>>,
}

impl Shelf {
    pub(super) fn new(partitions: Vec<Vec<Row>>) -> Arc<Self> {
        let limits = watch::Sender::new(vec![0; partitions.len()]);
        Arc::new(Self {
            partitions,
            limits,
            told: Mutex::default(),
        })
    }

    /// So many rows of each partition may be read.
    pub(super) fn let_read(&self, row_count: usize) {
        self.limits.send_modify(|limits| limits.fill(row_count));
    }

    /// So many rows of one partition may be read.
    pub(super) fn let_read_of(&self, partition: usize, row_count: usize) {
        self.limits.send_modify(|limits| limits[partition] = row_count);
    }

    /// Everything may be read, to the end.
    pub(super) fn let_read_all(&self) {
        self.limits.send_modify(|limits| limits.fill(usize::MAX));
    }
}

struct ShelfConnector(Arc<Shelf>);

impl SourceConnector for ShelfConnector {
    fn doc(&self) -> &'static ConnectorDoc {
        &SHELF
    }

    fn plan(&self, _: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        Ok(Box::new(ShelfPlan(Arc::clone(&self.0))))
    }
}

struct ShelfPlan(Arc<Shelf>);

impl SourcePlan for ShelfPlan {
    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn open(&self, context: &SourceContext) -> Result<Box<dyn Source>> {
        let own = (0..self.0.partitions.len()).filter(|index| index % context.parallelism == context.subtask);
        let position = |index: usize| {
            let found = context
                .positions
                .iter()
                .find(|position| position.partition == format!("p{index}"));
            found.map_or(0, |position| position.position.parse().unwrap())
        };
        Ok(Box::new(ShelfSource {
            own: own.map(|index| (index, position(index))).collect(),
            limits: self.0.limits.subscribe(),
            shelf: Arc::clone(&self.0),
        }))
    }
}

struct ShelfSource {
    shelf: Arc<Shelf>,
    /// Each partition with the number of its next row.
    own: Vec<(usize, usize)>,
    limits: watch::Receiver<Vec<usize>>,
}

#[async_trait]
impl Source for ShelfSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        loop {
            let limits = self.limits.borrow_and_update().clone();
            let mut has_ended = true;
            for (place, (index, next)) in self.own.iter_mut().enumerate() {
                let partition = &self.shelf.partitions[*index];
                if *next < partition.len().min(limits[*index]) {
                    let row = partition[*next];
                    *next += 1;
                    return Ok(SourceEvent::Rows(SourceRows {
                        partition: place,
                        rows: rows(&[row]),
                        bad: Vec::new(),
                    }));
                }
                has_ended &= limits[*index] > partition.len();
            }
            if has_ended {
                return Ok(SourceEvent::End);
            }
            self.limits.changed().await.unwrap();
        }
    }

    fn partitions(&self) -> Vec<Option<String>> {
        self.own
            .iter()
            .map(|(index, _)| Some(format!("p{index}")))
            .collect()
    }

    fn positions(&self) -> Vec<SourcePosition> {
        let position = |(index, next): &(usize, usize)| SourcePosition {
            partition: format!("p{index}"),
            position: next.to_string(),
        };
        self.own.iter().map(position).collect()
    }

    fn committing(&mut self) -> Option<&mut dyn CommitPositions> {
        Some(self)
    }
}

impl CommitPositions for ShelfSource {
    fn commit_positions(&mut self, positions: &[SourcePosition]) -> Result<()> {
        self.shelf.told.lock().unwrap().extend_from_slice(positions);
        Ok(())
    }
}

/// Rows that became visible, and what happens to those who make them so.
#[derive(Default)]
pub(super) struct Journal {
    /// By (epoch, subtask), so that a note that comes again changes nothing.
    committed: Mutex<BTreeMap<(u64, usize), Vec<Row>>>,
    /// Notes as they came.
    pub(super) calls: Mutex<Vec<(u64, usize)>>,
    /// Commits fail while this is set.
    pub(super) is_away: AtomicBool,
    /// Writers wait while this is set.
    pub(super) is_blocked: watch::Sender<bool>,
    /// What rows are staged on.
    pub(super) disk: watch::Sender<Disk>,
    /// Whether subtasks opened as restored, in order.
    pub(super) opened_restored: Mutex<Vec<bool>>,
    pub(super) contexts: Mutex<Vec<CommitContext>>,
    changed: watch::Sender<()>,
}

impl Journal {
    /// All visible rows, sorted.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self
            .committed
            .lock()
            .unwrap()
            .values()
            .flatten()
            .copied()
            .collect();
        rows.sort_unstable();
        rows
    }

    /// Waits until as many rows are visible.
    pub(super) fn wait_for(&self, row_count: usize) {
        let mut changed = self.changed.subscribe();
        let enough = changed.wait_for(|()| self.rows().len() >= row_count);
        crate::runtime::in_process::block_on(enough).unwrap();
    }
}

/// What becomes of rows that are staged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Disk {
    /// They are durable.
    #[default]
    Well,
    /// They will be, some time.
    Slow,
    /// They are not.
    Broken,
}

fn refused(reason: &'static str) -> Error {
    let reason = std::io::Error::other(reason);
    Error::connector("journal", "j", ErrorKind::Environment, reason)
}

struct JournalConnector(Arc<Journal>);

impl SinkConnector for JournalConnector {
    fn doc(&self) -> &'static ConnectorDoc {
        &JOURNAL
    }

    fn plan(&self, _: &SinkRequest<'_>) -> Result<Box<dyn SinkPlan>, OptionError> {
        Ok(Box::new(JournalPlan(Arc::clone(&self.0))))
    }
}

struct JournalPlan(Arc<Journal>);

impl SinkPlan for JournalPlan {
    fn input(&self) -> SinkInput {
        SinkInput::Append
    }

    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn open(&self, _: &SinkContext) -> Result<Box<dyn Sink>> {
        panic!("a run with checkpoints opens what stages")
    }

    fn exactly_once(&self) -> Option<&dyn ExactlyOncePlan> {
        Some(self)
    }
}

impl ExactlyOncePlan for JournalPlan {
    fn committer(&self, context: &CommitContext) -> Result<Box<dyn SinkCommitter>> {
        self.0.contexts.lock().unwrap().push(context.clone());
        Ok(Box::new(JournalCommitter(Arc::clone(&self.0))))
    }

    fn open(&self, context: &SinkContext) -> Result<Box<dyn StagingSink>> {
        self.0.opened_restored.lock().unwrap().push(context.is_restored);
        Ok(Box::new(JournalSink {
            staged: String::new(),
            is_blocked: self.0.is_blocked.subscribe(),
            disk: self.0.disk.subscribe(),
        }))
    }
}

struct JournalSink {
    staged: String,
    is_blocked: watch::Receiver<bool>,
    disk: watch::Receiver<Disk>,
}

#[async_trait]
impl StagingSink for JournalSink {
    async fn write(&mut self, batch: &EventBatch) -> Result<()> {
        self.is_blocked.wait_for(|is_blocked| !is_blocked).await.unwrap();
        for (ts, k, v) in triples([batch]) {
            self.staged.push_str(&format!("{ts} {k} {v}\n"));
        }
        Ok(())
    }

    async fn pre_commit(&mut self, _: u64) -> Result<PreCommit> {
        let note = Bytes::from(std::mem::take(&mut self.staged));
        let mut disk = self.disk.clone();
        let durable = async move {
            match *disk.wait_for(|disk| *disk != Disk::Slow).await.unwrap() {
                Disk::Broken => Err(refused("broken")),
                _ => Ok(()),
            }
        };
        Ok(PreCommit::staged(note, [Box::pin(durable) as _]))
    }

    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

struct JournalCommitter(Arc<Journal>);

#[async_trait]
impl SinkCommitter for JournalCommitter {
    async fn commit(&mut self, notes: &[CommitNote]) -> Result<()> {
        if self.0.is_away.load(Ordering::SeqCst) {
            return Err(refused("away"));
        }
        for CommitNote { epoch, subtask, note } in notes {
            self.0.calls.lock().unwrap().push((*epoch, *subtask));
            let number = |text: &str| text.parse().unwrap();
            let row = |line: &str| {
                let numbers: Vec<i64> = line.split(' ').map(number).collect();
                (numbers[0], numbers[1], numbers[2])
            };
            let rows = std::str::from_utf8(note).unwrap().lines().map(row).collect();
            self.0.committed.lock().unwrap().insert((*epoch, *subtask), rows);
        }
        self.0.changed.send_replace(());
        Ok(())
    }
}

/// Running totals of `v` per `k`: emits each row with the total in place of `v`. Its state is tracked as operators do it.
#[derive(Default)]
pub(super) struct Totals {
    totals: BTreeMap<i64, i64>,
    changed: BTreeSet<i64>,
    has_written: bool,
    /// How many rows the snapshots had, together.
    pub(super) written: Arc<AtomicUsize>,
}

impl Operator for Totals {
    fn on_batch(&mut self, _: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        let (keys, values) = (integers(batch.rows(), 1), integers(batch.rows(), 2));
        let mut emitted = Vec::new();
        for (row, time) in batch.event_time().iter().enumerate() {
            let total = self.totals.entry(keys[row]).or_default();
            *total += values[row];
            self.changed.insert(keys[row]);
            emitted.push((*time, keys[row], *total));
        }
        out.emit(EventBatch::new(rows(&emitted), batch.event_time().clone())?)
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, _: u64, state: &mut dyn StateWriter) -> Result<()> {
        let changed = std::mem::take(&mut self.changed);
        let all = !std::mem::replace(&mut self.has_written, true);
        for (key, total) in self.totals.iter().filter(|(key, _)| all || changed.contains(key)) {
            self.written.fetch_add(1, Ordering::SeqCst);
            let bytes = canonical(*key);
            state.write(StateRow {
                table: 0,
                key_group: key_group(hash_bytes(&bytes), crate::plan::DEFAULT_KEY_GROUPS),
                key: &key.to_be_bytes(),
                value: Some(&total.to_be_bytes()),
            })?;
        }
        Ok(())
    }

    fn restore(&mut self, state: &mut dyn StateReader) -> Result<()> {
        self.has_written = state.is_continued();
        while let Some(row) = state.next_row()? {
            let number = |bytes: &[u8]| i64::from_be_bytes(bytes.try_into().unwrap());
            self.totals.insert(number(row.key), number(row.value.unwrap()));
        }
        Ok(())
    }
}

/// The bytes by which an exchange finds the key group of a key.
fn canonical(key: i64) -> Vec<u8> {
    let mut bytes = crate::key::KeyBytes::default();
    bytes.fill(&rows(&[(0, key, 0)]), &[1]).unwrap();
    bytes.row(0).to_vec()
}

/// A store whose calls fail from a moment on, as if the process had died then or the disk were full.
pub(super) struct BrittleStore {
    inner: Arc<MemoryStore>,
    /// Calls that change something and may still succeed.
    pub(super) puts_left: AtomicUsize,
    /// The last of them is carried out, but its answer is lost.
    pub(super) loses_last_answer: AtomicBool,
    pub(super) puts: AtomicUsize,
}

impl BrittleStore {
    pub(super) fn new(inner: &Arc<MemoryStore>, puts_left: usize) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(inner),
            puts_left: AtomicUsize::new(puts_left),
            loses_last_answer: AtomicBool::new(false),
            puts: AtomicUsize::new(0),
        })
    }

    fn spend(&self) -> Result<bool> {
        self.puts.fetch_add(1, Ordering::SeqCst);
        let spent = self
            .puts_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match spent {
            Ok(left) => Ok(left == 1 && self.loses_last_answer.load(Ordering::SeqCst)),
            Err(_) => Err(self.full()),
        }
    }

    fn full(&self) -> Error {
        Error::store(self, "put", std::io::Error::other("no space left"))
    }
}

impl fmt::Debug for BrittleStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BrittleStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("brittle")
    }
}

#[async_trait]
impl CheckpointStore for BrittleStore {
    async fn put_if_absent(&self, name: &str, payload: Payload) -> Result<bool> {
        let is_lost = self.spend()?;
        let put = self.inner.put_if_absent(name, payload).await?;
        if is_lost { Err(self.full()) } else { Ok(put) }
    }

    async fn get_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>> {
        self.inner.get_range(name, range).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<StoredObject>> {
        self.inner.list(prefix).await
    }

    async fn delete(&self, name: &str) -> Result<()> {
        self.inner.delete(name).await
    }
}

/// shelf → totals by k → journal.
pub(super) fn app(
    shelf: &Arc<Shelf>,
    journal: &Arc<Journal>,
    checkpoints: CheckpointConfig,
    parallelism: usize,
) -> Runtime {
    app_named("totals", shelf, journal, checkpoints, parallelism).unwrap()
}

/// The same with another name for its operator with state.
pub(super) fn app_named(
    operator: &str,
    shelf: &Arc<Shelf>,
    journal: &Arc<Journal>,
    checkpoints: CheckpointConfig,
    parallelism: usize,
) -> Result<Runtime> {
    let config = RuntimeConfig {
        registry: registry(shelf, journal),
        checkpoints: Some(checkpoints),
        ..wide(parallelism)
    };
    app_configured(operator, config)
}

/// The same, run as a configuration says.
pub(super) fn app_configured(operator: &str, config: RuntimeConfig) -> Result<Runtime> {
    app_made(operator, config, || Box::new(Totals::default()))
}

/// The same with an operator in place of its totals.
pub(super) fn app_made(
    operator: &str,
    config: RuntimeConfig,
    make: impl Fn() -> Box<dyn Operator> + Send + Sync + 'static,
) -> Result<Runtime> {
    let mut plan = PlanBuilder::new();
    let kind = SourceKind::Connector {
        connector: "shelf".into(),
        options: Vec::new(),
    };
    let source = plan.source(source_spec("shelf", kind));
    let totals = plan.operator(operator, Parallelism::Any);
    let sink = journal_node(&mut plan);
    plan.edge(source, totals, 0, Exchange::Hash(vec![1]));
    plan.edge(totals, sink, 0, Exchange::Forward);
    let make = move |_: &PhysicalPlan, _: &Node, _: &OperatorContext| Ok(make());
    Runtime::with_operators(plan.build(), config, Box::new(make))
}

/// A sink into the journal.
pub(super) fn journal_node(plan: &mut PlanBuilder) -> NodeId {
    let spec = crate::plan::OperatorSpec::Sink(SinkSpec {
        stream: "journal".into(),
        connector: "journal".into(),
        options: Vec::new(),
        schema: schema(),
        key: Vec::new(),
    });
    plan.node("journal", spec, schema(), Parallelism::Any)
}

/// The connectors of a shelf and a journal.
pub(super) fn registry(shelf: &Arc<Shelf>, journal: &Arc<Journal>) -> Registry {
    let mut registry = Registry::default();
    registry.add_source(Arc::new(ShelfConnector(Arc::clone(shelf))));
    registry.add_sink(Arc::new(JournalConnector(Arc::clone(journal))));
    registry
}

/// What an undisturbed run makes visible, sorted. Every key is in one partition only.
pub(super) fn expected(partitions: &[Vec<Row>]) -> Vec<Row> {
    let mut totals = BTreeMap::<i64, i64>::new();
    let mut expected: Vec<Row> = partitions
        .iter()
        .flatten()
        .map(|(ts, k, v)| {
            let total = totals.entry(*k).or_default();
            *total += v;
            (*ts, *k, *total)
        })
        .collect();
    expected.sort_unstable();
    expected
}

/// Rows of several partitions: keys of one partition are not in another.
pub(super) fn partitions(count: usize, row_count: usize) -> Vec<Vec<Row>> {
    let partition = |index: usize| {
        let row = |row: usize| (row as i64, (index * 100 + row % 7) as i64, row as i64 + 1);
        (0..row_count).map(row).collect()
    };
    (0..count).map(partition).collect()
}
