//! Groups: keys interned to small numbers, and what is kept per group.

mod aggregation;
mod bytes_table;
mod change_log;
mod group_table;
mod key_table;
mod packed_table;
mod slots;

pub use aggregation::{Aggregation, CallRows, Rows};
pub use change_log::{StateKeys, Tombstones};
pub use group_table::{GroupTable, Results};
pub use key_table::{Group, KeyTable};
