//! Keys: their canonical bytes, their hash, and the key group that follows from it.
//!
//! **Shapes** Any columns of a batch go in as a key; [`hash_rows`] gives one hash per row, [`KeyBytes`] the bytes. State
//! in memory, edges between subtasks and stored segments speak of a key by these bytes, so they are part of the storage
//! format: the golden vectors in the tests never change.
//!
//! **Layout** The values of a key follow each other, each self-delimiting:
//!
//! ```text
//! value     := tag (1 byte) payload
//! boolean   := 0x01 u8                       date     := 0x07 word        string := 0x0F u32-be length, UTF-8
//! integer   := 0x02 word                     time     := 0x08 word (µs)   binary := 0x10 u32-be length, bytes
//! unsigned  := 0x03 u64-be (UInt64 only)     time+    := 0x09 i128 (ns)   list   := 0x11 u32-be count, values
//! float     := 0x04 word                     instant  := 0x0A word (µs)   struct := 0x12 u32-be count, values
//! decimal   := 0x05 i8 scale, i128           instant+ := 0x0B i128 (ns)   map    := 0x13 u32-be count, (key, value)…
//! decimal+  := 0x06 i8 scale, i256           duration := 0x0C word (µs)   NULL   := 0xFF
//! interval  := 0x0E i32 months, i32 days,    duration+:= 0x0D i128 (ns)
//!              i64 ns
//! ```
//!
//! A word is a big-endian 64-bit integer with its sign bit flipped; floats are mapped to words such that their order is
//! kept, with one NaN above all and -0.0 equal to 0.0. The forms with `+` are taken only by values that the plain form
//! cannot hold exactly. So bytes of one tag compare as their values do, and [`compare`] orders whole keys.
//!
//! **Invariants** Two values of one SQL type have the same bytes if and only if `GROUP BY` puts them together. The width
//! of an integer, float or string array, dictionary encoding, and the unit and zone of a timestamp leave no trace.

mod bytes;
mod column;
mod decode;
mod group;
mod group_map;
mod hash;
mod order;
mod sortable;
mod tag;
mod word;

pub use bytes::KeyBytes;
pub use column::KeyColumn;
pub use decode::KeyDecoder;
pub use group::{KEY_GROUPS_MAX, key_group};
pub use group_map::{KeyGroupMap, OwnedKeyGroups};
pub use hash::{hash_bytes, hash_rows};
pub use order::compare;
pub use sortable::write_sortable;
pub(crate) use word::{WordColumn, has_words, words_to_array};
