use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::*;
use crate::connector::OptionText;
use crate::plan::{
    AggregateCall, AggregateFunction, ChangelogMode, Edge, ErrorPolicy, EventTimeSpec, Exchange,
    InProcessSinkSpec, Node, NodeId, OperatorSpec, Parallelism, PhysicalPlan, Port, SourceColumn, SourceKind,
    SourceSpec, WindowAggregateSpec, WindowSpec, WindowTime,
};

fn schema(names: &[&str]) -> SchemaRef {
    Arc::new(Schema::new(
        names
            .iter()
            .map(|name| Field::new(*name, DataType::Int64, true))
            .collect::<Vec<_>>(),
    ))
}

fn node(id: usize, name: &str, spec: OperatorSpec, columns: &[&str]) -> Node {
    Node {
        id: NodeId(id),
        operator_id: format!("q/{id}"),
        name: name.to_owned(),
        spec,
        schema: schema(columns),
        changelog: ChangelogMode::Append,
        parallelism: Parallelism::Any,
        span: None,
    }
}

fn plan(path: &str) -> PhysicalPlan {
    let columns = schema(&["k", "v", "at"]);
    let source = SourceSpec {
        stream: "t".to_owned(),
        kind: SourceKind::Connector {
            connector: "file".to_owned(),
            options: vec![("path".to_owned(), OptionText::literal(path))],
        },
        columns: columns
            .fields()
            .iter()
            .map(|field| SourceColumn {
                field: Arc::clone(field),
                metadata: None,
            })
            .collect(),
        declared: columns,
        computed: Vec::new(),
        event_time: Some(EventTimeSpec {
            column: 2,
            delay_us: 5_000_000,
        }),
        idle_timeout_us: 30_000_000,
        error_policy: ErrorPolicy::DeadLetter,
    };
    let aggregate = WindowAggregateSpec {
        window: WindowTime::Assign(WindowSpec::Tumble {
            size_us: 60_000_000,
            offset_us: 0,
        }),
        keys: vec![0],
        calls: vec![AggregateCall {
            function: AggregateFunction::Sum,
            arguments: vec![1],
            argument_types: vec![DataType::Int64],
            parameters: Vec::new(),
            distinct: false,
            filter: None,
            order_by: Vec::new(),
            output: Arc::new(Field::new("total", DataType::Int64, true)),
        }],
        allowed_lateness_us: 0,
        error_policy: ErrorPolicy::DeadLetter,
    };
    let windowed = ["k", "total", "window_start", "window_end", "window_time"];
    let sink = InProcessSinkSpec {
        stream: "out <\"1\">".to_owned(),
        schema: schema(&windowed),
    };
    let edge = |from: usize, to: usize, exchange: Exchange| Edge {
        from: NodeId(from),
        port: Port::Main,
        to: NodeId(to),
        input: 0,
        exchange,
    };
    PhysicalPlan {
        nodes: vec![
            node(0, "source t", OperatorSpec::Source(source), &["k", "v", "at"]),
            node(
                1,
                "window aggregate",
                OperatorSpec::WindowAggregate(aggregate),
                &windowed,
            ),
            node(2, "output", OperatorSpec::InProcessSink(sink), &windowed),
        ],
        edges: vec![edge(0, 1, Exchange::Hash(vec![0])), edge(1, 2, Exchange::Forward)],
        key_groups: 1024,
    }
}

#[test]
fn the_text_shows_operators_edges_and_what_they_emit() {
    insta::assert_snapshot!(text(&plan("in.ndjson")));
}

#[test]
fn every_format_names_every_operator() {
    let plan = plan("in.ndjson");
    for rendered in [
        text(&plan),
        json(&plan).to_string(),
        dot(&plan),
        mermaid(&plan),
        svg(&plan),
    ] {
        for node in &plan.nodes {
            assert!(
                rendered.contains(&node.name),
                "{} is missing in\n{rendered}",
                node.name
            );
        }
    }
}

#[test]
fn names_cannot_break_out_of_a_format() {
    let plan = plan("in.ndjson");
    assert!(!svg(&plan).contains("<\"1\">"));
    assert!(dot(&plan).contains("out <\\\"1\\\">"));
    assert!(mermaid(&plan).contains("out #lt;#quot;1#quot;#gt;"));
}

#[test]
fn the_fingerprint_is_that_of_what_the_plan_does() {
    assert_eq!(plan("in.ndjson").fingerprint(), plan("in.ndjson").fingerprint());
    assert_ne!(
        plan("in.ndjson").fingerprint(),
        plan("other.ndjson").fingerprint()
    );
}
