//! How fast state becomes a segment and comes back: bytes of keys and values per second.
//!
//! `freeze` is what the loop stands still for; the rest runs beside it.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eventflux_core::state::segment::{
    Compression, SegmentBuilder, SegmentHeading, SegmentKind, SegmentOptions, SegmentSet, SnapshotRows, fold,
};
use eventflux_core::state::store::{CheckpointStore, MemoryStore};
use eventflux_core::state::{StateReader, StateRow, StateWriter};

const KEY_GROUPS: u32 = 1024;
const ROW_COUNT: u64 = 1_000_000;

/// Rows of 16 and 64 bytes: an account, and what is summed up of it.
fn freeze() -> SnapshotRows {
    let mut rows = SnapshotRows::default();
    let mut value = [0u8; 64];
    for index in 0..ROW_COUNT {
        let mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let key = [mixed.to_be_bytes(), index.to_be_bytes()].concat();
        value[..8].copy_from_slice(&mixed.to_le_bytes());
        value[20..28].copy_from_slice(&index.to_le_bytes());
        let row = StateRow {
            table: 0,
            key_group: (mixed >> 32) as u16 % KEY_GROUPS as u16,
            key: &key,
            value: Some(&value),
        };
        assert!(rows.write(row).is_ok());
    }
    rows
}

fn heading() -> SegmentHeading {
    SegmentHeading {
        generation: 1,
        epoch: 1,
        subtask: "bench".into(),
        kind: SegmentKind::Base,
        key_groups: KEY_GROUPS,
    }
}

fn segments(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build();
    let Ok(tokio) = tokio else {
        return;
    };
    let rows = freeze();
    let mut group = criterion.benchmark_group("segment");
    group
        .sample_size(10)
        .throughput(Throughput::Bytes(rows.size_bytes() as u64));
    group.bench_function("freeze", |bencher| bencher.iter(freeze));
    for compression in Compression::ALL {
        let options = SegmentOptions {
            compression,
            ..SegmentOptions::default()
        };
        let build = || {
            let mut builder = SegmentBuilder::new(heading(), options);
            builder.add("a", &rows).and_then(|()| builder.finish())
        };
        group.bench_function(BenchmarkId::new("write", compression), |bencher| {
            bencher.iter(|| black_box(build().is_ok()));
        });
        let store = Arc::new(MemoryStore::default());
        let set = tokio.block_on(async {
            let built = build()?;
            store.put_if_absent(&built.reference.name, built.payload).await?;
            SegmentSet::open(store, &[built.reference]).await
        });
        let Ok(set) = set else {
            return;
        };
        group.bench_function(BenchmarkId::new("read", compression), |bencher| {
            bencher.iter(|| {
                let mut reader = set.reader("a", |_| true, tokio.handle());
                let mut row_count = 0;
                while let Ok(Some(row)) = reader.next_row() {
                    black_box(row);
                    row_count += 1;
                }
                assert_eq!(row_count, ROW_COUNT);
            });
        });
        group.bench_function(BenchmarkId::new("fold", compression), |bencher| {
            bencher.iter(|| black_box(fold(&set, &[], heading(), options, tokio.handle()).is_ok()));
        });
    }
    group.finish();
}

criterion_group!(benches, segments);
criterion_main!(benches);
