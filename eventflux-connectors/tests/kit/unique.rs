//! Names of one's own in servers that tests share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A name that nobody else uses.
pub fn unique_name(what: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!(
        "{what}-{}-{}-{time}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}
