//! For tests, here and in other crates: batches from text tables, text tables of what operators give, stores and the servers that
//! they are tested against, pages.
//!
//! ```text
//! +I A 3 @10        a row: its kind (optional), one cell per column, its event time in microseconds (optional)
//! -U 'a b' NULL     cells with spaces are quoted; NULL is NULL
//! watermark 20      or: watermark max
//! ```

mod harness;
mod page;
mod ports;
mod redis_server;
mod store;
mod table;

pub use harness::{OperatorHarness, Side, assert_table, context};
pub use page::assert_page;
pub use ports::free_ports;
pub use redis_server::RedisServer;
pub use store::{check_reopening, check_store};
pub use table::{batches, render, schema};
