//! Which key group a key belongs to.

use crate::state::KeyGroup;

/// The largest number of key groups that an app can have.
pub const KEY_GROUPS_MAX: u32 = 1 << 15;

/// The key group of a key's hash. `key_groups` is the app's number of key groups, 1 to 32 768.
pub fn key_group(hash: u64, key_groups: u32) -> KeyGroup {
    (hash % u64::from(key_groups.max(1))) as KeyGroup
}
