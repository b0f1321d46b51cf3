use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::error::Result;
use crate::key::KeyGroupMap;
use crate::state::checksum::ignored::with_checksums_ignored;
use crate::state::store::{CheckpointStore, MemoryStore, Payload};
use crate::state::{KeyGroup, MemoryDelta, StateReader, StateRow, StateWriter};

type Row = (u8, KeyGroup, Vec<u8>, Option<Vec<u8>>);

fn tokio() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

/// One for all cases of a property.
fn small_tokio() -> &'static Runtime {
    static TOKIO: std::sync::LazyLock<Runtime> = std::sync::LazyLock::new(tokio);
    &TOKIO
}

fn heading(epoch: u64, kind: SegmentKind) -> SegmentHeading {
    SegmentHeading {
        generation: 3,
        epoch,
        subtask: "totals 1/2".into(),
        kind,
        key_groups: 128,
    }
}

fn snapshot(rows: &[Row]) -> SnapshotRows {
    let mut snapshot = SnapshotRows::default();
    for (table, key_group, key, value) in rows {
        let row = StateRow {
            table: *table,
            key_group: *key_group,
            key,
            value: value.as_deref(),
        };
        snapshot.write(row).unwrap();
    }
    snapshot
}

/// Rows of both kinds, in no order of key groups; keys and values from nothing to `bytes_max`.
fn rows(count: usize, bytes_max: usize) -> Vec<Row> {
    (0..count)
        .map(|index| {
            let key = index.to_le_bytes()[..index % 9].to_vec();
            let value = (index % 5 != 0).then(|| vec![index as u8; index * 7 % (bytes_max + 1)]);
            ((index % 3) as u8, (index * 37 % 128) as KeyGroup, key, value)
        })
        .collect()
}

fn built(
    options: SegmentOptions,
    epoch: u64,
    kind: SegmentKind,
    operators: &[(&str, &[Row])],
) -> BuiltSegment {
    let mut builder = SegmentBuilder::new(heading(epoch, kind), options);
    for (operator_id, rows) in operators {
        builder.add(operator_id, &snapshot(rows)).unwrap();
    }
    builder.finish().unwrap()
}

fn read(reader: &mut dyn StateReader) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push((
            row.table,
            row.key_group,
            row.key.to_vec(),
            row.value.map(<[u8]>::to_vec),
        ));
    }
    Ok(rows)
}

/// Stores an object as the segment's and reads everything back.
fn stored_and_read(tokio: &Runtime, segment: &BuiltSegment, object: Payload) -> Result<Vec<Row>> {
    let store = Arc::new(MemoryStore::default());
    let set = tokio.block_on(async {
        store.put_if_absent(&segment.reference.name, object).await?;
        SegmentSet::open(store, std::slice::from_ref(&segment.reference)).await
    })?;
    let mut all = Vec::new();
    for operator_id in &segment.reference.operators {
        all.extend(read(&mut set.reader(operator_id, |_| true, tokio.handle()))?);
    }
    Ok(all)
}

#[test]
fn every_owner_reads_its_rows_at_every_parallelism_and_compression() {
    let tokio = tokio();
    let rows = rows(3_000, 300);
    for compression in Compression::ALL {
        let options = SegmentOptions {
            compression,
            block_bytes: 4_000,
            ..SegmentOptions::default()
        };
        let segment = built(
            options,
            1,
            SegmentKind::Base,
            &[("a", &rows), ("none", &[]), ("b", &rows[..10])],
        );
        assert_eq!(segment.reference.operators, ["a", "b"]);
        assert_eq!(segment.reference.row_count, 3_010);
        let store = Arc::new(MemoryStore::default());
        let set = tokio.block_on(async {
            let name = &segment.reference.name;
            assert!(store.put_if_absent(name, segment.payload.clone()).await.unwrap());
            SegmentSet::open(store.clone(), std::slice::from_ref(&segment.reference))
                .await
                .unwrap()
        });
        for parallelism in [1, 2, 3, 128] {
            for subtask in 0..parallelism {
                let owned = KeyGroupMap::contiguous(128, parallelism).owned_by(subtask);
                let owns = move |key_group: KeyGroup| owned.contains(key_group);
                let mut expected: Vec<Row> = rows.iter().filter(|row| owns(row.1)).cloned().collect();
                // Stable: the order within a key group is that of writing.
                expected.sort_by_key(|row| row.1);
                let read = read(&mut set.reader("a", owns, tokio.handle())).unwrap();
                assert_eq!(read, expected, "{compression}, {subtask} of {parallelism}");
            }
        }
        assert_eq!(
            read(&mut set.reader("none", |_| true, tokio.handle())).unwrap(),
            []
        );
    }
}

#[test]
fn an_owner_reads_only_the_blocks_of_its_key_groups() {
    let tokio = tokio();
    let options = SegmentOptions {
        compression: Compression::None,
        block_bytes: 2_000,
        ..SegmentOptions::default()
    };
    let segment = built(options, 1, SegmentKind::Base, &[("a", &rows(3_000, 300))]);
    let footer = tokio.block_on(async {
        let store = Arc::new(MemoryStore::default());
        store
            .put_if_absent(&segment.reference.name, segment.payload.clone())
            .await
            .unwrap();
        let set = SegmentSet::open(store, std::slice::from_ref(&segment.reference))
            .await
            .unwrap();
        set.footers().next().unwrap().1.clone()
    });
    let blocks = &footer.operators[0].blocks;
    assert!(blocks.len() > 100, "{} blocks", blocks.len());
    // Everything but the blocks of key groups 64 and up is spoilt: their owner does not notice.
    let mut object = segment.payload.clone().into_bytes().to_vec();
    for block in blocks.iter().filter(|block| block.last_key_group < 64) {
        object[block.offset as usize..][..block.stored_bytes as usize].fill(0);
    }
    let store = Arc::new(MemoryStore::default());
    let set = tokio.block_on(async {
        store
            .put_if_absent(&segment.reference.name, object.into())
            .await
            .unwrap();
        SegmentSet::open(store, std::slice::from_ref(&segment.reference))
            .await
            .unwrap()
    });
    let read_rows = read(&mut set.reader("a", |key_group| key_group >= 64, tokio.handle())).unwrap();
    assert_eq!(
        read_rows.len(),
        rows(3_000, 300).iter().filter(|row| row.1 >= 64).count()
    );
    assert!(read(&mut set.reader("a", |key_group| key_group >= 63, tokio.handle())).is_err());
}

#[test]
fn deltas_come_after_their_base() {
    let tokio = tokio();
    let row = |value: Option<&str>| {
        (
            0u8,
            5 as KeyGroup,
            b"k".to_vec(),
            value.map(|value| value.as_bytes().to_vec()),
        )
    };
    let options = SegmentOptions::default();
    let segments = [
        built(options, 1, SegmentKind::Base, &[("a", &[row(Some("one"))])]),
        built(
            options,
            2,
            SegmentKind::Delta,
            &[("a", &[row(None), row(Some("two"))])],
        ),
        built(options, 4, SegmentKind::Delta, &[("a", &[row(None)])]),
    ];
    let references: Vec<_> = segments.iter().map(|segment| segment.reference.clone()).collect();
    let set = tokio.block_on(async {
        let store = Arc::new(MemoryStore::default());
        for segment in segments {
            store
                .put_if_absent(&segment.reference.name, segment.payload)
                .await
                .unwrap();
        }
        SegmentSet::open(store, &references).await.unwrap()
    });
    let rows = read(&mut set.reader("a", |_| true, tokio.handle())).unwrap();
    assert_eq!(rows, [row(Some("one")), row(None), row(Some("two")), row(None)]);
}

#[test]
fn rows_of_any_size_fit() {
    let tokio = tokio();
    let large = vec![7u8; 3 << 20];
    let rows = vec![
        (0, 0, large.clone(), Some(large.clone())),
        (255, 127, Vec::new(), Some(Vec::new())),
        (0, 127, large, None),
    ];
    for compression in Compression::ALL {
        let options = SegmentOptions {
            compression,
            ..SegmentOptions::default()
        };
        let segment = built(options, 1, SegmentKind::Base, &[("a", &rows)]);
        assert_eq!(
            stored_and_read(&tokio, &segment, segment.payload.clone()).unwrap(),
            rows
        );
    }
}

fn small(compression: Compression) -> BuiltSegment {
    let options = SegmentOptions {
        compression,
        block_bytes: 200,
        ..SegmentOptions::default()
    };
    built(
        options,
        9,
        SegmentKind::Delta,
        &[("a", &rows(12, 20)), ("b", &rows(3, 5))],
    )
}

#[test]
fn a_flipped_bit_in_any_byte_is_detected_and_named() {
    let tokio = tokio();
    for compression in Compression::ALL {
        let segment = small(compression);
        let bytes = segment.payload.clone().into_bytes();
        assert!(stored_and_read(&tokio, &segment, bytes.clone().into()).is_ok());
        for byte in 0..bytes.len() {
            let mut flipped = bytes.to_vec();
            flipped[byte] ^= 1 << (byte % 8);
            let error = stored_and_read(&tokio, &segment, flipped.into())
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(&segment.reference.name), "byte {byte}: {error}");
        }
    }
}

#[test]
fn every_truncation_and_every_addition_is_detected_and_named() {
    let tokio = tokio();
    let segment = small(Compression::Lz4);
    let bytes = segment.payload.clone().into_bytes();
    let longer = [&bytes[..], &[0]].concat();
    for object in (0..bytes.len())
        .map(|length| bytes[..length].to_vec())
        .chain([longer])
    {
        let length = object.len();
        let error = stored_and_read(&tokio, &segment, object.into())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&segment.reference.name),
            "{length} bytes: {error}"
        );
    }
}

#[test]
fn another_segment_under_the_same_name_is_detected() {
    let tokio = tokio();
    let segment = small(Compression::None);
    let mut other = rows(12, 20);
    other[3].3 = Some(vec![1]);
    let options = SegmentOptions {
        compression: Compression::None,
        block_bytes: 200,
        ..SegmentOptions::default()
    };
    let mut other = built(
        options,
        9,
        SegmentKind::Delta,
        &[("a", &other), ("b", &rows(3, 5))],
    );
    assert_ne!(other.reference.name, segment.reference.name);
    other.reference.name.clone_from(&segment.reference.name);
    other.reference.crc32c = segment.reference.crc32c;
    let error = stored_and_read(&tokio, &other, other.payload.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{} is damaged: it is not the segment that the manifest means",
            other.reference.name
        )
    );
}

#[test]
fn a_missing_segment_is_named() {
    let segment = small(Compression::None);
    let open = SegmentSet::open(
        Arc::new(MemoryStore::default()),
        std::slice::from_ref(&segment.reference),
    );
    let error = tokio().block_on(open).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} is damaged: it is missing in memory", segment.reference.name)
    );
}

#[test]
fn a_key_group_that_the_app_does_not_have_is_refused() {
    let mut builder = SegmentBuilder::new(heading(1, SegmentKind::Base), SegmentOptions::default());
    let error = builder
        .add("a", &snapshot(&[(0, 128, Vec::new(), None)]))
        .unwrap_err();
    assert!(error.to_string().contains("key group 128 of 128"), "{error}");
}

#[test]
fn a_segment_of_snapshot_rows_is_what_a_delta_in_memory_is() {
    let tokio = tokio();
    let rows = rows(500, 40);
    let mut delta = MemoryDelta::default();
    for (table, key_group, key, value) in &rows {
        let value = value.as_deref();
        delta
            .write(StateRow {
                table: *table,
                key_group: *key_group,
                key,
                value,
            })
            .unwrap();
    }
    let segment = built(SegmentOptions::default(), 1, SegmentKind::Base, &[("a", &rows)]);
    let mut from_segment = stored_and_read(&tokio, &segment, segment.payload.clone()).unwrap();
    let mut from_memory = read(&mut delta.reader(|_| true)).unwrap();
    from_segment.sort();
    from_memory.sort();
    assert_eq!(from_segment, from_memory);
}

/// The last value of every key: what an operator makes of rows.
fn latest(rows: &[Row]) -> BTreeMap<(u8, KeyGroup, Vec<u8>), Vec<u8>> {
    let mut latest = BTreeMap::new();
    for (table, key_group, key, value) in rows {
        let key = (*table, *key_group, key.clone());
        match value {
            Some(value) => latest.insert(key, value.clone()),
            None => latest.remove(&key),
        };
    }
    latest
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_checksums_let_through_is_read_or_refused(
        compression in proptest::sample::select(Compression::ALL.to_vec()),
        changes in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 1..6),
    ) {
        let tokio = small_tokio();
        let segment = small(compression);
        let mut object = segment.payload.clone().into_bytes().to_vec();
        for (place, byte) in changes {
            let place = place % object.len();
            object[place] = byte;
        }
        // That it returns is what counts: without a panic, and without memory that it does not have bytes for.
        let _ = with_checksums_ignored(|| stored_and_read(tokio, &segment, object.into()));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    #[test]
    fn a_fold_means_what_its_segments_and_newer_rows_mean(
        writes in proptest::collection::vec((0u8..3, 0u8..4, 0u8..2, 0u8..9, proptest::option::of(0u8..255)), 0..200),
        part_bytes in 1u64..20_000,
    ) {
        let tokio = tokio();
        let operators = ["a", "b"];
        // Epochs 0 to 2 are stored, 3 is newer; a key belongs to one key group.
        let of = |epoch: u8, operator: u8| -> Vec<Row> {
            let chosen = writes.iter().filter(|write| write.1 == epoch && write.2 == operator);
            chosen
                .map(|(table, _, _, key, value)| {
                    (*table, KeyGroup::from(*key) * 14, vec![*key], value.map(|value| vec![value; 3]))
                })
                .collect()
        };
        let store = Arc::new(MemoryStore::default());
        let mut references = Vec::new();
        for epoch in 0..3 {
            let (a, b) = (of(epoch, 0), of(epoch, 1));
            let kind = if epoch == 0 { SegmentKind::Base } else { SegmentKind::Delta };
            let options = SegmentOptions { block_bytes: 50, ..SegmentOptions::default() };
            let segment = built(options, epoch.into(), kind, &[("a", &a), ("b", &b)]);
            tokio.block_on(store.put_if_absent(&segment.reference.name, segment.payload)).unwrap();
            references.push(segment.reference);
        }
        let set = tokio.block_on(SegmentSet::open(store, &references)).unwrap();
        let newer = [("a".to_owned(), snapshot(&of(3, 0))), ("b".to_owned(), snapshot(&of(3, 1)))];
        let (heading, options) = (heading(4, SegmentKind::Delta), SegmentOptions::default());
        let folded = fold::fold_in_parts(&set, &newer, heading, options, part_bytes, tokio.handle()).unwrap();
        assert_eq!(folded.reference.kind, SegmentKind::Base);
        let store = Arc::new(MemoryStore::default());
        let set = tokio.block_on(async {
            store.put_if_absent(&folded.reference.name, folded.payload).await.unwrap();
            SegmentSet::open(store, &[folded.reference]).await.unwrap()
        });
        for (index, operator_id) in operators.into_iter().enumerate() {
            let all: Vec<Row> = (0..4).flat_map(|epoch| of(epoch, index as u8)).collect();
            let rows = read(&mut set.reader(operator_id, |_| true, tokio.handle())).unwrap();
            assert_eq!(rows.len(), latest(&rows).len(), "a key is there twice, or without a value");
            assert_eq!(latest(&rows), latest(&all));
        }
    }
}
