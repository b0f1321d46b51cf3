//! The row of manifests, with other processes and failing stores around it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::connector::CommitNote;
use crate::error::Error;
use crate::state::segment::{SegmentKind, SegmentRef};
use crate::state::store::{CheckpointStore, MemoryStore};

fn segment(epoch: u64) -> SegmentRef {
    SegmentRef {
        name: format!("segments/{epoch:020}-0000000001-a-{epoch:032x}.segment"),
        size_bytes: 3,
        crc32c: 0,
        kind: SegmentKind::Delta,
        epoch,
        subtask: "a".into(),
        operators: vec!["a".into()],
        row_count: 1,
    }
}

fn manifest(sequence: u64, epoch: u64, segments: &[u64]) -> Manifest {
    Manifest {
        sequence,
        generation: 1,
        epoch,
        created_at_us: 0,
        app: "app".into(),
        app_id: "id".into(),
        plan: PlanIdentity {
            fingerprint: 1,
            key_groups: 16,
            operators: Vec::new(),
        },
        parallelism: 1,
        key_group_map: None,
        segments: segments.iter().copied().map(segment).collect(),
        sources: Vec::new(),
        times: Vec::new(),
        sinks: Vec::new(),
    }
}

fn log() -> ManifestLog {
    ManifestLog::new(Arc::new(MemoryStore::default()))
}

async fn put(log: &ManifestLog, name: &str) {
    assert!(
        log.store
            .put_if_absent(name, Bytes::from_static(b"abc").into())
            .await
            .unwrap()
    );
}

async fn names(store: &dyn CheckpointStore) -> BTreeSet<String> {
    let listed = store.list("").await.unwrap();
    listed.into_iter().map(|object| object.name).collect()
}

#[tokio::test]
async fn the_newest_manifest_is_the_last_one_published() {
    let log = log();
    assert_eq!(log.newest().await.unwrap(), None);
    for (sequence, epoch) in [(1, 4), (2, 5), (3, 11)] {
        log.publish(&manifest(sequence, epoch, &[])).await.unwrap();
    }
    assert_eq!(log.newest().await.unwrap(), Some(manifest(3, 11, &[])));
    assert_eq!(log.of_epoch(5).await.unwrap(), manifest(2, 5, &[]));
    assert_eq!(
        log.of_epoch(6).await.unwrap_err().to_string(),
        "memory has no checkpoint of epoch 6: it has 4, 5, 11"
    );
}

#[tokio::test]
async fn i2_of_two_processes_that_go_on_from_one_manifest_one_commits() {
    let log = log();
    log.publish(&manifest(1, 1, &[])).await.unwrap();
    let mut other = manifest(2, 2, &[]);
    other.generation = 2;
    log.publish(&other).await.unwrap();
    let error = log.publish(&manifest(2, 2, &[])).await.unwrap_err();
    assert!(matches!(error, Error::TakenOver { .. }), "{error}");
    assert_eq!(log.newest().await.unwrap(), Some(other));
}

#[tokio::test]
async fn who_was_taken_over_is_told_so_though_what_it_names_was_collected() {
    let log = log();
    log.publish(&manifest(1, 1, &[])).await.unwrap();
    let mut other = manifest(2, 20, &[]);
    other.generation = 2;
    log.publish(&other).await.unwrap();
    let error = log.publish(&manifest(2, 5, &[5])).await.unwrap_err();
    assert!(matches!(error, Error::TakenOver { .. }), "{error}");
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_repeated() {
    let log = log();
    log.publish(&manifest(1, 1, &[])).await.unwrap();
    log.publish(&manifest(1, 1, &[])).await.unwrap();
    assert_eq!(log.entries().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_process_that_was_taken_over_notices_even_when_its_place_was_collected() {
    let log = log();
    for sequence in 1..=9 {
        log.publish(&manifest(sequence, sequence, &[])).await.unwrap();
    }
    log.collect(2).await.unwrap();
    let error = log.publish(&manifest(4, 4, &[])).await.unwrap_err();
    assert!(matches!(error, Error::TakenOver { .. }), "{error}");
    assert_eq!(log.newest().await.unwrap().unwrap().sequence, 9);
    // What it left behind goes with the next collection.
    log.collect(2).await.unwrap();
    let sequences: Vec<_> = log
        .entries()
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.sequence)
        .collect();
    assert_eq!(sequences, [8, 9]);
}

#[tokio::test]
async fn generations_and_epochs_are_never_used_twice() {
    let log = log();
    let first = log.claim(None, || "first".into()).await.unwrap();
    assert_eq!((first.generation, first.epoch_floor), (1, 0));
    // It got as far as a segment of epoch 3, and died.
    put(&log, &segment(3).name).await;
    let second = log.claim(None, || unreachable!()).await.unwrap();
    assert_eq!((second.generation, second.epoch_floor), (2, 3));
    log.publish(&manifest(1, 7, &[])).await.unwrap();
    put(&log, "notes/00000000000000000009-0000000002-s-0-0.note").await;
    let newest = log.newest().await.unwrap();
    let third = log.claim(newest.as_ref(), || unreachable!()).await.unwrap();
    assert_eq!((third.generation, third.epoch_floor), (3, 9));
    assert_eq!(third.app_id, "first");
    // Neither is forgotten with what is collected.
    log.store
        .delete("notes/00000000000000000009-0000000002-s-0-0.note")
        .await
        .unwrap();
    log.collect(1).await.unwrap();
    let fourth = log.claim(newest.as_ref(), || unreachable!()).await.unwrap();
    assert_eq!((fourth.generation, fourth.epoch_floor), (4, 9));
}

#[tokio::test]
async fn a_damaged_generation_is_named() {
    let log = log();
    put(&log, "generations/0000000007.generation").await;
    let error = log.claim(None, || "id".into()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "generations/0000000007.generation is damaged: it has only 3 bytes"
    );
}

#[tokio::test]
async fn i6_only_what_no_kept_manifest_reaches_is_deleted() {
    let log = log();
    for epoch in 1..=7 {
        put(&log, &segment(epoch).name).await;
    }
    put(&log, "notes/00000000000000000002-0000000001-s-0-0.note").await;
    put(&log, "segments/README").await;
    log.publish(&manifest(1, 2, &[1, 2])).await.unwrap();
    log.publish(&manifest(2, 4, &[1, 4])).await.unwrap();
    log.publish(&manifest(3, 5, &[1, 4, 5])).await.unwrap();
    let collected = log.collect(2).await.unwrap();
    // Epoch 2 is over, 3 was given up, 6 and 7 are in the making; of what is not ours nothing is known.
    assert_eq!(
        collected,
        Collected {
            manifest_count: 1,
            object_count: 3,
            size_bytes: 9
        }
    );
    let mut kept: BTreeSet<_> = [1, 4, 5, 6, 7].map(|epoch| segment(epoch).name).into();
    kept.extend([
        "segments/README".into(),
        object_name::manifest_name(2),
        object_name::manifest_name(3),
    ]);
    assert_eq!(names(log.store.as_ref()).await, kept);
    assert_eq!(log.collect(2).await.unwrap(), Collected::default());
}

#[tokio::test]
async fn an_old_manifest_that_is_wanted_stays_with_all_that_it_needs() {
    let log = log();
    for epoch in 1..=4 {
        put(&log, &segment(epoch).name).await;
        log.publish(&manifest(epoch, epoch, &[epoch])).await.unwrap();
    }
    log.collect_unless(1, &[2].into()).await.unwrap();
    let both: BTreeSet<_> = [2, 4]
        .into_iter()
        .flat_map(|epoch| [segment(epoch).name, object_name::manifest_name(epoch)])
        .collect();
    assert_eq!(names(log.store.as_ref()).await, both);
    log.collect(1).await.unwrap();
    assert_eq!(names(log.store.as_ref()).await.len(), 2);
}

#[tokio::test]
async fn nothing_is_deleted_while_a_kept_manifest_cannot_be_read() {
    let log = log();
    put(&log, &segment(1).name).await;
    put(&log, &object_name::manifest_name(1)).await;
    log.publish(&manifest(2, 2, &[])).await.unwrap();
    let error = log.collect(2).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert_eq!(names(log.store.as_ref()).await.len(), 3);
    // Nor is a damaged newest manifest passed over.
    put(&log, &object_name::manifest_name(3)).await;
    assert!(matches!(log.newest().await, Err(Error::Damaged { .. })));
    assert_eq!(log.of_epoch(2).await.unwrap().sequence, 2);
}

#[tokio::test]
async fn a_copy_needs_nothing_of_the_store_it_was_made_from() {
    let log = log();
    put(&log, &segment(1).name).await;
    put(&log, &segment(2).name).await;
    let mut original = manifest(6, 2, &[2]);
    for length in [3, 5_000] {
        let note = CommitNote {
            epoch: 2,
            subtask: 0,
            note: vec![7; length].into(),
        };
        original.sinks.push(
            SinkNote::store(log.store.as_ref(), 1, "out", &note)
                .await
                .unwrap(),
        );
    }
    original.sequence = 1;
    log.publish(&original).await.unwrap();
    let to = Arc::new(MemoryStore::default());
    log.copy(&original, to.as_ref()).await.unwrap();
    assert_eq!(to.list("segments/").await.unwrap().len(), 1);
    let copied = ManifestLog::new(to.clone()).newest().await.unwrap().unwrap();
    assert_eq!((copied.sequence, copied.epoch), (1, 2));
    for (note, length) in copied.sinks.iter().zip([3, 5_000]) {
        assert_eq!(note.load(to.as_ref()).await.unwrap().note, vec![7; length]);
    }
    let again = log.copy(&original, to.as_ref()).await.unwrap_err();
    assert!(
        again.to_string().contains("there is a checkpoint already"),
        "{again}"
    );
}

#[tokio::test]
async fn a_copy_of_a_checkpoint_that_is_not_whole_is_not_made() {
    let log = log();
    put(&log, &segment(1).name).await;
    log.publish(&manifest(1, 1, &[1])).await.unwrap();
    log.store.delete(&segment(1).name).await.unwrap();
    let to = MemoryStore::default();
    let error = log.copy(&manifest(1, 1, &[1]), &to).await.unwrap_err();
    assert!(error.to_string().contains(&segment(1).name), "{error}");
    assert_eq!(names(&to).await, BTreeSet::new());
}

#[tokio::test]
async fn a_damaged_note_is_detected_and_named() {
    let store = MemoryStore::default();
    let note = CommitNote {
        epoch: 2,
        subtask: 0,
        note: vec![7; 2_000].into(),
    };
    let stored = SinkNote::store(&store, 1, "out", &note).await.unwrap();
    assert_eq!(stored.load(&store).await.unwrap(), note);
    let name = stored.object_name().unwrap();
    for length in [1_999, 2_000] {
        store.delete(name).await.unwrap();
        store.put_if_absent(name, vec![8; length].into()).await.unwrap();
        let error = stored.load(&store).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name} is damaged")), "{error}");
    }
}

#[tokio::test]
async fn a_commit_on_a_store_that_lost_what_it_acknowledged_is_refused() {
    let log = log();
    put(&log, &segment(1).name).await;
    log.publish(&manifest(1, 1, &[1])).await.unwrap();
    log.publish(&manifest(2, 2, &[1])).await.unwrap();
    // A replica that was behind takes over.
    log.store.delete(&object_name::manifest_name(2)).await.unwrap();
    let error = log.publish(&manifest(3, 3, &[1])).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "manifests/00000000000000000002.manifest is damaged: memory acknowledged it and has lost it"
    );
    log.store.delete(&segment(1).name).await.unwrap();
    let error = log.publish(&manifest(2, 2, &[1])).await.unwrap_err();
    assert!(error.to_string().starts_with(&segment(1).name), "{error}");
    assert_eq!(log.newest().await.unwrap().unwrap().sequence, 1);
}
