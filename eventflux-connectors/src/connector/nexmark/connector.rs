//! The `nexmark` source.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::SchemaRef;
use eventflux_core::Result;
use eventflux_core::connector::{
    ConnectorDoc, FormatOption, OptionError, SourceConnector, SourcePlan, SourceRequest,
};
use eventflux_core::plan::SourceColumn;

use super::column::{Column, columns};
use super::event::Events;
use super::options::NexmarkOptions;
use crate::generator::{GeneratorPlan, RowGenerator, RowRun};
use crate::metadata_column::MetadataColumns;

/// The connector.
pub struct Nexmark;

static DOC: ConnectorDoc = ConnectorDoc {
    name: "nexmark",
    summary: "Generates the persons, auctions and bids of the Nexmark benchmark.",
    details: "\
An event is determined by its id, the seed and the other options, so the rows are the same in every run and at every \
parallelism. Declare the columns that you need, in any order; only those are made:

| stream | columns |
|---|---|
| `person` | `id BIGINT`, `name STRING`, `email_address STRING`, `credit_card STRING`, `city STRING`, `state STRING`, `date_time TIMESTAMP`, `extra STRING` |
| `auction` | `id BIGINT`, `item_name STRING`, `description STRING`, `initial_bid BIGINT`, `reserve BIGINT`, `date_time TIMESTAMP`, `expires TIMESTAMP`, `seller BIGINT`, `category BIGINT`, `extra STRING` |
| `bid` | `auction BIGINT`, `bidder BIGINT`, `price BIGINT`, `channel STRING`, `url STRING`, `date_time TIMESTAMP`, `extra STRING` |

Names are also found without underscores (`dateTime`), and other types are cast to. The time of event *n* is `base_time` + \
*n* / `rate` seconds. A restart goes on with the next row, also at another parallelism.",
    source_options: Some(NexmarkOptions::SET.docs),
    sink_options: None,
    metadata: &[],
    format: FormatOption::Unused,
    example: "\
CREATE STREAM bid (auction BIGINT, price BIGINT, date_time TIMESTAMP, WATERMARK FOR date_time AS date_time)
WITH ('connector' = 'nexmark', 'stream' = 'bid', 'events' = '100000');
SELECT window_start, auction, max(price) FROM TUMBLE(bid, date_time, INTERVAL '1' SECOND)
GROUP BY window_start, window_end, auction;",
};

impl SourceConnector for Nexmark {
    fn doc(&self) -> &'static ConnectorDoc {
        &DOC
    }

    fn plan(&self, request: &SourceRequest<'_>) -> Result<Box<dyn SourcePlan>, OptionError> {
        let options = NexmarkOptions::parse(request.options)?;
        if request.options.is_resolved() {
            check(&options)?;
        }
        MetadataColumns::plan(request, &[])?;
        let makers = request
            .columns
            .iter()
            .map(|column| find(&options, column))
            .collect::<Result<_, _>>()?;
        let events = Events::new(options);
        let is_paced = events.options().paced;
        Ok(Box::new(GeneratorPlan {
            row_count: events.row_count(),
            rows_per_second: is_paced.then(|| events.rows_per_second()),
            generator: Arc::new(NexmarkRows {
                schema: request.schema(),
                makers,
                events,
            }),
        }))
    }
}

struct NexmarkRows {
    schema: SchemaRef,
    makers: Vec<&'static Column>,
    events: Events,
}

impl RowGenerator for NexmarkRows {
    fn rows(&self, run: RowRun) -> Result<RecordBatch> {
        let fields = self.schema.fields().iter();
        let columns = self.makers.iter().zip(fields).map(|(column, field)| {
            let array = (column.make)(&self.events, run);
            if array.data_type() == field.data_type() {
                Ok(array)
            } else {
                cast(&array, field.data_type())
            }
        });
        let columns = columns.collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(run.count));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}

fn check(options: &NexmarkOptions) -> Result<(), OptionError> {
    let positive = [
        ("rate", options.rate),
        ("hot_auction_ratio", options.hot_auction_ratio),
        ("hot_seller_ratio", options.hot_seller_ratio),
        ("hot_bidder_ratio", options.hot_bidder_ratio),
    ];
    if let Some((key, _)) = positive.iter().find(|(_, value)| *value == 0) {
        return Err(OptionError::new(*key, "has to be 1 or more"));
    }
    let proportions = [
        ("person_proportion", options.person_proportion),
        ("auction_proportion", options.auction_proportion),
        ("bid_proportion", options.bid_proportion),
    ];
    let sizes = [
        ("avg_person_byte_size", options.avg_person_byte_size),
        ("avg_auction_byte_size", options.avg_auction_byte_size),
        ("avg_bid_byte_size", options.avg_bid_byte_size),
    ];
    if let Some((key, _)) = proportions
        .iter()
        .chain(&sizes)
        .find(|(_, value)| *value > 1_000_000)
    {
        return Err(OptionError::new(*key, "is 1000000 at the most"));
    }
    if options.first_event_id > 1 << 60 {
        return Err(OptionError::new(
            "first_event_id",
            format!("is {} at the most", 1u64 << 60),
        ));
    }
    if proportions.iter().all(|(_, value)| *value == 0) {
        return Err(OptionError::new(
            "bid_proportion",
            "is 0, as the other proportions are: there would be no events",
        ));
    }
    Ok(())
}

/// The generator's column for a declared one.
fn find(options: &NexmarkOptions, column: &SourceColumn) -> Result<&'static Column, OptionError> {
    let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
    let (name, declared) = (column.field.name(), column.field.data_type());
    let known = columns(options.stream);
    let found = known
        .iter()
        .find(|known| plain(known.name) == plain(name))
        .ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|known| known.name).collect();
            OptionError::new(
                "stream",
                format!("the stream that is asked for has no column `{name}`"),
            )
            .with_help(format!("its columns are {}", names.join(", ")))
        })?;
    if !can_cast_types(&found.data_type, declared) {
        let message = format!(
            "its column `{name}` is made as {} and cannot become {declared}",
            found.data_type
        );
        return Err(OptionError::new("stream", message));
    }
    Ok(found)
}
