use super::*;
use crate::key::KeyGroupMap;
use crate::state::{MemoryDelta, StateReader, for_each_batch};
use crate::testing;

const TABLE: u8 = 1;

fn contexts(owners: &KeyGroupMap) -> Vec<OperatorContext> {
    let context = |subtask| OperatorContext {
        subtask,
        parallelism: owners.parallelism(),
        key_groups: owners.key_groups(),
        owners: owners.clone(),
        ..testing::context()
    };
    (0..owners.parallelism()).map(context).collect()
}

fn at(watermark: Watermark, next_arrival: u64) -> Progress {
    Progress {
        watermark,
        next_arrival,
        ..Progress::new(TABLE)
    }
}

/// Snapshots of all subtasks, one after the other.
fn written(all: &mut [Progress], owners: &KeyGroupMap) -> MemoryDelta {
    let mut delta = MemoryDelta::default();
    for (progress, context) in all.iter_mut().zip(contexts(owners)) {
        progress.snapshot(&context, &mut delta).unwrap();
    }
    delta
}

fn restored(delta: &MemoryDelta, owners: &KeyGroupMap, is_continued: bool) -> Vec<Progress> {
    let restored = contexts(owners).into_iter().map(|context| {
        let owned = owners.owned_by(context.subtask);
        let mut progress = Progress::new(TABLE);
        let mut reader = delta.reader(|key_group| owned.contains(key_group));
        for_each_batch(&mut reader, |rows| {
            assert!(progress.take(rows, 0, &context)?.is_empty());
            Ok(())
        })
        .unwrap();
        progress.finish_restore(&context, is_continued);
        progress
    });
    restored.collect()
}

fn come(all: &[Progress]) -> Vec<(Watermark, u64)> {
    all.iter()
        .map(|progress| (progress.watermark, progress.next_arrival))
        .collect()
}

#[test]
fn under_the_same_map_each_subtask_goes_on_where_it_was() {
    let owners = KeyGroupMap::contiguous(1024, 3);
    let mut all = [at(10, 1), at(20, 2), at(15, 3)];
    let delta = written(&mut all, &owners);
    assert_eq!(
        come(&restored(&delta, &owners, true)),
        [(10, 1), (20, 2), (15, 3)]
    );
}

#[test]
fn under_another_map_a_subtask_is_as_far_as_all_whose_key_groups_it_has() {
    let mut all = [at(10, 1), at(20, 2), at(15, 3), at(30, 9)];
    let delta = written(&mut all, &KeyGroupMap::contiguous(8, 4));
    let check = |owners: KeyGroupMap, expected: &[(Watermark, u64)]| {
        assert_eq!(come(&restored(&delta, &owners, false)), expected);
    };
    check(KeyGroupMap::contiguous(8, 1), &[(10, 9)]);
    check(KeyGroupMap::contiguous(8, 2), &[(10, 2), (15, 9)]);
    check(
        KeyGroupMap::contiguous(8, 8),
        &[
            (10, 1),
            (10, 1),
            (20, 2),
            (20, 2),
            (15, 3),
            (15, 3),
            (30, 9),
            (30, 9),
        ],
    );
    let owners = KeyGroupMap::explicit(vec![3, 1, 1, 1, 1, 0, 0, 3], 4).unwrap();
    check(owners, &[(15, 9), (10, 3), (WATERMARK_MIN, 0), (10, 9)]);
}

/// A limited memory has a run go on from what it restored, which then has rows of several sharings out.
#[test]
fn what_was_stored_before_the_key_groups_were_shared_out_anew_counts_no_more() {
    let (before, after) = (KeyGroupMap::contiguous(8, 4), KeyGroupMap::contiguous(8, 2));
    let mut delta = written(&mut [at(10, 1), at(20, 2), at(15, 3), at(30, 9)], &before);
    let mut all = restored(&delta, &after, true);
    for progress in &mut all {
        progress.watermark += 100;
    }
    let all_again = |delta: &mut MemoryDelta, all: &mut [Progress], owners: &KeyGroupMap| {
        for (progress, context) in all.iter_mut().zip(contexts(owners)) {
            progress.snapshot(&context, delta).unwrap();
        }
    };
    all_again(&mut delta, &mut all, &after);
    assert_eq!(come(&restored(&delta, &after, true)), [(110, 2), (115, 9)]);
    assert_eq!(
        come(&restored(&delta, &KeyGroupMap::contiguous(8, 1), true)),
        [(110, 9)]
    );
    let mut back = restored(&delta, &before, true);
    all_again(&mut delta, &mut back, &before);
    assert_eq!(
        come(&restored(&delta, &before, true)),
        [(110, 2), (110, 2), (115, 9), (115, 9)]
    );
}

#[test]
fn a_subtask_writes_a_row_when_it_has_come_further_and_none_when_not() {
    let owners = KeyGroupMap::contiguous(1024, 3);
    let mut all = [at(10, 1), at(20, 2), at(15, 3)];
    assert_eq!(written(&mut all, &owners).row_count(), 6);
    assert_eq!(written(&mut all, &owners).row_count(), 0);
    all[1].watermark += 1;
    assert_eq!(written(&mut all, &owners).row_count(), 1);
    let delta = written(&mut [at(10, 1), at(20, 2), at(15, 3)], &owners);
    let mut continued = restored(&delta, &owners, true);
    assert_eq!(written(&mut continued, &owners).row_count(), 0);
    let mut anew = restored(&delta, &owners, false);
    assert_eq!(written(&mut anew, &owners).row_count(), 6);
}

#[test]
fn progress_that_was_stored_by_key_group_is_read_and_stored_anew() {
    let mut delta = MemoryDelta::default();
    for key_group in 0..8u16 {
        let (watermark, next_arrival) = (100 - Watermark::from(key_group), u64::from(key_group));
        let value = [watermark.to_be_bytes(), next_arrival.to_be_bytes()].concat();
        delta
            .write(StateRow {
                table: TABLE,
                key_group,
                key: &[],
                value: Some(&value),
            })
            .unwrap();
    }
    let owners = KeyGroupMap::contiguous(8, 2);
    let mut all = restored(&delta, &owners, true);
    assert_eq!(come(&all), [(97, 3), (93, 7)]);
    all[0].watermark = 200;
    all[1].watermark = 200;
    for (progress, context) in all.iter_mut().zip(contexts(&owners)) {
        progress.snapshot(&context, &mut delta).unwrap();
    }
    assert_eq!(come(&restored(&delta, &owners, true)), [(200, 3), (200, 7)]);
}

#[test]
fn damaged_rows_are_refused() {
    let context = testing::context();
    for (key, value) in [
        (&[0, 0, 0, 1, 0, 0, 0, 0][..], &[0; 16][..]),
        (&[0, 0, 0, 1, 0, 0, 0, 0, 7], &[0; 16]),
        (&[0, 0, 0, 1, 0, 0, 0, 0, 1], &[0; 15]),
        (&[0, 0, 0, 1, 0, 0, 0, 0, 0], &[0; 11]),
    ] {
        let row = StateRow {
            table: SHARED_TABLE,
            key_group: 0,
            key,
            value: Some(value),
        };
        assert!(Progress::new(TABLE).take(&[row], 0, &context).is_err(), "{key:?}");
    }
    let mut empty = MemoryDelta::default();
    Progress::new(TABLE).snapshot(&context, &mut empty).unwrap();
    assert!(empty.read(false).next_row().unwrap().is_some());
}
