//! What fails ends the run, with its own error.

use async_trait::async_trait;

use super::*;
use crate::connector::{
    ConnectorDoc, OptionError, OptionPart, OptionText, Registry, Source, SourceConnector, SourceContext,
    SourceEvent, SourcePlan, SourcePosition, SourceRequest,
};
use crate::error::{Error, ErrorKind};
use crate::plan::{Exchange, Parallelism, SourceKind};
use crate::runtime::testing::{PlanBuilder, doc, on_batch, pass, rows, source_spec};

/// in -> by k: work -> out
fn plan() -> PhysicalPlan {
    let mut plan = PlanBuilder::new();
    let (input, work) = (plan.input("in"), plan.operator("work", Parallelism::Any));
    let out = plan.outlet("out");
    plan.edge(input, work, 0, Exchange::Hash(vec![1]));
    plan.chain(&[work, out]);
    plan.build()
}

fn fails(make: impl Fn() -> Box<dyn Operator> + Send + Sync + 'static) -> Error {
    let runtime = runtime(plan(), wide(3), move |_, _| make());
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(1, 1, 1)]))
        .unwrap();
    running.wait().unwrap_err()
}

#[test]
fn a_panic_names_the_operator() {
    let error = fails(|| on_batch(|_, _| panic!("at {}", 7)));
    assert_eq!(error.to_string(), "work panicked: at 7");
    assert_eq!(error.kind(), ErrorKind::Bug);
}

#[test]
fn the_first_error_is_the_result_and_handlers_are_refused_after_it() {
    let runtime = runtime(plan(), wide(3), |_, _| {
        on_batch(|_, _| Err(Error::Columns("seven".into())))
    });
    let running = runtime.start().unwrap();
    let input = running.input("in").unwrap();
    input.send_batch(rows(&[(1, 1, 1)])).unwrap();
    assert_eq!(running.wait().unwrap_err().to_string(), "columns: seven");
    assert!(input.send_batch(rows(&[(1, 1, 1)])).is_err());
}

#[test]
fn a_panic_of_a_callback_ends_the_run() {
    let runtime = runtime(plan(), wide(1), |_, _| pass());
    runtime.outlet("out").unwrap().add_callback(|_| panic!("no"));
    let running = runtime.start().unwrap();
    running
        .input("in")
        .unwrap()
        .send_batch(rows(&[(1, 1, 1)]))
        .unwrap();
    assert_eq!(running.wait().unwrap_err().to_string(), "out panicked: no");
}

static DOC: ConnectorDoc = doc("broken");

/// Fails where its one option says.
struct Broken;

impl SourceConnector for Broken {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        match request.options.iter().next() {
            Some((_, Some(place))) => Ok(Box::new(BrokenPlan(place.to_owned()))),
            _ => Err(OptionError::new("place", "is missing")),
        }
    }
}

struct BrokenPlan(String);

impl SourcePlan for BrokenPlan {
    fn parallelism_max(&self) -> Option<usize> {
        None
    }

    fn is_bounded(&self) -> bool {
        false
    }

    fn open(&self, _: &SourceContext) -> Result<Box<dyn Source>> {
        match self.0.as_str() {
            "open" => Err(cannot("open")),
            "open panic" => panic!("in open"),
            _ => Ok(Box::new(BrokenSource(self.0.clone()))),
        }
    }
}

struct BrokenSource(String);

#[async_trait]
impl Source for BrokenSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        match self.0.as_str() {
            "next" => Err(cannot("next")),
            "next panic" => panic!("in next"),
            _ => std::future::pending().await,
        }
    }

    fn partitions(&self) -> Vec<Option<String>> {
        Vec::new()
    }

    fn positions(&self) -> Vec<SourcePosition> {
        Vec::new()
    }
}

fn cannot(place: &str) -> Error {
    let refused = std::io::Error::other("refused");
    Error::connector("broken", place, ErrorKind::Environment, refused)
}

fn broken(option: OptionPart) -> Result<Runtime> {
    let mut plan = PlanBuilder::new();
    let options = vec![("place".to_owned(), OptionText { parts: vec![option] })];
    let kind = SourceKind::Connector {
        connector: "broken".into(),
        options,
    };
    let nodes = [plan.source(source_spec("s", kind)), plan.outlet("out")];
    plan.chain(&nodes);
    let mut registry = Registry::default();
    registry.add_source(Arc::new(Broken));
    Runtime::new(plan.build(), RuntimeConfig { registry, ..wide(2) })
}

fn start_broken(place: &str) -> Result<Error> {
    Ok(broken(OptionPart::Literal(place.into()))?
        .start()?
        .wait()
        .unwrap_err())
}

#[test]
fn a_source_that_cannot_be_opened_fails_the_start() {
    assert_eq!(
        start_broken("open").unwrap_err().to_string(),
        "broken `open`: refused"
    );
    assert_eq!(start_broken("open panic").unwrap_err().kind(), ErrorKind::Bug);
}

#[test]
fn a_source_that_fails_ends_the_run() {
    let error = start_broken("next").unwrap();
    assert_eq!(
        (error.to_string().as_str(), error.kind()),
        ("broken `next`: refused", ErrorKind::Environment)
    );
    let panicked = start_broken("next panic").unwrap().to_string();
    assert!(panicked.ends_with("panicked: in next"), "{panicked}");
}

#[test]
fn a_reference_that_leads_nowhere_names_the_option() {
    let option = OptionPart::File {
        path: "/does/not/exist".into(),
    };
    let error = broken(option).err().unwrap().to_string();
    assert!(
        error.starts_with("option `place`: cannot read file `/does/not/exist`"),
        "{error}"
    );
}
