//! What every place for checkpoints keeps: the conformance kit of [`CheckpointStore`].

#![expect(
    clippy::unwrap_used,
    reason = "a kit for tests: a store that fails a call fails the kit"
)]

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::state::store::{CheckpointStore, Payload};

/// Larger than the pieces in which any store keeps objects.
const LARGE_BYTES: usize = (3 << 20) + 17;

/// Checks everything that the trait promises and one process can see. The store must be empty, and is empty afterwards.
pub async fn check_store(store: Arc<dyn CheckpointStore>) {
    assert_eq!(names(&*store, "").await, [""; 0], "the store is not empty");
    an_object_is_what_was_put(&*store).await;
    a_name_is_given_once(&*store).await;
    ranges_are_cut_at_the_end(&*store).await;
    listings_are_by_prefix_and_in_order(&*store).await;
    deleting_is_for_good_and_idempotent(&*store).await;
    names_are_checked(&*store).await;
    one_of_many_puts_wins(Arc::clone(&store)).await;
    readers_see_nothing_or_all(store).await;
}

/// Checks that what is there outlives the store; `open` opens the same place again.
pub async fn check_reopening<F: Future<Output = Arc<dyn CheckpointStore>>>(open: impl Fn() -> F) {
    let large = large();
    let store = open().await;
    assert!(
        store
            .put_if_absent("again/large", large.clone().into())
            .await
            .unwrap()
    );
    assert!(
        store
            .put_if_absent("again/gone", large.clone().into())
            .await
            .unwrap()
    );
    store.delete("again/gone").await.unwrap();
    drop(store);
    let store = open().await;
    assert_eq!(names(&*store, "").await, ["again/large"]);
    assert_eq!(store.get("again/large").await.unwrap(), Some(large));
    assert!(
        !store
            .put_if_absent("again/large", Payload::default())
            .await
            .unwrap()
    );
    store.delete("again/large").await.unwrap();
}

fn large() -> Bytes {
    (0..LARGE_BYTES).map(|index| ((index * 31) >> 3) as u8).collect()
}

async fn names(store: &dyn CheckpointStore, prefix: &str) -> Vec<String> {
    let listed = store.list(prefix).await.unwrap();
    listed.into_iter().map(|object| object.name).collect()
}

async fn clear(store: &dyn CheckpointStore) {
    for name in names(store, "").await {
        store.delete(&name).await.unwrap();
    }
}

async fn an_object_is_what_was_put(store: &dyn CheckpointStore) {
    assert_eq!(store.get("a/object").await.unwrap(), None);
    let large = large();
    let mut pieces = Payload::default();
    for piece in large.chunks(700_001) {
        pieces.push(large.slice_ref(piece));
    }
    let objects = [
        ("a/object", Payload::from(Bytes::from_static(b"abc"))),
        ("a/empty", Payload::default()),
        ("a/large", pieces),
    ];
    for (name, payload) in objects {
        let bytes = payload.clone().into_bytes();
        assert!(store.put_if_absent(name, payload).await.unwrap(), "{name}");
        assert_eq!(store.get(name).await.unwrap(), Some(bytes), "{name}");
    }
    clear(store).await;
}

async fn a_name_is_given_once(store: &dyn CheckpointStore) {
    let put = async |bytes: &'static [u8]| store.put_if_absent("n", Bytes::from_static(bytes).into()).await;
    assert!(put(b"first").await.unwrap());
    assert!(!put(b"second").await.unwrap());
    assert!(!put(b"first").await.unwrap());
    assert_eq!(store.get("n").await.unwrap().as_deref(), Some(&b"first"[..]));
    clear(store).await;
}

async fn ranges_are_cut_at_the_end(store: &dyn CheckpointStore) {
    let large = large();
    assert!(store.put_if_absent("r", large.clone().into()).await.unwrap());
    let end = large.len() as u64;
    let offsets = [
        0,
        1,
        65_535,
        65_536,
        262_143,
        262_145,
        1 << 20,
        end - 1,
        end,
        end + 9,
        u64::MAX,
    ];
    for start in offsets {
        for until in offsets {
            let place = |offset: u64| offset.min(end) as usize;
            let expected = large.slice(place(start)..place(until).max(place(start)));
            let read = store.get_range("r", start..until).await.unwrap();
            assert_eq!(
                read.as_ref().map(Bytes::len),
                Some(expected.len()),
                "{start}..{until}"
            );
            assert!(read == Some(expected), "{start}..{until} are other bytes");
        }
    }
    assert_eq!(store.get_range("absent", 0..1).await.unwrap(), None);
    assert!(store.put_if_absent("empty", Payload::default()).await.unwrap());
    assert_eq!(store.get_range("empty", 0..5).await.unwrap(), Some(Bytes::new()));
    clear(store).await;
}

async fn listings_are_by_prefix_and_in_order(store: &dyn CheckpointStore) {
    for name in ["b/2", "a/1", "b/10", "b-c", "ba/x/y", "b/3/deep"] {
        let payload = Bytes::copy_from_slice(name.as_bytes()).into();
        assert!(store.put_if_absent(name, payload).await.unwrap());
    }
    assert_eq!(
        names(store, "").await,
        ["a/1", "b-c", "b/10", "b/2", "b/3/deep", "ba/x/y"]
    );
    assert_eq!(names(store, "b/").await, ["b/10", "b/2", "b/3/deep"]);
    assert_eq!(names(store, "b/1").await, ["b/10"]);
    assert_eq!(names(store, "b").await.len(), 5);
    assert_eq!(names(store, "b/3/deep").await, ["b/3/deep"]);
    assert_eq!(names(store, "b/3/deep/er").await, [""; 0]);
    assert_eq!(names(store, "c/").await, [""; 0]);
    for object in store.list("").await.unwrap() {
        assert_eq!(object.size_bytes, object.name.len() as u64, "{}", object.name);
    }
    clear(store).await;
}

async fn deleting_is_for_good_and_idempotent(store: &dyn CheckpointStore) {
    store.delete("absent").await.unwrap();
    store.delete("absent/deep").await.unwrap();
    assert!(store.put_if_absent("d/1", large().into()).await.unwrap());
    store.delete("d/1").await.unwrap();
    store.delete("d/1").await.unwrap();
    assert_eq!(store.get("d/1").await.unwrap(), None);
    assert!(
        store
            .put_if_absent("d/1", Bytes::from_static(b"new").into())
            .await
            .unwrap()
    );
    assert_eq!(store.get("d/1").await.unwrap().as_deref(), Some(&b"new"[..]));
    clear(store).await;
}

async fn names_are_checked(store: &dyn CheckpointStore) {
    for name in [
        "",
        "/",
        "a/../b",
        "../a",
        "/etc/passwd",
        "a b",
        ".hidden",
        "a//b",
        "a/",
    ] {
        assert!(
            store.put_if_absent(name, Payload::default()).await.is_err(),
            "`{name}`"
        );
    }
    assert_eq!(names(store, "").await, [""; 0]);
}

async fn one_of_many_puts_wins(store: Arc<dyn CheckpointStore>) {
    for round in 0..10 {
        let name = format!("w/{round}");
        let mut puts = JoinSet::new();
        for contender in 0..8u8 {
            let (store, name) = (Arc::clone(&store), name.clone());
            puts.spawn(async move {
                let payload = vec![contender; 300_000].into();
                (contender, store.put_if_absent(&name, payload).await.unwrap())
            });
        }
        let results = puts.join_all().await;
        let winners: BTreeSet<u8> = results
            .iter()
            .filter(|result| result.1)
            .map(|result| result.0)
            .collect();
        assert_eq!(winners.len(), 1, "{name}: {winners:?} were told that they won");
        let bytes = store.get(&name).await.unwrap().unwrap();
        assert_eq!(bytes.len(), 300_000);
        assert!(
            bytes.iter().all(|byte| winners.contains(byte)),
            "{name} is not what the winner put"
        );
    }
    clear(&*store).await;
}

async fn readers_see_nothing_or_all(store: Arc<dyn CheckpointStore>) {
    for round in 0..5 {
        let name = format!("s/{round}");
        let put = {
            let (store, name) = (Arc::clone(&store), name.clone());
            tokio::spawn(async move { store.put_if_absent(&name, large().into()).await.unwrap() })
        };
        loop {
            let is_put = put.is_finished();
            let listed = store.list(&name).await.unwrap();
            assert!(
                listed
                    .iter()
                    .all(|object| object.size_bytes == LARGE_BYTES as u64),
                "{listed:?}"
            );
            match store.get(&name).await.unwrap() {
                Some(bytes) => {
                    assert!(bytes == large(), "{name} was read half");
                    break;
                }
                None => assert!(
                    !is_put && listed.is_empty(),
                    "{name} was put or listed, but is not there"
                ),
            }
        }
        assert!(put.await.unwrap());
    }
    clear(&*store).await;
}
