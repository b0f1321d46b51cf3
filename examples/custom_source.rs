//! A source of the program's own: it counts.

use std::error::Error;
use std::sync::Arc;

use eventflux::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use eventflux::arrow::datatypes::SchemaRef;
use eventflux::connector::{
    ConnectorDoc, FormatOption, OptionError, Source, SourceConnector, SourceContext, SourceEvent, SourcePlan,
    SourcePosition, SourceRequest, SourceRows,
};
use eventflux::{Error as EngineError, EventFluxAppRuntimeBuilder, async_trait};

// The struct that parses the options is the one that documents them.
eventflux::connector::options! {
    /// Options of the source.
    struct CounterOptions of "counter" {
        /// The last number.
        last: u64 ["last"],
    }
}

static DOC: ConnectorDoc = ConnectorDoc {
    name: "counter",
    summary: "Counts from 1.",
    details: "One column of type BIGINT.",
    source_options: Some(CounterOptions::SET.docs),
    sink_options: None,
    metadata: &[],
    format: FormatOption::Unused,
    example: "CREATE STREAM numbers (n BIGINT) WITH ('connector' = 'counter', 'last' = '10');",
};

/// The kind of source: it plans without touching the outside.
struct Counter;

impl SourceConnector for Counter {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        let options = CounterOptions::parse(request.options)?;
        Ok(Box::new(CounterPlan {
            schema: request.schema(),
            last: options.last,
        }))
    }
}

/// A source with its options: it opens one subtask's share.
struct CounterPlan {
    schema: SchemaRef,
    last: u64,
}

impl SourcePlan for CounterPlan {
    fn parallelism_max(&self) -> Option<usize> {
        Some(1)
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn open(&self, context: &SourceContext) -> eventflux::Result<Box<dyn Source>> {
        // A restart continues where a checkpoint says.
        let given = context
            .positions
            .first()
            .map_or(Ok(0), |position| position.position.parse());
        let given = given.map_err(|_| EngineError::State {
            operator: "counter".into(),
            message: "the position is no number".into(),
        })?;
        Ok(Box::new(CounterSource {
            schema: Arc::clone(&self.schema),
            given,
            last: self.last,
            batch_rows_max: context.batch_rows_max as u64,
        }))
    }
}

/// What gives the rows.
struct CounterSource {
    schema: SchemaRef,
    given: u64,
    last: u64,
    batch_rows_max: u64,
}

#[async_trait]
impl Source for CounterSource {
    async fn next(&mut self) -> eventflux::Result<SourceEvent> {
        if self.given == self.last {
            return Ok(SourceEvent::End);
        }
        let until = self.last.min(self.given + self.batch_rows_max);
        let numbers = Int64Array::from_iter_values((self.given + 1..=until).map(|number| number as i64));
        self.given = until;
        // Only columns that the query uses are asked for.
        let columns = self
            .schema
            .fields()
            .iter()
            .map(|_| Arc::new(numbers.clone()) as ArrayRef)
            .collect();
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        Ok(SourceEvent::Rows(SourceRows {
            partition: 0,
            rows,
            bad: Vec::new(),
        }))
    }

    fn partitions(&self) -> Vec<Option<String>> {
        vec![Some("counter".to_owned())]
    }

    fn positions(&self) -> Vec<SourcePosition> {
        vec![SourcePosition {
            partition: "counter".to_owned(),
            position: self.given.to_string(),
        }]
    }
}

const APP: &str = "
    CREATE STREAM numbers (n BIGINT) WITH ('connector' = 'counter', 'last' = '10000');
    INSERT INTO big SELECT n FROM numbers WHERE n > 9997;";

/// The last numbers.
pub fn run() -> Result<Vec<i64>, Box<dyn Error>> {
    let runtime = EventFluxAppRuntimeBuilder::new(APP)
        .register_source(Arc::new(Counter))
        .build()?;
    let mut big = runtime.output_stream("big")?;
    runtime.start()?;
    let mut all = Vec::new();
    while let Some(rows) = big.next_blocking() {
        for row in &rows {
            all.push(row.get("n")?);
        }
    }
    runtime.wait()?;
    Ok(all)
}

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("{:?}", run()?);
    Ok(())
}
