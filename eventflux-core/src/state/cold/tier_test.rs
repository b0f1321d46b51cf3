//! The conformance suite of cold tiers, against a sorted map.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{ColdRow, ColdTier, MemoryTier};

/// Rows that are applied together: the first byte of each key, the rest of it, and its value.
type Run = Vec<(u8, Vec<u8>, Option<Vec<u8>>)>;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn key(byte: u8, rest: &[u8]) -> Vec<u8> {
    [&[byte], rest].concat()
}

fn apply(
    tier: &dyn ColdTier,
    model: &mut Model,
    marker: Option<&[u8]>,
    rows: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
) {
    for (key, value) in &rows {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
    tier.apply(marker, &mut rows.into_iter()).unwrap();
}

fn all(tier: &dyn ColdTier, prefix: &[u8], at_a_time: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    loop {
        let after = found.last().map(|(key, _)| key.clone());
        let part = tier.scan(prefix, after.as_deref(), at_a_time).unwrap();
        let is_last = part.len() < at_a_time;
        found.extend(
            part.into_iter()
                .map(|(key, value)| (key.to_vec(), value.to_vec())),
        );
        if is_last {
            return found;
        }
    }
}

fn check(tier: &dyn ColdTier, model: &Model) {
    for prefix in [&[][..], &[1], &[1, 0], &[2], &[3, 255]] {
        let expected = model.iter().filter(|(key, _)| key.starts_with(prefix));
        let expected = expected
            .filter(|(key, _)| key[0] > 0)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<Vec<_>>();
        // The marker is no row of any prefix but the empty one, which nobody scans from its start.
        let after = if prefix.is_empty() { Some(&[0][..]) } else { None };
        let found = tier.scan(prefix, after, usize::MAX).unwrap();
        let found = found
            .into_iter()
            .map(|(key, value)| (key.to_vec(), value.to_vec()));
        assert_eq!(found.collect::<Vec<_>>(), expected);
        if !prefix.is_empty() {
            assert_eq!(all(tier, prefix, 3), expected);
        }
    }
    let keys = (1..4).flat_map(|byte| (0..4).map(move |rest| key(byte, &[rest])));
    let keys = keys.collect::<Vec<_>>();
    let expected = keys.iter().map(|key| model.get(key).cloned()).collect::<Vec<_>>();
    let found = tier.get_batch(&keys).unwrap();
    assert_eq!(
        found
            .into_iter()
            .map(|value| value.map(|value| value.to_vec()))
            .collect::<Vec<_>>(),
        expected
    );
}

fn conforms(tier: &dyn ColdTier, runs: Vec<Run>) {
    let mut model = Model::new();
    assert_eq!(tier.marker().unwrap(), None);
    check(tier, &model);
    for (number, run) in runs.into_iter().enumerate() {
        let marker = (number % 3 > 0).then(|| number.to_string());
        let rows = run
            .into_iter()
            .map(|(byte, rest, value)| (key(byte, &rest), value))
            .collect();
        apply(tier, &mut model, marker.as_deref().map(str::as_bytes), rows);
        assert_eq!(
            tier.marker().unwrap().map(|marker| marker.to_vec()),
            marker.map(String::into_bytes)
        );
        check(tier, &model);
    }
}

fn runs() -> impl Strategy<Value = Vec<Run>> {
    let rest = prop::collection::vec(prop_oneof![0u8..4, Just(255u8)], 0..4);
    let value = prop::option::weighted(0.7, prop::collection::vec(any::<u8>(), 0..20));
    prop::collection::vec(prop::collection::vec((1u8..4, rest, value), 0..30), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_tier_in_memory_is_a_sorted_map(runs in runs()) {
        conforms(&MemoryTier::default(), runs);
    }

    #[cfg(feature = "spill")]
    #[test]
    fn a_tier_on_disk_is_a_sorted_map(runs in runs()) {
        let folder = tempfile::tempdir().unwrap();
        let disk = super::ColdDisk::open(&folder.path().join("cold"), 1 << 20).unwrap();
        let (tier, is_found) = disk.tier("rows", None).unwrap();
        assert!(!is_found);
        conforms(tier.as_ref(), runs);
    }
}

#[cfg(feature = "spill")]
mod disk {
    use super::*;
    use crate::state::cold::ColdDisk;

    fn rows(from: u32, to: u32, value: &str) -> impl Iterator<Item = ColdRow> {
        (from..to).map(move |number| (key(1, &number.to_be_bytes()), Some(value.as_bytes().to_vec())))
    }

    fn open(folder: &tempfile::TempDir) -> ColdDisk {
        ColdDisk::open(&folder.path().join("cold"), 1 << 20).unwrap()
    }

    #[test]
    fn a_tier_is_found_again_by_its_marker_only() {
        let folder = tempfile::tempdir().unwrap();
        for (found, marker) in [(false, b"4"), (true, b"4"), (false, b"5")] {
            let disk = open(&folder);
            let (tier, is_found) = disk.tier("rows", Some(marker)).unwrap();
            assert_eq!(is_found, found);
            assert_eq!(all(tier.as_ref(), &[1], 100).len(), if found { 10 } else { 0 });
            tier.apply(Some(b"4"), &mut rows(0, 10, "a")).unwrap();
        }
    }

    #[test]
    fn what_was_not_applied_to_its_end_is_not_there_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let crashed = {
            let disk = open(&folder);
            let (tier, _) = disk.tier("rows", None).unwrap();
            tier.apply(Some(b"7"), &mut rows(0, 1000, "seven")).unwrap();
            let is_broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let mut broken = rows(0, 1000, "eight").inspect(|(key, _)| assert!(key[3..] < [1, 0][..]));
                tier.apply(Some(b"8"), &mut broken)
            }));
            is_broken.is_err()
        };
        assert!(crashed);
        let (tier, is_found) = open(&folder).tier("rows", Some(b"7")).unwrap();
        assert!(is_found);
        let rows = all(tier.as_ref(), &[1], 100);
        assert_eq!(rows.len(), 1000);
        assert!(rows.iter().all(|(_, value)| value == b"seven"));
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        {
            let (tier, _) = open(&folder).tier("rows", None).unwrap();
            tier.apply(Some(b"1"), &mut rows(0, 10, "a")).unwrap();
        }
        for entry in std::fs::read_dir(folder.path().join("cold")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::write(path, b"nonsense").unwrap();
            }
        }
        let (tier, is_found) = open(&folder).tier("rows", Some(b"1")).unwrap();
        assert!(!is_found);
        tier.apply(Some(b"2"), &mut rows(0, 3, "b")).unwrap();
        assert_eq!(all(tier.as_ref(), &[1], 100).len(), 3);
    }

    #[test]
    fn a_temporary_folder_is_gone_when_its_last_tier_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aside");
        let disk = ColdDisk::temporary(&path, 1 << 20).unwrap();
        let (tier, _) = disk.tier("rows", None).unwrap();
        drop(disk);
        tier.apply(None, &mut rows(0, 10, "a")).unwrap();
        assert!(path.exists());
        drop(tier);
        assert!(!path.exists());
    }

    #[test]
    fn tiers_that_a_run_has_no_use_for_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = open(&folder);
        let tier = |name: &str| -> Arc<dyn ColdTier> {
            let (tier, _) = disk.tier(name, Some(b"1")).unwrap();
            tier.apply(Some(b"1"), &mut rows(0, 1, "a")).unwrap();
            tier
        };
        drop((tier("old"), tier("kept")));
        disk.retain(|name| name == "kept").unwrap();
        assert!(disk.tier("kept", Some(b"1")).unwrap().1);
        assert!(!disk.tier("old", Some(b"1")).unwrap().1);
    }
}
