//! Drives all loops in turn.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::emission::{Basket, Collected, Emission};
use super::feed::{FedSource, Feeds};
use crate::error::{Error, Result};
use crate::metrics::MetricsSnapshot;
use crate::operator::BadRow;
use crate::plan::{OperatorSpec, PhysicalPlan, SourceKind, SourceSpec};
use crate::runtime::chain::{Next, OutletStage, catch_panic};
use crate::runtime::config::RuntimeConfig;
use crate::runtime::graph::{Builder, End, Layout, MakeOperator, OpenSource, Outside};
use crate::runtime::in_process::Outlet;
use crate::runtime::meter::{Meter, OperatorEntry};
use crate::runtime::operators::make_operator;
use crate::runtime::orders::Commander;
use crate::runtime::source::ValuesSource;
use crate::runtime::subtask::{Step, Subtask};
use crate::runtime::task::{Drive, Task};
use crate::time::{Clock, VirtualClock};

/// Runs a plan step by step on a virtual clock.
///
/// Each call is carried through to the end before it returns: no row is in flight between two calls. Connectors are not
/// opened: every stream that a connector would feed is fed by hand, and every sink's rows are collected.
pub struct Stepper {
    clock: Arc<VirtualClock>,
    meter: Meter,
    /// Kept: loops follow its orders.
    _commander: Commander,
    feeds: Feeds,
    /// In the order of the plan, so that whoever sends comes before whoever receives. `None` has ended.
    loops: Vec<Option<Subtask>>,
    basket: Basket,
    emissions: Vec<Emission>,
}

impl Stepper {
    /// Builds a run whose clock shows this time, microseconds since the epoch; the configuration's own clock, registry and
    /// budgets of bytes have no meaning here. Rows of the plan itself (VALUES) are carried through at once.
    ///
    /// **Errors** An operator cannot be built, or a row fails under the policy `fail`.
    pub fn new(plan: &PhysicalPlan, config: &RuntimeConfig, now_us: i64) -> Result<Self> {
        Self::with_operators(plan, config, now_us, &make_operator)
    }

    pub(crate) fn with_operators(
        plan: &PhysicalPlan,
        config: &RuntimeConfig,
        now_us: i64,
        make_operator: &MakeOperator,
    ) -> Result<Self> {
        let clock = Arc::new(VirtualClock::at(now_us));
        let config = RuntimeConfig {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..config.clone()
        };
        let layout = Layout::new(plan, config.parallelism, true, |node| {
            is_fed(plan, node).then_some(1)
        });
        let (commander, meter, basket) = (Commander::new(true), Meter::default(), Basket::default());
        let feeds = Feeds::new(plan)?;
        let hands = Hands {
            plan,
            feeds: &feeds,
            basket: &basket,
            batch_rows_max: config.batch_rows_max,
        };
        let builder = Builder {
            plan,
            layout: &layout,
            config: &config,
            drive: Drive::Stepped,
            orders: commander.follow(),
            meter: &meter,
            checkpointer: None,
            restored: None,
            memory: None,
            cold: &Arc::default(),
            outside: &hands,
            make_operator,
            left_out: &BTreeSet::new(),
            share: None,
        };
        let mut loops = builder.build()?;
        loops.iter_mut().try_for_each(Subtask::open)?;
        let loops = loops.into_iter().map(Some).collect();
        let mut stepper = Self {
            clock,
            meter,
            _commander: commander,
            feeds,
            loops,
            basket,
            emissions: Vec::new(),
        };
        stepper.settle()?;
        Ok(stepper)
    }

    /// The streams that can be fed, with their columns, by name.
    pub fn streams(&self) -> impl Iterator<Item = (&str, &SchemaRef)> {
        self.feeds
            .by_stream
            .iter()
            .map(|(stream, feed)| (stream.as_str(), &feed.schema))
    }

    /// The columns of a stream that can be fed.
    pub fn schema(&self, stream: &str) -> Option<&SchemaRef> {
        self.feeds.by_stream.get(stream).map(|feed| &feed.schema)
    }

    /// What the clock shows, microseconds since the epoch.
    pub fn now_us(&self) -> i64 {
        self.clock.now_us()
    }

    /// Moves the clock to the time at which rows arrive (unless it is later already), then carries them through. `rows` are
    /// of [`Stepper::schema`]; `bad` are rows that did not decode, for the error policy of the stream.
    ///
    /// **Errors** There is no such stream; a row fails under the policy `fail`; an operator fails.
    pub fn feed(&mut self, stream: &str, arrival_us: i64, rows: &RecordBatch, bad: &[BadRow]) -> Result<()> {
        if !self.feeds.by_stream.contains_key(stream) {
            return Err(Error::Columns(format!("no query reads a stream `{stream}`")));
        }
        self.advance_to(arrival_us)?;
        if let Some(feed) = self.feeds.by_stream.get(stream) {
            feed.put(rows, bad)?;
        }
        self.settle()
    }

    /// Moves the clock; whatever is due on the way happens at its own time, in order. An earlier time changes nothing.
    pub fn advance_to(&mut self, now_us: i64) -> Result<()> {
        while let Some(due_us) = self.next_due_us().filter(|due_us| *due_us <= now_us) {
            self.clock.advance_to(due_us);
            self.settle()?;
        }
        if now_us > self.clock.now_us() {
            self.clock.advance_to(now_us);
            self.settle()?;
        }
        Ok(())
    }

    /// Ends all inputs: event time goes to its end, and every window closes.
    pub fn end_input(&mut self) -> Result<()> {
        self.feeds.by_stream.values().for_each(|feed| feed.end());
        self.settle()
    }

    /// What was emitted since the last call, in order.
    pub fn take(&mut self) -> Vec<Emission> {
        std::mem::take(&mut self.emissions)
    }

    /// All metrics as they are now.
    pub fn metrics(&self) -> MetricsSnapshot {
        self.meter.snapshot()
    }

    fn next_due_us(&mut self) -> Option<i64> {
        self.loops
            .iter_mut()
            .flatten()
            .filter_map(Subtask::next_due_us)
            .min()
    }

    /// Carries everything through. Rows only go to later loops: one pass is enough.
    fn settle(&mut self) -> Result<()> {
        for slot in &mut self.loops {
            let Some(subtask) = slot else { continue };
            let name = subtask.name().to_owned();
            let mut step = Step::Waiting;
            catch_panic(&name, || {
                step = subtask.settle()?;
                Ok(())
            })?;
            if step == Step::Ended {
                *slot = None;
            }
        }
        self.emissions.extend(self.basket.take()?);
        Ok(())
    }
}

fn is_fed(plan: &PhysicalPlan, node: crate::plan::NodeId) -> bool {
    matches!(
        plan.node(node).spec,
        OperatorSpec::Source(_) | OperatorSpec::Sink(_)
    )
}

/// Feeds sources and collects from sinks.
struct Hands<'a> {
    plan: &'a PhysicalPlan,
    feeds: &'a Feeds,
    basket: &'a Basket,
    batch_rows_max: usize,
}

impl Outside for Hands<'_> {
    fn source(&self, end: &End<'_>, spec: &SourceSpec) -> Result<OpenSource> {
        if let SourceKind::Values(rows) = &spec.kind {
            let source = Box::new(ValuesSource::new(rows.clone(), self.batch_rows_max, &[])?);
            return Ok(OpenSource {
                source,
                is_drained: true,
                is_bounded: true,
            });
        }
        let queue = self.feeds.queues.get(&end.node.id);
        let queue = queue.ok_or_else(|| Error::Bug(format!("{} is not fed", end.node.name)))?;
        let source = Box::new(FedSource {
            stream: spec.stream.clone(),
            queue: Arc::clone(queue),
        });
        Ok(OpenSource {
            source,
            is_drained: true,
            is_bounded: false,
        })
    }

    fn sink(&self, end: &End<'_>, entry: Arc<OperatorEntry>, task: Arc<Task>) -> Result<Next> {
        let (stream, schema) = match &end.node.spec {
            OperatorSpec::Sink(spec) => (spec.stream.as_str(), &spec.schema),
            OperatorSpec::InProcessSink(spec) => (spec.stream.as_str(), &spec.schema),
            _ => return Err(Error::Bug(format!("{} is no sink", end.node.name))),
        };
        let mode = match self.plan.inputs(end.node.id).next() {
            Some(edge) => self.plan.rows_of(edge).1,
            None => crate::plan::ChangelogMode::Append,
        };
        let outlet = Outlet::new(stream, Arc::clone(schema));
        let (basket, stream, node) = (self.basket.clone(), Arc::<str>::from(stream), end.node.id);
        outlet.add_callback(move |batch| {
            let (stream, mode, batch) = (Arc::clone(&stream), mode.clone(), batch.clone());
            basket.put(Collected {
                stream,
                node,
                mode,
                batch,
            });
        });
        Ok(Next::Outlet(Box::new(OutletStage::new(outlet, entry, task))))
    }
}
