//! A segment is read or refused.
#![no_main]

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use eventflux_core::state::StateReader;
use eventflux_core::state::segment::{SegmentKind, SegmentRef, SegmentSet};
use eventflux_core::state::store::{CheckpointStore, MemoryStore};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

static TOKIO: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).build().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    let reference = SegmentRef {
        name: "segment".into(),
        size_bytes: bytes.len() as u64,
        crc32c: 0,
        kind: SegmentKind::Base,
        epoch: 1,
        subtask: "a".into(),
        operators: Vec::new(),
        row_count: 0,
    };
    let set = TOKIO.block_on(async {
        let store = Arc::new(MemoryStore::default());
        store.put_if_absent("segment", Bytes::copy_from_slice(bytes).into()).await?;
        SegmentSet::open(store, &[reference]).await
    });
    let Ok(set) = set else { return };
    let operators: Vec<String> = set
        .footers()
        .flat_map(|(_, footer)| footer.operators.iter().map(|operator| operator.operator_id.clone()))
        .collect();
    for operator_id in operators {
        let mut reader = set.reader(&operator_id, |key_group| key_group % 2 == 0, TOKIO.handle());
        while let Ok(Some(row)) = reader.next_row() {
            assert_eq!(row.key_group % 2, 0);
        }
    }
});
