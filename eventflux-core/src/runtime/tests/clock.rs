//! What the clock does to a run.

use async_trait::async_trait;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::batch::EventBatch;
use crate::connector::{
    ConnectorDoc, OptionError, Registry, Source, SourceConnector, SourceContext, SourceEvent, SourcePlan,
    SourcePosition, SourceRequest, SourceRows,
};
use crate::element::{WATERMARK_MAX, Watermark};
use crate::operator::{Output, TimedOperator};
use crate::plan::{Exchange, Parallelism, SourceKind, SourceSpec};
use crate::runtime::testing::{PlanBuilder, TestOperator, doc, rows, source_spec};
use crate::state::{StateReader, StateWriter};
use crate::time::VirtualClock;

/// Tells what an operator sees, as it sees it.
#[derive(Clone)]
struct Seen(std::sync::mpsc::Sender<String>);

impl Seen {
    fn tell(&self, what: String) -> Result<()> {
        // A test that has seen enough hangs up.
        let _ = self.0.send(what);
        Ok(())
    }

    fn operator(&self) -> Box<dyn Operator> {
        let (batches, watermarks) = (self.clone(), self.clone());
        Box::new(TestOperator {
            on_batch: move |batch: EventBatch, _: &mut Output<'_>| {
                batches.tell(format!("rows@{:?}", batch.event_time().as_ref()))
            },
            on_watermark: move |watermark: Watermark, _: &mut Output<'_>| match watermark {
                WATERMARK_MAX => watermarks.tell("end".into()),
                _ => watermarks.tell(format!("watermark {watermark}")),
            },
        })
    }
}

fn seen() -> (Seen, std::sync::mpsc::Receiver<String>) {
    let (sender, receiver) = std::sync::mpsc::channel();
    (Seen(sender), receiver)
}

fn at(clock: &Arc<VirtualClock>) -> RuntimeConfig {
    RuntimeConfig {
        clock: Arc::clone(clock) as _,
        ..wide(1)
    }
}

#[test]
fn event_time_of_a_stream_without_one_is_the_clock() {
    let mut plan = PlanBuilder::new();
    let spec = SourceSpec {
        event_time: None,
        ..source_spec("in", SourceKind::InProcess)
    };
    let nodes = [plan.source(spec), plan.operator("seen", Parallelism::Any)];
    plan.chain(&nodes);
    let clock = Arc::new(VirtualClock::at(1_000_000));
    let (seen, told) = seen();
    let running = runtime(plan.build(), at(&clock), move |_, _| seen.operator())
        .start()
        .unwrap();
    assert_eq!(told.recv().unwrap(), "watermark 1000000");
    clock.advance_to(2_000_000);
    assert_eq!(told.recv().unwrap(), "watermark 2000000");
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(7, 1, 1), (8, 1, 1)]))
        .unwrap();
    assert_eq!(told.recv().unwrap(), "rows@[2000000, 2000000]");
    // Less than the interval: the next rows bring it.
    clock.advance_to(2_000_001);
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(7, 1, 1)]))
        .unwrap();
    assert_eq!(told.recv().unwrap(), "rows@[2000001]");
    assert_eq!(told.recv().unwrap(), "watermark 2000001");
    running.finish();
    assert_eq!(told.recv().unwrap(), "end");
}

#[test]
fn an_input_without_rows_holds_windows_back_only_until_it_is_idle() {
    let mut plan = PlanBuilder::new();
    let (one, two, union) = (plan.input("one"), plan.input("two"), plan.union());
    let seen_node = plan.operator("seen", Parallelism::Any);
    plan.edge(one, union, 0, Exchange::Forward);
    plan.edge(two, union, 1, Exchange::Forward);
    plan.chain(&[union, seen_node]);
    let clock = Arc::new(VirtualClock::at(0));
    let (seen, told) = seen();
    let running = runtime(plan.build(), at(&clock), move |_, _| seen.operator())
        .start()
        .unwrap();
    running
        .input("one")
        .unwrap()
        .send_batch(rows(&[(50, 1, 1)]))
        .unwrap();
    assert_eq!(told.recv().unwrap(), "rows@[50]");
    clock.advance_to(29_999_999);
    running
        .input("one")
        .unwrap()
        .send_batch(rows(&[(60, 1, 1)]))
        .unwrap();
    assert_eq!(told.recv().unwrap(), "rows@[60]");
    clock.advance_to(30_000_000);
    // The idle input may be told before the watermark behind the last rows, but not before those.
    let watermark = match told.recv().unwrap() {
        earlier if earlier == "watermark 50" => told.recv().unwrap(),
        last => last,
    };
    assert_eq!(watermark, "watermark 60");
    running.stop();
    running.wait().unwrap();
    assert_eq!(
        told.recv(),
        Err(std::sync::mpsc::RecvError),
        "a stop does not close windows"
    );
}

/// A source of two partitions whose events a test sends.
struct Told {
    is_bounded: bool,
    events: Mutex<Option<UnboundedReceiver<SourceEvent>>>,
}

static TOLD: ConnectorDoc = doc("told");

impl SourceConnector for Arc<Told> {
    fn doc(&self) -> &'static ConnectorDoc {
        &TOLD
    }

    fn plan(&self, _: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        Ok(Box::new(Arc::clone(self)))
    }
}

impl SourcePlan for Arc<Told> {
    fn parallelism_max(&self) -> Option<usize> {
        Some(1)
    }

    fn is_bounded(&self) -> bool {
        self.is_bounded
    }

    fn open(&self, _: &SourceContext) -> Result<Box<dyn Source>> {
        Ok(Box::new(ToldSource(self.events.lock().unwrap().take().unwrap())))
    }
}

struct ToldSource(UnboundedReceiver<SourceEvent>);

#[async_trait]
impl Source for ToldSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        Ok(self.0.recv().await.unwrap_or(SourceEvent::End))
    }

    fn partitions(&self) -> Vec<Option<String>> {
        vec![Some("a".into()), Some("b".into())]
    }

    fn positions(&self) -> Vec<SourcePosition> {
        Vec::new()
    }
}

/// What an operator sees when the second partition stays silent for longer than the idle timeout.
fn with_a_silent_partition(is_bounded: bool) -> Vec<String> {
    let (events, receiver) = unbounded_channel();
    let told_source = Told {
        is_bounded,
        events: Mutex::new(Some(receiver)),
    };
    let mut registry = Registry::default();
    registry.add_source(Arc::new(Arc::new(told_source)));
    let mut plan = PlanBuilder::new();
    let kind = SourceKind::Connector {
        connector: "told".into(),
        options: Vec::new(),
    };
    let source = plan.source(source_spec("in", kind));
    for name in ["seen", "echo"] {
        let operator = plan.operator(name, Parallelism::Any);
        plan.edge(source, operator, 0, Exchange::Forward);
    }
    let clock = Arc::new(VirtualClock::at(0));
    let config = RuntimeConfig {
        registry,
        ..at(&clock)
    };
    let (seen, told) = seen();
    let make = move |name: &str, _: &OperatorContext| match name {
        "seen" => seen.operator(),
        _ => Box::new(Echo {
            due_us: None,
            seen: seen.clone(),
        }) as Box<dyn Operator>,
    };
    let running = runtime(plan.build(), config, make).start().unwrap();
    let send = |partition, at_us| {
        let event = SourceEvent::Rows(SourceRows {
            partition,
            rows: rows(&[(at_us, 1, 1)]),
            bad: Vec::new(),
        });
        events.send(event).unwrap();
    };
    clock.advance_to(20_000_000);
    send(0, 30_000_000);
    while told.recv().unwrap() != "rows@[30000000]" {}
    clock.advance_to(30_000_000);
    // The other operator's timer tells that the loop has seen the new time.
    let is_enough = |line: &String| match is_bounded {
        true => line.starts_with("fired"),
        false => line == "watermark 30000000",
    };
    let mut lines: Vec<String> = Vec::new();
    while !lines.last().is_some_and(is_enough) {
        lines.push(told.recv().unwrap());
    }
    send(1, 10);
    drop(events);
    running.wait().unwrap();
    lines.extend(told.try_iter());
    lines.retain(|line| line != "armed" && !line.starts_with("fired"));
    lines
}

#[test]
fn a_partition_of_a_bounded_source_is_waited_for_however_long_it_takes() {
    assert_eq!(
        with_a_silent_partition(true),
        ["rows@[10]", "watermark 10", "end"]
    );
}

#[test]
fn a_silent_partition_of_an_endless_source_is_left_out() {
    assert_eq!(
        with_a_silent_partition(false),
        ["watermark 30000000", "rows@[10]", "end"]
    );
}

/// Emits what it was last given when its time has come.
struct Echo {
    due_us: Option<i64>,
    seen: Seen,
}

impl Operator for Echo {
    fn on_batch(&mut self, _: usize, batch: EventBatch, _: &mut Output<'_>) -> Result<()> {
        self.due_us = Some(batch.event_time()[0]);
        self.seen.tell("armed".into())
    }

    fn on_watermark(&mut self, _: Watermark, _: &mut Output<'_>) -> Result<()> {
        Ok(())
    }

    fn snapshot(&mut self, _: u64, _: &mut dyn StateWriter) -> Result<()> {
        Ok(())
    }

    fn restore(&mut self, _: &mut dyn StateReader) -> Result<()> {
        Ok(())
    }

    fn timed(&mut self) -> Option<&mut dyn TimedOperator> {
        Some(self)
    }
}

impl TimedOperator for Echo {
    fn next_due_us(&self) -> Option<i64> {
        self.due_us
    }

    fn on_timer(&mut self, now_us: i64, _: &mut Output<'_>) -> Result<()> {
        self.due_us = None;
        let task_now_us = crate::time::task_now_us();
        self.seen.tell(format!("fired at {now_us}, {task_now_us:?}"))
    }
}

#[test]
fn an_operator_is_called_when_the_clock_reaches_its_time() {
    let mut plan = PlanBuilder::new();
    let nodes = [plan.input("in"), plan.operator("echo", Parallelism::Any)];
    plan.chain(&nodes);
    let clock = Arc::new(VirtualClock::at(0));
    let (seen, told) = seen();
    let make = move |_: &str, _: &OperatorContext| -> Box<dyn Operator> {
        Box::new(Echo {
            due_us: None,
            seen: seen.clone(),
        })
    };
    let running = runtime(plan.build(), at(&clock), make).start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(5_000, 1, 1)]))
        .unwrap();
    assert_eq!(told.recv().unwrap(), "armed");
    clock.advance_to(5_000);
    assert_eq!(told.recv().unwrap(), "fired at 5000, Some(5000)");
    running.stop();
    running.wait().unwrap();
}
