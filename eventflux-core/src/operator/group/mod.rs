//! Groups: keys interned to small numbers, and what is kept per group.

mod aggregation;
mod bytes_table;
mod call_states;
mod change_log;
mod due_rows;
mod group_table;
mod hot_budget;
mod hot_set;
mod key_table;
mod keyed_state;
mod keyed_sweep;
mod packed_table;
mod slots;
mod sweep;
mod swept;

pub use aggregation::{Aggregation, CallRows, Rows};
pub use call_states::{CallStates, NEVER, Results, stored_last_write, stored_row_count};
pub use change_log::{ChangeLog, StateKeys, Tombstones};
pub use due_rows::{DueRow, DueRows};
pub use group_table::GroupTable;
pub use hot_budget::{HotBudget, HotTable};
pub use hot_set::HotSet;
pub use key_table::{Group, KeyTable};
pub use keyed_state::{KeyContent, KeyedState};
pub use sweep::Sweep;
