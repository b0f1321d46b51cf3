//! How runs end.

use super::*;
use crate::connector::{
    ConnectorDoc, FollowEnd, OptionError, Registry, Source, SourceConnector, SourceContext, SourceEvent,
    SourcePlan, SourcePosition, SourceRequest,
};
use crate::error::{Error, ErrorKind};
use crate::plan::{Parallelism, SourceKind};
use crate::runtime::testing::{PlanBuilder, doc, rows, source_spec, sums};
use crate::runtime::{RunEnd, RunSummary};

/// in -> sums -> out: a window of 100 µs.
fn window() -> Runtime {
    let mut plan = PlanBuilder::new();
    let nodes = [
        plan.input("in"),
        plan.operator("sums", Parallelism::Any),
        plan.outlet("out"),
    ];
    plan.chain(&nodes);
    runtime(plan.build(), wide(1), |_, _| sums())
}

#[test]
fn a_stop_carries_through_what_was_sent_and_leaves_windows_open() {
    let runtime = window();
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(10, 1, 1), (110, 1, 2)]))
        .unwrap();
    running.stop();
    assert_eq!(running.wait().unwrap().end, RunEnd::Stopped);
    assert_eq!(kept.triples(), [(99, 1, 1)]);
}

#[test]
fn the_end_of_the_input_closes_windows() {
    let runtime = window();
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(10, 1, 1), (110, 1, 2)]))
        .unwrap();
    running.input("in").unwrap().end();
    assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
    assert_eq!(kept.triples(), [(99, 1, 1), (199, 1, 2)]);
}

#[test]
fn an_abort_ends_a_run_that_waits() {
    let running = window().start().unwrap();
    assert!(!running.is_over());
    running.abort();
    assert_eq!(running.wait().unwrap().end, RunEnd::Aborted);
    assert!(running.is_over());
    assert_eq!(running.wait().unwrap().end, RunEnd::Aborted);
}

#[test]
fn orders_after_the_end_do_not_change_why_a_run_ended() {
    let running = window().start().unwrap();
    running.input("in").unwrap().end();
    assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
    running.stop();
    assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
    running.abort();
    assert_eq!(running.wait().unwrap().end, RunEnd::InputEnded);
}

#[test]
fn an_abort_frees_a_loop_that_waits_for_a_reader() {
    let runtime = window();
    let _unread = runtime.outlet("out").unwrap().open_stream(1);
    let running = runtime.start().unwrap();
    let input = running.input("in").unwrap();
    // Two closed windows: the second result has to wait for the first to be read.
    input
        .send_batch(rows(&[(10, 1, 1), (110, 1, 2), (210, 1, 3)]))
        .unwrap();
    input.send_batch(rows(&[(310, 1, 4)])).unwrap();
    running.abort();
    assert_eq!(running.wait().unwrap().end, RunEnd::Aborted);
}

#[test]
fn a_dropped_reader_frees_the_loop() {
    let runtime = window();
    let unread = runtime.outlet("out").unwrap().open_stream(1);
    let kept = Kept::of(&runtime, "out");
    let running = runtime.start().unwrap();
    let input = running.input("in").unwrap();
    for window in 0..10 {
        input.send_batch(rows(&[(window * 100 + 10, 1, window)])).unwrap();
    }
    drop(unread);
    running.finish();
    running.wait().unwrap();
    assert_eq!(kept.triples().len(), 10);
}

#[test]
fn several_runs_live_beside_each_other() {
    let runs: Vec<_> = (0..3)
        .map(|_| {
            let runtime = window();
            (Kept::of(&runtime, "out"), runtime.start().unwrap())
        })
        .collect();
    for (number, (_, running)) in runs.iter().enumerate() {
        running
            .input("in")
            .unwrap()
            .send_batch(rows(&[(10, 1, number as i64)]))
            .unwrap();
        running.finish();
    }
    for (number, (kept, running)) in runs.iter().enumerate() {
        running.wait().unwrap();
        assert_eq!(kept.triples(), [(99, 1, number as i64)]);
    }
}

/// A source without rows that remembers how the run ended.
#[derive(Default)]
struct Follower {
    is_endless: bool,
    is_broken: bool,
    ended: Mutex<Vec<bool>>,
}

static FOLLOWER: ConnectorDoc = doc("follower");

impl SourceConnector for Arc<Follower> {
    fn doc(&self) -> &'static ConnectorDoc {
        &FOLLOWER
    }

    fn plan(&self, _: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        Ok(Box::new(Arc::clone(self)))
    }
}

impl SourcePlan for Arc<Follower> {
    fn parallelism_max(&self) -> Option<usize> {
        Some(1)
    }

    fn is_bounded(&self) -> bool {
        !self.is_endless
    }

    fn open(&self, _: &SourceContext) -> Result<Box<dyn Source>> {
        Ok(Box::new(Silent(self.is_endless)))
    }

    fn following_end(&self) -> Option<&dyn FollowEnd> {
        Some(&**self)
    }
}

impl FollowEnd for Follower {
    fn run_ended(&self, is_complete: bool) -> Result<()> {
        self.ended.lock().unwrap().push(is_complete);
        match self.is_broken {
            true => Err(Error::connector(
                "follower",
                "end",
                ErrorKind::Environment,
                std::fmt::Error,
            )),
            false => Ok(()),
        }
    }
}

/// Waits for ever, or ends at once.
struct Silent(bool);

#[async_trait::async_trait]
impl Source for Silent {
    async fn next(&mut self) -> Result<SourceEvent> {
        match self.0 {
            true => std::future::pending().await,
            false => Ok(SourceEvent::End),
        }
    }

    fn partitions(&self) -> Vec<Option<String>> {
        vec![Some("all".into())]
    }

    fn positions(&self) -> Vec<SourcePosition> {
        Vec::new()
    }
}

/// How the run ended, and what the source was told of it.
fn told(follower: Follower, end: impl FnOnce(&super::super::RunningApp)) -> (Result<RunSummary>, Vec<bool>) {
    let follower = Arc::new(follower);
    let mut registry = Registry::default();
    registry.add_source(Arc::new(Arc::clone(&follower)));
    let mut plan = PlanBuilder::new();
    let kind = SourceKind::Connector {
        connector: "follower".into(),
        options: Vec::new(),
    };
    let nodes = [
        plan.source(source_spec("in", kind)),
        plan.operator("sums", Parallelism::Any),
    ];
    plan.chain(&nodes);
    let config = RuntimeConfig { registry, ..wide(1) };
    let running = runtime(plan.build(), config, |_, _| sums()).start().unwrap();
    end(&running);
    let result = running.wait();
    let ended = follower.ended.lock().unwrap().clone();
    (result, ended)
}

#[test]
fn a_source_learns_once_whether_everything_came_to_its_end() {
    let endless = || Follower {
        is_endless: true,
        ..Follower::default()
    };
    assert_eq!(told(Follower::default(), |_| ()).1, [true]);
    assert_eq!(told(endless(), |running| running.finish()).1, [true]);
    assert_eq!(told(endless(), |running| running.stop()).1, [false]);
    assert_eq!(told(endless(), |running| running.abort()).1, [false]);
}

#[test]
fn a_source_that_cannot_tell_the_outside_of_the_end_fails_the_run() {
    let broken = Follower {
        is_broken: true,
        ..Follower::default()
    };
    let (result, ended) = told(broken, |_| ());
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Environment);
    assert_eq!(ended, [true]);
}
