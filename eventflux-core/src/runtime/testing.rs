//! Plans by hand, operators and connectors made for tests.

use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};

use crate::batch::EventBatch;
use crate::connector::{ConnectorDoc, FormatOption};
use crate::element::Watermark;
use crate::error::Result;
use crate::operator::{Operator, Output};
use crate::plan::{
    AfterImageSpec, ChangelogMode, DEFAULT_KEY_GROUPS, Edge, ErrorPolicy, EventTimeSpec, Exchange,
    InProcessSinkSpec, Node, NodeId, OperatorSpec, Parallelism, PhysicalPlan, Port, SourceColumn, SourceKind,
    SourceSpec,
};
use crate::state::{StateReader, StateWriter};

/// Columns `ts TIMESTAMP, k BIGINT, v BIGINT`.
pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        Field::new("k", DataType::Int64, true),
        Field::new("v", DataType::Int64, true),
    ]))
}

/// Rows of [`schema`].
pub(super) fn rows(rows: &[(i64, i64, i64)]) -> RecordBatch {
    rows_with_nulls(
        &rows
            .iter()
            .map(|(ts, k, v)| (Some(*ts), *k, *v))
            .collect::<Vec<_>>(),
    )
}

/// Rows of [`schema`], of which some have no time.
pub(super) fn rows_with_nulls(rows: &[(Option<i64>, i64, i64)]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            rows.iter()
                .map(|row| row.0)
                .collect::<TimestampMicrosecondArray>(),
        ),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.2))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// The values of an integer column.
pub(super) fn integers(rows: &RecordBatch, column: usize) -> Vec<i64> {
    rows.column(column).as_primitive::<Int64Type>().values().to_vec()
}

/// A source of [`schema`] with event time `ts`.
pub(super) fn source_spec(stream: &str, kind: SourceKind) -> SourceSpec {
    let column = |field: &Arc<Field>| SourceColumn {
        field: Arc::clone(field),
        metadata: None,
    };
    SourceSpec {
        stream: stream.to_owned(),
        kind,
        columns: schema().fields().iter().map(column).collect(),
        declared: schema(),
        computed: Vec::new(),
        event_time: Some(EventTimeSpec {
            column: 0,
            delay_us: 0,
        }),
        idle_timeout_us: 30_000_000,
        error_policy: ErrorPolicy::DeadLetter,
    }
}

/// Builds plans node by node.
pub(super) struct PlanBuilder {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl PlanBuilder {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            edges: Vec::new(),
        }
    }

    pub(super) fn node(
        &mut self,
        name: &str,
        spec: OperatorSpec,
        schema: SchemaRef,
        parallelism: Parallelism,
    ) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node {
            id,
            operator_id: format!("{name}#{id}"),
            name: name.to_owned(),
            spec,
            schema,
            changelog: ChangelogMode::Append,
            parallelism,
            span: None,
        });
        id
    }

    pub(super) fn set_changelog(&mut self, node: NodeId, changelog: ChangelogMode) {
        self.nodes[node.0].changelog = changelog;
    }

    pub(super) fn source(&mut self, spec: SourceSpec) -> NodeId {
        let name = spec.stream.clone();
        self.node(&name, OperatorSpec::Source(spec), schema(), Parallelism::Any)
    }

    /// A stream with event time that handlers feed.
    pub(super) fn input(&mut self, stream: &str) -> NodeId {
        self.source(source_spec(stream, SourceKind::InProcess))
    }

    /// An operator that the test makes by its name.
    pub(super) fn operator(&mut self, name: &str, parallelism: Parallelism) -> NodeId {
        self.node(
            name,
            OperatorSpec::AfterImage(AfterImageSpec::default()),
            schema(),
            parallelism,
        )
    }

    pub(super) fn union(&mut self) -> NodeId {
        self.node("union", OperatorSpec::Union, schema(), Parallelism::Any)
    }

    pub(super) fn outlet(&mut self, stream: &str) -> NodeId {
        self.outlet_of(stream, schema())
    }

    pub(super) fn outlet_of(&mut self, stream: &str, schema: SchemaRef) -> NodeId {
        let spec = InProcessSinkSpec {
            stream: stream.to_owned(),
            schema: Arc::clone(&schema),
        };
        self.node(
            stream,
            OperatorSpec::InProcessSink(spec),
            schema,
            Parallelism::AtMost(1),
        )
    }

    pub(super) fn edge(&mut self, from: NodeId, to: NodeId, input: usize, exchange: Exchange) {
        self.port_edge(from, Port::Main, to, input, exchange);
    }

    pub(super) fn port_edge(
        &mut self,
        from: NodeId,
        port: Port,
        to: NodeId,
        input: usize,
        exchange: Exchange,
    ) {
        self.edges.push(Edge {
            from,
            port,
            to,
            input,
            exchange,
        });
    }

    /// The nodes in a row, along forward edges.
    pub(super) fn chain(&mut self, nodes: &[NodeId]) {
        for pair in nodes.windows(2) {
            self.edge(pair[0], pair[1], 0, Exchange::Forward);
        }
    }

    pub(super) fn build(mut self) -> PhysicalPlan {
        self.edges.sort_by_key(|edge| (edge.to, edge.input));
        PhysicalPlan {
            nodes: self.nodes,
            edges: self.edges,
            key_groups: DEFAULT_KEY_GROUPS,
        }
    }
}

/// An operator of functions.
pub(super) struct TestOperator<B, W> {
    pub(super) on_batch: B,
    pub(super) on_watermark: W,
}

impl<B, W> Operator for TestOperator<B, W>
where
    B: FnMut(EventBatch, &mut Output<'_>) -> Result<()> + Send,
    W: FnMut(Watermark, &mut Output<'_>) -> Result<()> + Send,
{
    fn on_batch(&mut self, _input: usize, batch: EventBatch, out: &mut Output<'_>) -> Result<()> {
        (self.on_batch)(batch, out)
    }

    fn on_watermark(&mut self, watermark: Watermark, out: &mut Output<'_>) -> Result<()> {
        (self.on_watermark)(watermark, out)?;
        out.emit_watermark(watermark)
    }

    fn snapshot(&mut self, _epoch: u64, _state: &mut dyn StateWriter) -> Result<()> {
        Ok(())
    }

    fn restore(&mut self, _state: &mut dyn StateReader) -> Result<()> {
        Ok(())
    }
}

/// An operator that does something with each batch and nothing at watermarks.
pub(super) fn on_batch(
    work: impl FnMut(EventBatch, &mut Output<'_>) -> Result<()> + Send + 'static,
) -> Box<dyn Operator> {
    Box::new(TestOperator {
        on_batch: work,
        on_watermark: |_, _: &mut Output<'_>| Ok(()),
    })
}

/// An operator that hands everything on.
pub(super) fn pass() -> Box<dyn Operator> {
    on_batch(|batch, out| out.emit(batch))
}

/// An operator that sums `v` per `k`, and emits the sums of all rows when the watermark reaches their `ts` in whole hundreds:
/// a window of 100 µs.
pub(super) fn sums() -> Box<dyn Operator> {
    let sums = Arc::new(Mutex::new(std::collections::BTreeMap::<(i64, i64), i64>::new()));
    let of_batch = Arc::clone(&sums);
    Box::new(TestOperator {
        on_batch: move |batch: EventBatch, _: &mut Output<'_>| {
            let (keys, values) = (integers(batch.rows(), 1), integers(batch.rows(), 2));
            for (row, time) in batch.event_time().iter().enumerate() {
                let window = time.div_euclid(100) * 100 + 100;
                *of_batch.lock().unwrap().entry((window, keys[row])).or_default() += values[row];
            }
            Ok(())
        },
        on_watermark: move |watermark: Watermark, out: &mut Output<'_>| {
            let mut sums = sums.lock().unwrap();
            let due: Vec<_> = sums
                .keys()
                .filter(|(window, _)| *window <= watermark)
                .copied()
                .collect();
            let closed: Vec<_> = due
                .into_iter()
                .filter_map(|key| sums.remove(&key).map(|sum| (key.0 - 1, key.1, sum)))
                .collect();
            let times: Vec<i64> = closed.iter().map(|row| row.0).collect();
            out.emit(EventBatch::new(rows(&closed), times.into())?)
        },
    })
}

/// All rows of batches as (ts, k, v), in order.
pub(super) fn triples<'a>(batches: impl IntoIterator<Item = &'a EventBatch>) -> Vec<(i64, i64, i64)> {
    let mut triples = Vec::new();
    for batch in batches {
        let times = batch
            .column(0)
            .as_primitive::<arrow::datatypes::TimestampMicrosecondType>()
            .clone();
        let (keys, values) = (integers(batch.rows(), 1), integers(batch.rows(), 2));
        triples.extend((0..times.len()).map(|row| (times.value(row), keys[row], values[row])));
    }
    triples
}

/// The page of a connector of tests.
pub(crate) const fn doc(name: &'static str) -> ConnectorDoc {
    ConnectorDoc {
        name,
        summary: "For tests.",
        details: "",
        source_options: Some(&[]),
        sink_options: Some(&[]),
        metadata: &[],
        format: FormatOption::Unused,
        example: "",
    }
}
