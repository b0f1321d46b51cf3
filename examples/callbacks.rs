//! Callbacks on two outputs: averages of windows, and running counts as a changelog.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use eventflux::EventFluxAppRuntimeBuilder;
use eventflux::prelude::*;

const APP: &str = "
    CREATE STREAM Trades (
        at TIMESTAMP,
        sym STRING,
        px DOUBLE,
        WATERMARK FOR at AS at - INTERVAL '2' SECOND
    );

    INSERT INTO Averages
    SELECT sym, avg(px) AS average
    FROM TUMBLE(Trades, at, INTERVAL '10' SECOND)
    GROUP BY sym, window_start, window_end;

    SELECT sym, count(*) AS trades FROM Trades GROUP BY sym;";

/// What both outputs gave, one line per row.
pub fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let runtime = EventFluxAppRuntimeBuilder::new(APP).build()?;
    let lines = Arc::new(Mutex::new(Vec::new()));

    let averages = Arc::clone(&lines);
    runtime.add_callback("Averages", move |rows| {
        for row in rows {
            let line = format!("{} {:?}", sym(&row), row.get::<f64>("average").ok());
            averages.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })?;
    // A bare SELECT has the name `select`. Without a window, each row updates a result: the kind of a row says how.
    let counts = Arc::clone(&lines);
    runtime.add_callback("select", move |rows| {
        for row in rows {
            let line = format!(
                "{} {} {:?}",
                row.kind().symbol(),
                sym(&row),
                row.get::<i64>("trades").ok()
            );
            counts.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })?;
    runtime.start()?;

    let trades = runtime.input_handler("Trades")?;
    let at = |seconds: i64| Value::Timestamp(seconds * 1_000_000);
    trades.send((at(0), "IBM", 700.0))?;
    trades.send((at(4), "IBM", 710.0))?;
    trades.send((at(13), "IBM", 800.0))?;
    runtime.finish()?;

    let mut lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    // The two outputs have no order among each other.
    lines.sort();
    Ok(lines)
}

fn sym(row: &Row<'_>) -> String {
    row.get("sym").unwrap_or_default()
}

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
fn main() -> Result<(), Box<dyn Error>> {
    for line in run()? {
        println!("{line}");
    }
    Ok(())
}
