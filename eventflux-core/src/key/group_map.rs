//! Which subtask owns which key group.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::group::KEY_GROUPS_MAX;
use crate::error::{Error, Result};
use crate::state::{KeyGroup, is_shared};

/// Which subtask of an operator owns which key group: each has one contiguous range, or as a table says.
///
/// Rows go to the owner of their key group, and so do the rows of state that a run goes on from. All processes of a run have
/// the same map. It is cheap to clone.
///
/// ```
/// use eventflux_core::key::KeyGroupMap;
/// let ranges = KeyGroupMap::contiguous(8, 3);
/// assert_eq!(ranges.owned_by(1).iter().collect::<Vec<_>>(), [3, 4, 5]);
/// let table = KeyGroupMap::explicit(vec![2, 0, 1, 0, 2, 2, 1, 0], 3)?;
/// assert_eq!(table.owned_by(1).iter().collect::<Vec<_>>(), [2, 6]);
/// assert_eq!(table.owner(4), 2);
/// # Ok::<(), eventflux_core::error::Error>(())
/// ```
///
/// **Invariants** Every key group has one owner, and it is below the parallelism. Maps that give every key group the same
/// owner are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGroupMap {
    key_groups: u32,
    parallelism: usize,
    /// By key group; `None`: contiguous ranges, whose lengths differ by one at the most.
    owners: Option<Arc<[u32]>>,
}

impl KeyGroupMap {
    /// Each of so many subtasks owns one range.
    pub fn contiguous(key_groups: u32, parallelism: usize) -> Self {
        Self {
            key_groups: key_groups.clamp(1, KEY_GROUPS_MAX),
            parallelism: parallelism.max(1),
            owners: None,
        }
    }

    /// By key group, its owner, who is one of so many subtasks. A subtask may own none.
    ///
    /// **Errors** There are no key groups or too many, or an owner does not exist.
    pub fn explicit(owners: Vec<u32>, parallelism: usize) -> Result<Self> {
        let key_groups = u32::try_from(owners.len()).unwrap_or(u32::MAX);
        if !(1..=KEY_GROUPS_MAX).contains(&key_groups) {
            let message = format!("it has {} key groups, not 1 to {KEY_GROUPS_MAX}", owners.len());
            return Err(refused(message));
        }
        let unknown = |owner: &u32| usize::try_from(*owner).is_ok_and(|owner| owner >= parallelism);
        if let Some(key_group) = owners.iter().position(unknown) {
            let owner = owners[key_group];
            return Err(refused(format!(
                "it gives key group {key_group} to subtask {owner}, and they are 0 to {}",
                parallelism.saturating_sub(1)
            )));
        }
        let ranges = Self::contiguous(key_groups, parallelism);
        let is_contiguous = (0..).zip(&owners).all(|(key_group, owner)| {
            let of_ranges = ranges.owner(key_group);
            usize::try_from(*owner).is_ok_and(|owner| owner == of_ranges)
        });
        Ok(Self {
            owners: (!is_contiguous).then(|| owners.into()),
            ..ranges
        })
    }

    /// The map of an operator with so many subtasks, in a run with this table or none: it is for operators of its width.
    pub(crate) fn of_width(explicit: Option<&Self>, key_groups: u32, width: usize) -> Self {
        let fits = explicit.filter(|map| map.check(key_groups, width).is_ok());
        fits.map_or_else(|| Self::contiguous(key_groups, width), Self::clone)
    }

    /// How many key groups it has.
    pub fn key_groups(&self) -> u32 {
        self.key_groups
    }

    /// How many subtasks it is for.
    pub fn parallelism(&self) -> usize {
        self.parallelism
    }

    /// The owner of a key group.
    pub fn owner(&self, key_group: KeyGroup) -> usize {
        match &self.owners {
            None => usize::from(key_group) * self.parallelism / self.key_groups as usize,
            Some(owners) => owners
                .get(usize::from(key_group))
                .map_or(0, |owner| *owner as usize),
        }
    }

    /// The key groups of a subtask.
    pub fn owned_by(&self, subtask: usize) -> OwnedKeyGroups {
        match &self.owners {
            None => {
                let groups = self.key_groups as usize;
                let first = |subtask: usize| (subtask * groups).div_ceil(self.parallelism).min(groups) as u32;
                OwnedKeyGroups(Owned::Range(first(subtask)..first(subtask + 1)))
            }
            Some(owners) => OwnedKeyGroups(Owned::Table(
                Arc::clone(owners),
                u32::try_from(subtask).unwrap_or(u32::MAX),
            )),
        }
    }

    /// What tells a table from all others; `None`: contiguous ranges.
    pub fn fingerprint(&self) -> Option<String> {
        let owners = self.owners.as_deref()?.iter();
        let mut bytes = self.parallelism.to_le_bytes().to_vec();
        owners.for_each(|owner| bytes.extend_from_slice(&owner.to_le_bytes()));
        Some(format!("{:016x}", xxh3_64(&bytes)))
    }

    /// A number that tells it from all other maps.
    pub(crate) fn identity(&self) -> u64 {
        let (fingerprint, parallelism) = (self.fingerprint().unwrap_or_default(), self.parallelism);
        xxh3_64(format!("{} {parallelism} {fingerprint}", self.key_groups).as_bytes())
    }

    /// Refuses a map that is not for so many key groups and subtasks.
    pub(crate) fn check(&self, key_groups: u32, parallelism: usize) -> Result<()> {
        if (self.key_groups, self.parallelism) == (key_groups, parallelism) {
            return Ok(());
        }
        Err(refused(format!(
            "it has {} key groups for {} subtasks, the run {key_groups} for {parallelism}",
            self.key_groups, self.parallelism
        )))
    }
}

impl fmt::Display for KeyGroupMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key_groups)?;
        match self.fingerprint() {
            Some(fingerprint) => write!(f, " as {fingerprint}"),
            None => Ok(()),
        }
    }
}

fn refused(message: String) -> Error {
    Error::Option {
        key: "key group map".into(),
        message,
    }
}

/// The key groups that one subtask owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedKeyGroups(Owned);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Owned {
    Range(Range<u32>),
    /// Those to which a table gives this owner.
    Table(Arc<[u32]>, u32),
}

impl OwnedKeyGroups {
    /// Whether a key group is one of them.
    pub fn contains(&self, key_group: KeyGroup) -> bool {
        match &self.0 {
            Owned::Range(range) => range.contains(&u32::from(key_group)),
            Owned::Table(owners, subtask) => owners.get(usize::from(key_group)) == Some(subtask),
        }
    }

    /// Whether their subtask reads the rows of a table in a key group.
    pub(crate) fn takes(&self, key_group: KeyGroup, table: u8) -> bool {
        self.contains(key_group) || is_shared(key_group, table)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = KeyGroup> {
        let candidates = match &self.0 {
            Owned::Range(range) => range.clone(),
            Owned::Table(owners, _) => 0..owners.len() as u32,
        };
        candidates
            .map(|key_group| key_group as KeyGroup)
            .filter(|key_group| self.contains(*key_group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(map: &KeyGroupMap) {
        let mut owners = vec![None; map.key_groups() as usize];
        for subtask in 0..map.parallelism() {
            for key_group in map.owned_by(subtask).iter() {
                assert_eq!(owners[usize::from(key_group)].replace(subtask), None);
                assert_eq!(map.owner(key_group), subtask);
            }
        }
        assert!(owners.iter().all(Option::is_some), "{map:?}");
    }

    #[test]
    fn every_key_group_has_one_owner_at_every_parallelism() {
        for key_groups in [1u32, 7, 128, 1024, 32_768] {
            for parallelism in [1usize, 2, 3, 5, 16] {
                check(&KeyGroupMap::contiguous(key_groups, parallelism));
                let scrambled = (0..key_groups).map(|group| group * 7 % parallelism as u32);
                check(&KeyGroupMap::explicit(scrambled.collect(), parallelism).unwrap());
            }
        }
    }

    #[test]
    fn ranges_are_contiguous_and_of_about_the_same_length() {
        let map = KeyGroupMap::contiguous(10, 3);
        let ranges: Vec<Vec<_>> = (0..4)
            .map(|subtask| map.owned_by(subtask).iter().collect())
            .collect();
        assert_eq!(ranges, [vec![0, 1, 2, 3], vec![4, 5, 6], vec![7, 8, 9], vec![]]);
    }

    #[test]
    fn a_table_of_ranges_is_the_map_of_ranges() {
        let ranges = KeyGroupMap::contiguous(4, 2);
        assert_eq!(KeyGroupMap::explicit(vec![0, 0, 1, 1], 2).unwrap(), ranges);
        assert_eq!(ranges.fingerprint(), None);
        assert_eq!(ranges.to_string(), "4");
        let table = |owners: &[u32]| KeyGroupMap::explicit(owners.to_vec(), 3).unwrap();
        let fingerprint = table(&[0, 2, 1, 1]).fingerprint();
        assert_eq!(fingerprint, table(&[0, 2, 1, 1]).fingerprint());
        assert_ne!(fingerprint, table(&[0, 2, 1, 0]).fingerprint());
    }

    #[test]
    fn a_table_that_does_not_fit_is_refused() {
        let refused = |owners: Vec<u32>, parallelism| {
            KeyGroupMap::explicit(owners, parallelism)
                .unwrap_err()
                .to_string()
        };
        assert!(refused(vec![], 1).contains("it has 0 key groups"));
        assert!(refused(vec![0; 32_769], 1).contains("it has 32769 key groups"));
        assert!(refused(vec![0, 3, 1], 3).contains("it gives key group 1 to subtask 3, and they are 0 to 2"),);
        assert!(refused(vec![0], 0).contains("subtask 0"));
    }
}
