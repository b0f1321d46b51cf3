use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::DirectoryStore;
use crate::fail_point::{FailAction, set};
use crate::state::store::{CheckpointStore, Payload};
use crate::testing::{check_reopening, check_store};

fn payload() -> Payload {
    let mut payload = Payload::from(Bytes::from_static(b"one "));
    payload.push(Bytes::from_static(b"two"));
    payload
}

const STEPS: [&str; 5] = [
    "directory.put.created",
    "directory.put.written",
    "directory.put.synced",
    "directory.put.linked",
    "directory.put.durable",
];

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_what_every_store_keeps() {
    let directory = TempDir::new().unwrap();
    let open = || Arc::new(DirectoryStore::open(directory.path()).unwrap());
    check_store(open()).await;
    check_reopening(|| async { open() as Arc<dyn CheckpointStore> }).await;
}

#[tokio::test]
async fn a_put_that_dies_at_any_step_leaves_nothing_or_all_and_can_be_repeated() {
    for step in STEPS {
        let directory = TempDir::new().unwrap();
        let store = DirectoryStore::open(directory.path()).unwrap();
        let armed = set(
            step,
            &directory.path().display().to_string(),
            0,
            FailAction::Error,
        );
        let error = store
            .put_if_absent("a/b", payload())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("a/b") && error.contains(step), "{error}");
        drop((armed, store));
        let store = DirectoryStore::open(directory.path()).unwrap();
        let is_linked = STEPS.iter().position(|of| *of == step) >= Some(3);
        let stored = store.get("a/b").await.unwrap();
        assert_eq!(stored.as_deref(), is_linked.then_some(&b"one two"[..]), "{step}");
        assert_eq!(
            store.list("").await.unwrap().len(),
            usize::from(is_linked),
            "{step}"
        );
        assert_eq!(
            store.put_if_absent("a/b", payload()).await.unwrap(),
            !is_linked,
            "{step}"
        );
        assert_eq!(store.get("a/b").await.unwrap().as_deref(), Some(&b"one two"[..]));
    }
}

/// Not a test by itself: the child process of the test below.
#[tokio::test]
async fn child_that_aborts() {
    let (Ok(path), Ok(step)) = (
        std::env::var("EVENTFLUX_TEST_CHILD_DIRECTORY"),
        std::env::var("EVENTFLUX_TEST_CHILD_STEP"),
    ) else {
        return;
    };
    let _armed = set(&step, "", 0, FailAction::Abort);
    let store = DirectoryStore::open(path).unwrap();
    let _ = store.put_if_absent("a/b", payload()).await;
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_step_leaves_nothing_or_all_and_lets_go_of_the_directory() {
    for (position, step) in STEPS.iter().enumerate() {
        let directory = TempDir::new().unwrap();
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "state::store::directory::directory_test::child_that_aborts",
            ])
            .env("EVENTFLUX_TEST_CHILD_DIRECTORY", directory.path())
            .env("EVENTFLUX_TEST_CHILD_STEP", step)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), None, "{step}: the child was not killed: {status}");
        assert!(
            std::fs::read_dir(directory.path().join(".tmp"))
                .unwrap()
                .next()
                .is_some()
        );
        let store = DirectoryStore::open(directory.path()).unwrap();
        assert!(
            std::fs::read_dir(directory.path().join(".tmp"))
                .unwrap()
                .next()
                .is_none()
        );
        let stored = store.get("a/b").await.unwrap();
        assert_eq!(
            stored.as_deref(),
            (position >= 3).then_some(&b"one two"[..]),
            "{step}"
        );
    }
}

#[tokio::test]
async fn one_process_at_a_time_writes_and_anyone_reads() {
    let directory = TempDir::new().unwrap();
    let store = DirectoryStore::open(directory.path()).unwrap();
    store.put_if_absent("a", payload()).await.unwrap();
    let error = DirectoryStore::open(directory.path()).unwrap_err().to_string();
    let holder = format!("it is in use by process {}", std::process::id());
    assert!(error.ends_with(&holder), "{error}");
    let named = DirectoryStore::holder(directory.path()).unwrap();
    assert_eq!(named, Some(format!("process {}", std::process::id())));
    let reader = DirectoryStore::open_read_only(directory.path()).unwrap();
    assert_eq!(reader.get("a").await.unwrap().as_deref(), Some(&b"one two"[..]));
    assert!(reader.put_if_absent("b", payload()).await.is_err());
    assert!(reader.delete("a").await.is_err());
    drop(store);
    assert_eq!(DirectoryStore::holder(directory.path()).unwrap(), None);
    DirectoryStore::open(directory.path()).unwrap();
    let absent = directory.path().join("absent");
    assert_eq!(DirectoryStore::holder(&absent).unwrap(), None);
    assert!(!absent.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_directory_keeps_what_every_store_keeps() {
    let directory = TempDir::new().unwrap();
    let open = || Arc::new(DirectoryStore::open_shared(directory.path()).unwrap());
    let other = open();
    check_store(open()).await;
    drop(other);
    check_reopening(|| async { open() as Arc<dyn CheckpointStore> }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_who_share_a_directory_puts_an_object() {
    let directory = TempDir::new().unwrap();
    let stores: Vec<_> = (0..4)
        .map(|_| DirectoryStore::open_shared(directory.path()).unwrap())
        .collect();
    for round in 0..20 {
        let name = format!("a/{round}");
        let puts = stores.iter().map(|store| store.put_if_absent(&name, payload()));
        let puts = futures_util::future::join_all(puts).await;
        let count = puts.into_iter().filter(|put| *put.as_ref().unwrap()).count();
        assert_eq!(count, 1, "round {round}");
    }
}

#[tokio::test]
async fn a_directory_is_shared_or_one_process_has_it() {
    let directory = TempDir::new().unwrap();
    let own = DirectoryStore::open(directory.path()).unwrap();
    let error = DirectoryStore::open_shared(directory.path())
        .unwrap_err()
        .to_string();
    let holder = format!(
        "it is in use by process {}, which does not share it",
        std::process::id()
    );
    assert!(error.ends_with(&holder), "{error}");
    drop(own);
    let first = DirectoryStore::open_shared(directory.path()).unwrap();
    let second = DirectoryStore::open_shared(directory.path()).unwrap();
    let named = DirectoryStore::holder(directory.path()).unwrap();
    assert_eq!(named.as_deref(), Some("a cluster"));
    let error = DirectoryStore::open(directory.path()).unwrap_err().to_string();
    assert!(error.ends_with("it is in use by a cluster"), "{error}");
    // What a process that died was making goes with the next one that is alone.
    let left = directory.path().join(".tmp/left");
    std::fs::create_dir_all(&left).unwrap();
    drop(first);
    drop(DirectoryStore::open_shared(directory.path()).unwrap());
    assert!(left.exists());
    drop(second);
    drop(DirectoryStore::open_shared(directory.path()).unwrap());
    assert!(!left.exists());
}

#[tokio::test]
async fn what_is_not_an_object_is_not_listed() {
    let directory = TempDir::new().unwrap();
    let store = DirectoryStore::open(directory.path()).unwrap();
    store.put_if_absent("a/b", payload()).await.unwrap();
    std::fs::write(directory.path().join(".hidden"), "x").unwrap();
    std::fs::write(directory.path().join("with space"), "x").unwrap();
    let names: Vec<_> = store
        .list("")
        .await
        .unwrap()
        .into_iter()
        .map(|object| object.name)
        .collect();
    assert_eq!(names, ["a/b"]);
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_named() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for error in [
        DirectoryStore::open(&file).unwrap_err(),
        DirectoryStore::open_read_only(&file).unwrap_err(),
        DirectoryStore::open_read_only(directory.path().join("absent")).unwrap_err(),
    ] {
        let expected = format!("directory `{}", directory.path().display());
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[test]
fn a_new_directory_may_be_a_relative_path() {
    let name = format!("eventflux-test-{}", std::process::id());
    let store = DirectoryStore::open(&name).unwrap();
    assert_eq!(store.to_string(), format!("directory `{name}`"));
    drop(store);
    std::fs::remove_dir_all(name).unwrap();
}
