//! Groups: keys interned to small numbers, and what is kept per group.

mod bytes_table;
mod key_table;
mod packed_table;
mod slots;

pub use key_table::{Group, KeyTable};
