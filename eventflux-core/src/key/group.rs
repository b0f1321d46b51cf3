//! Which key group a key belongs to, and which subtask owns a key group.

use std::ops::Range;

use crate::state::KeyGroup;

/// The key group of a key's hash. `key_groups` is the app's number of key groups, 1 to 32 768.
pub fn key_group(hash: u64, key_groups: u32) -> KeyGroup {
    (hash % u64::from(key_groups.max(1))) as KeyGroup
}

/// The subtask that owns a key group: each owns one contiguous range, and their lengths differ by one at the most.
///
/// ```
/// use eventflux_core::key::{key_groups_of, subtask_of};
/// for group in key_groups_of(1, 1024, 3) {
///     assert_eq!(subtask_of(group as u16, 1024, 3), 1);
/// }
/// ```
pub fn subtask_of(key_group: KeyGroup, key_groups: u32, parallelism: usize) -> usize {
    usize::from(key_group) * parallelism / key_groups.max(1) as usize
}

/// The key groups that a subtask owns.
pub fn key_groups_of(subtask: usize, key_groups: u32, parallelism: usize) -> Range<u32> {
    let groups = key_groups.max(1) as usize;
    let parallelism = parallelism.max(1);
    let first = |subtask: usize| (subtask * groups).div_ceil(parallelism).min(groups) as u32;
    first(subtask)..first(subtask + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_group_has_one_owner_at_every_parallelism() {
        for key_groups in [1u32, 7, 128, 1024, 32_768] {
            for parallelism in [1usize, 2, 3, 5, 16] {
                let mut next = 0;
                for subtask in 0..parallelism {
                    let range = key_groups_of(subtask, key_groups, parallelism);
                    assert_eq!(range.start, next);
                    next = range.end;
                    for group in range {
                        assert_eq!(subtask_of(group as KeyGroup, key_groups, parallelism), subtask);
                    }
                }
                assert_eq!(next, key_groups);
            }
        }
    }
}
