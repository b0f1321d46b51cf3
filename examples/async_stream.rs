//! Inside an async runtime: rows are sent and awaited, as columns and one by one.

use std::error::Error;
use std::sync::Arc;

use eventflux::EventFluxAppRuntimeBuilder;
use eventflux::arrow::array::{ArrayRef, Int64Array, RecordBatch};

const APP: &str = "
    CREATE STREAM Numbers (n BIGINT);
    INSERT INTO Squares SELECT n, n * n AS square FROM Numbers;";

/// All squares, in order.
pub async fn run() -> Result<Vec<i64>, Box<dyn Error>> {
    let runtime = EventFluxAppRuntimeBuilder::new(APP).build()?;
    let mut squares = runtime.output_stream("Squares")?;
    runtime.start()?;

    let numbers = runtime.input_handler("Numbers")?;
    numbers.send_async((1,)).await?;
    let columns: ArrayRef = Arc::new(Int64Array::from(vec![2, 3]));
    numbers
        .send_batch_async(RecordBatch::try_from_iter([("n", columns)])?)
        .await?;
    numbers.end();

    let mut all = Vec::new();
    while let Some(rows) = squares.next().await {
        for row in &rows {
            all.push(row.get("square")?);
        }
    }
    runtime.wait_async().await?;
    Ok(all)
}

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("{:?}", run().await?);
    Ok(())
}
