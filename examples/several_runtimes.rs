//! Several runtimes in one process, one feeding the other.

use std::error::Error;

use eventflux::{EventFluxAppRuntime, EventFluxAppRuntimeBuilder};

fn build(app: &str) -> Result<EventFluxAppRuntime, Box<dyn Error>> {
    Ok(EventFluxAppRuntimeBuilder::new(app).with_parallelism(1).build()?)
}

/// The numbers that pass both filters.
pub fn run() -> Result<Vec<i64>, Box<dyn Error>> {
    let even =
        build("CREATE STREAM Numbers (n BIGINT); INSERT INTO Even SELECT n FROM Numbers WHERE n % 2 = 0;")?;
    let small =
        build("CREATE STREAM Numbers (n BIGINT); INSERT INTO Small SELECT n FROM Numbers WHERE n < 7;")?;

    // Columns go from one to the other without a copy. If the second has ended, its rows are of no use.
    let second = small.input_handler("Numbers")?;
    even.add_callback("Even", move |rows| {
        let _ = second.send_batch(rows.columns().clone());
    })?;
    let mut passed = small.output_stream("Small")?;
    even.start()?;
    small.start()?;

    let first = even.input_handler("Numbers")?;
    for number in 1..=10 {
        first.send((number,))?;
    }
    even.finish()?;
    small.finish()?;
    let mut all = Vec::new();
    while let Some(rows) = passed.next_blocking() {
        for row in &rows {
            all.push(row.get("n")?);
        }
    }
    Ok(all)
}

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("{:?}", run()?);
    Ok(())
}
