//! A filter: rows go in through a handler and come out through a callback.

use std::error::Error;
use std::sync::mpsc;

use eventflux::EventFluxAppRuntimeBuilder;

const APP: &str = "
    CREATE STREAM InputStream (id STRING, value DOUBLE);

    INSERT INTO OutputStream
    SELECT *
    FROM InputStream
    WHERE value > 100;";

/// The ids that pass the filter.
pub fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let runtime = EventFluxAppRuntimeBuilder::new(APP).build()?;
    let (sender, passed) = mpsc::channel();
    runtime.add_callback("OutputStream", move |rows| {
        for row in rows {
            // The receiver lives as long as this function.
            let _ = sender.send(row.get::<String>("id"));
        }
    })?;
    runtime.start()?;

    let input = runtime.input_handler("InputStream")?;
    input.send(("low", 99.5))?;
    input.send(("high", 100.5))?;
    input.send(("unknown", None::<f64>))?;
    input.send(("higher", 1e6))?;
    runtime.finish()?;
    // With the runtime goes the callback, and with it the sender.
    drop(runtime);
    Ok(passed.into_iter().collect::<Result<_, _>>()?)
}

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
fn main() -> Result<(), Box<dyn Error>> {
    for id in run()? {
        println!("{id}");
    }
    Ok(())
}
