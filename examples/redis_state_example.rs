//! State in Redis: totals and a window in flight survive a crash.
//!
//! ```text
//! docker compose up -d redis
//! cargo run --example redis_state_example
//! ```

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use eventflux::persistence::{RedisConfig, RedisPersistenceStore};
use eventflux::prelude::*;

const APP: &str = "
    CREATE STREAM Payments (at TIMESTAMP, card STRING, amount BIGINT, WATERMARK FOR at AS at);

    INSERT INTO Totals
    SELECT card, count(*) AS payments, sum(amount) AS total
    FROM Payments
    GROUP BY card;

    INSERT INTO Minutes
    SELECT card, sum(amount) AS spent
    FROM TUMBLE(Payments, at, INTERVAL '1' MINUTE)
    GROUP BY card, window_start, window_end;";

/// What the second runtime gave, one line per row.
pub fn run(url: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let at = |seconds: i64| Value::Timestamp(seconds * 1_000_000);
    let build = || -> Result<EventFluxAppRuntime, Box<dyn Error>> {
        let store = RedisPersistenceStore::new(RedisConfig {
            url: url.to_owned(),
            pool_size: 4,
            ..Default::default()
        })?;
        let builder = EventFluxAppRuntimeBuilder::new(APP);
        Ok(builder.with_persistence_store(Box::new(store)).build()?)
    };

    let runtime = build()?;
    runtime.start()?;
    let payments = runtime.input_handler("Payments")?;
    payments.send((at(0), "A", 5_i64))?;
    payments.send((at(10), "A", 7_i64))?;
    payments.send((at(20), "B", 9_i64))?;
    let revision = runtime.persist_state()?;
    // What comes after the last revision is lost with the process.
    payments.send((at(30), "A", 1_000_i64))?;
    runtime.abort();
    drop(runtime);

    let runtime = build()?;
    assert_eq!(runtime.restore_last_revision()?, Some(revision));
    let lines = Arc::new(Mutex::new(Vec::new()));
    let totals = Arc::clone(&lines);
    runtime.add_callback("Totals", move |rows| {
        let line = |row: Row<'_>| {
            format!(
                "{} {:?} {:?}",
                card(&row),
                row.get::<i64>("payments"),
                row.get::<i64>("total")
            )
        };
        totals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(rows.iter().map(line));
    })?;
    let minutes = Arc::clone(&lines);
    runtime.add_callback("Minutes", move |rows| {
        let line = |row: Row<'_>| format!("minute of {}: {:?}", card(&row), row.get::<i64>("spent"));
        minutes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(rows.iter().map(line));
    })?;
    runtime.start()?;
    let payments = runtime.input_handler("Payments")?;
    payments.send((at(40), "A", 3_i64))?;
    payments.send((at(60), "B", 1_i64))?;
    runtime.shutdown()?;

    let mut lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    // The outputs have no order among each other.
    lines.sort();
    Ok(lines)
}

fn card(row: &Row<'_>) -> String {
    row.get("card").unwrap_or_default()
}

#[allow(clippy::print_stdout, reason = "an example shows its result")]
#[allow(dead_code, reason = "a test calls `run`")]
fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    for line in run(&url)? {
        println!("{line}");
    }
    Ok(())
}
