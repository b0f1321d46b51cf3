//! State that an earlier version wrote is read by this one.
//!
//! The fixtures are directories as `--state-dir` names them, one per version of the formats, and do not change once that
//! version is released. A new version gets a new one: `EVENTFLUX_FIXTURE=FOLDER cargo test -p eventflux-core fixture` writes
//! it.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::connector::CommitNote;
use crate::state::segment::{
    Compression, SegmentBuilder, SegmentHeading, SegmentKind, SegmentOptions, SegmentSet, SnapshotRows,
};
use crate::state::store::{CheckpointStore, DirectoryStore};
use crate::state::{KeyGroup, StateReader, StateRow, StateWriter};

const VERSION_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/state-v1");

/// Table, key group, key, value.
type Row = (u8, KeyGroup, Vec<u8>, Option<Vec<u8>>);

/// Written by epoch 10 in 2 blocks at least, changed by 11 to 13; each with another compression.
fn rows(epoch: u64) -> Vec<Row> {
    let value = |index: u16| format!("{epoch}/{index}").into_bytes();
    let changed = |index: &u16| epoch == 10 || u64::from(*index) % epoch == 0;
    (0..60u16)
        .filter(changed)
        .map(|index| {
            let is_gone = epoch == 13;
            (
                (index % 2) as u8 * 128,
                index % 16,
                index.to_be_bytes().to_vec(),
                (!is_gone).then(|| value(index)),
            )
        })
        .collect()
}

async fn write(store: Arc<dyn CheckpointStore>) {
    let log = ManifestLog::new(Arc::clone(&store));
    let claimed = log.claim(None, || "0123456789abcdef".into()).await.unwrap();
    let mut segments = Vec::new();
    for (epoch, compression) in (10..).zip(Compression::ALL) {
        let heading = SegmentHeading {
            generation: claimed.generation,
            epoch,
            subtask: "totals 1/1".into(),
            kind: if epoch == 10 {
                SegmentKind::Base
            } else {
                SegmentKind::Delta
            },
            key_groups: 16,
        };
        let options = SegmentOptions {
            compression,
            block_bytes: 1_000,
            ..SegmentOptions::default()
        };
        let mut snapshot = SnapshotRows::default();
        for (table, key_group, key, value) in rows(epoch) {
            let (key, value) = (&key[..], value.as_deref());
            snapshot
                .write(StateRow {
                    table,
                    key_group,
                    key,
                    value,
                })
                .unwrap();
        }
        let mut builder = SegmentBuilder::new(heading, options);
        builder.add("totals#aggregate", &snapshot).unwrap();
        let built = builder.finish().unwrap();
        assert!(
            store
                .put_if_absent(&built.reference.name, built.payload)
                .await
                .unwrap()
        );
        segments.push(built.reference);
    }
    let mut sinks = Vec::new();
    for (epoch, length) in [(12, 3), (13, 1_500)] {
        let note = CommitNote {
            epoch,
            subtask: 1,
            note: vec![epoch as u8; length].into(),
        };
        sinks.push(
            SinkNote::store(store.as_ref(), claimed.generation, "out#sink", &note)
                .await
                .unwrap(),
        );
    }
    log.publish(&manifest(segments, sinks)).await.unwrap();
}

fn manifest(segments: Vec<crate::state::segment::SegmentRef>, sinks: Vec<SinkNote>) -> Manifest {
    Manifest {
        sequence: 1,
        generation: 1,
        epoch: 13,
        created_at_us: 1_700_000_000_000_001,
        app: "payments".into(),
        app_id: "0123456789abcdef".into(),
        plan: PlanIdentity {
            fingerprint: 0xfedc_ba98_7654_3210,
            key_groups: 16,
            operators: vec![OperatorIdentity {
                operator_id: "totals#aggregate".into(),
                name: "group aggregate".into(),
                description: vec![("by".into(), "card".into())],
                state_fingerprint: 7,
            }],
        },
        parallelism: 1,
        key_group_map: None,
        segments,
        sources: vec![SourceProgress {
            operator_id: "trades#source".into(),
            partition: "trades/0".into(),
            position: "42".into(),
        }],
        times: vec![TimeProgress {
            operator_id: "trades#source".into(),
            partition: Some("trades/0".into()),
            time_us: 1_699_999_999_000_000,
        }],
        sinks,
    }
}

#[test]
fn a_fixture_of_version_1_is_read() {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    if let Ok(folder) = std::env::var("EVENTFLUX_FIXTURE") {
        tokio.block_on(write(Arc::new(DirectoryStore::open(folder).unwrap())));
    }
    let store: Arc<dyn CheckpointStore> =
        Arc::new(DirectoryStore::open_read_only(Path::new(VERSION_1)).unwrap());
    let log = ManifestLog::new(Arc::clone(&store));
    let newest = tokio.block_on(log.newest()).unwrap().unwrap();
    assert_eq!(newest, manifest(newest.segments.clone(), newest.sinks.clone()));
    let notes: Vec<Bytes> = newest
        .sinks
        .iter()
        .map(|note| tokio.block_on(note.load(store.as_ref())).unwrap().note)
        .collect();
    assert_eq!(notes, [Bytes::from(vec![12; 3]), Bytes::from(vec![13; 1_500])]);
    let set = tokio
        .block_on(SegmentSet::open(Arc::clone(&store), &newest.segments))
        .unwrap();
    let compressions: Vec<_> = set.footers().map(|(_, footer)| footer.compression).collect();
    assert_eq!(compressions, Compression::ALL);
    for key_group in 0..16 {
        let mut reader = set.reader("totals#aggregate", move |of| of == key_group, tokio.handle());
        let mut read = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            read.push((
                row.table,
                row.key_group,
                row.key.to_vec(),
                row.value.map(<[u8]>::to_vec),
            ));
        }
        let written = (10..14).flat_map(rows).filter(|row| row.1 == key_group);
        assert_eq!(read, written.collect::<Vec<_>>());
    }
}
