//! Groups: keys interned to small numbers, and what is kept per group.

mod aggregation;
mod bytes_table;
mod call_states;
mod change_log;
mod group_table;
mod hot_budget;
mod hot_set;
mod key_table;
mod packed_table;
mod slots;

pub use aggregation::{Aggregation, CallRows, Rows};
pub use call_states::{CallStates, Results};
pub use change_log::{ChangeLog, StateKeys, Tombstones};
pub use group_table::GroupTable;
pub use hot_budget::HotBudget;
pub use hot_set::HotSet;
pub use key_table::{Group, KeyTable};
