//! Redis as a store, on servers of its own that are stopped, filled and set otherwise.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::Pipeline;
use tempfile::TempDir;

use super::connection::Connections;
use super::{RedisConfig, RedisStore};
use crate::fail_point::{FailAction, set};
use crate::state::store::{CheckpointStore, Payload};
use crate::testing::{self, check_reopening, check_store};

/// A server with a folder of its own.
struct RedisServer {
    server: testing::RedisServer,
    _folder: TempDir,
}

impl RedisServer {
    fn start(arguments: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            server: testing::RedisServer::start(folder.path(), arguments),
            _folder: folder,
        }
    }

    fn durable() -> Self {
        Self::start(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    fn config(&self) -> RedisConfig {
        RedisConfig {
            url: self.server.url(),
            connect_timeout: Duration::from_secs(1),
            ..RedisConfig::default()
        }
    }
}

/// The server that all tests share.
fn shared() -> RedisConfig {
    let address = std::env::var("EVENTFLUX_TEST_REDIS").expect("run scripts/test.sh: it starts a Redis");
    RedisConfig {
        url: format!("redis://{address}"),
        ..RedisConfig::default()
    }
}

fn bytes(length: usize) -> Bytes {
    (0..length).map(|index| ((index * 31) >> 3) as u8).collect()
}

async fn command<T: redis::FromRedisValue>(config: &RedisConfig, words: &[&str]) -> T {
    let mut commands = Pipeline::new();
    let mut command = redis::cmd(words[0]);
    words[1..].iter().for_each(|word| _ = command.arg(word));
    commands.add_command(command);
    let (answer,): (T,) = Connections::open(config)
        .await
        .unwrap()
        .query("test", &commands)
        .await
        .unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_what_every_store_keeps() {
    let app = format!("kit-{}", std::process::id());
    let open =
        || async { Arc::new(RedisStore::open(&shared(), &app).await.unwrap()) as Arc<dyn CheckpointStore> };
    check_store(open().await).await;
    check_reopening(open).await;
    let counter = format!("eventflux:{{{app}}}:uploads");
    let left: Vec<String> = command(&shared(), &["KEYS", &format!("eventflux:{{{app}}}:*")]).await;
    assert_eq!(left, [counter.as_str()], "deleted objects leave nothing");
    let _: u64 = command(&shared(), &["DEL", &counter]).await;
}

#[tokio::test]
async fn apps_do_not_see_each_other() {
    let server = RedisServer::durable();
    let one = RedisStore::open(&server.config(), "one").await.unwrap();
    let two = RedisStore::open(&server.config(), "two").await.unwrap();
    assert!(one.put_if_absent("a", bytes(3).into()).await.unwrap());
    assert!(two.put_if_absent("a", bytes(4).into()).await.unwrap());
    assert_eq!(one.get("a").await.unwrap(), Some(bytes(3)));
    assert_eq!(two.list("").await.unwrap()[0].size_bytes, 4);
    for wrong in ["", "a{b}", "a b"] {
        assert!(
            RedisStore::open(&server.config(), wrong).await.is_err(),
            "`{wrong}`"
        );
    }
}

#[tokio::test]
async fn all_keys_of_an_app_are_of_one_slot_of_a_cluster() {
    let server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "one").await.unwrap();
    assert!(store.put_if_absent("a", bytes(1_000_000).into()).await.unwrap());
    let keys: Vec<String> = command(&server.config(), &["KEYS", "*"]).await;
    assert_eq!(keys.len(), 4 + 2, "{keys:?}");
    assert!(
        keys.iter().all(|key| key.starts_with("eventflux:{one}:")),
        "{keys:?}"
    );
}

#[tokio::test]
async fn a_redis_that_evicts_is_refused_at_the_start() {
    let server = RedisServer::start(&["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]);
    let error = RedisStore::open(&server.config(), "app")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("maxmemory-policy is allkeys-lru") && error.contains("noeviction"),
        "{error}"
    );
}

#[tokio::test]
async fn a_redis_that_begins_to_evict_is_refused_while_it_runs() {
    let server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "app").await.unwrap();
    assert!(store.put_if_absent("a", bytes(9).into()).await.unwrap());
    let set_policy =
        async |policy| command::<()>(&server.config(), &["CONFIG", "SET", "maxmemory-policy", policy]).await;
    set_policy("volatile-lru").await;
    let error = store
        .put_if_absent("b", bytes(9).into())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("maxmemory-policy is volatile-lru"), "{error}");
    set_policy("noeviction").await;
    assert!(store.put_if_absent("b", bytes(9).into()).await.unwrap());
}

#[tokio::test]
async fn a_full_redis_refuses_and_keeps_what_it_has() {
    let server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "app").await.unwrap();
    assert!(store.put_if_absent("a", bytes(2 << 20).into()).await.unwrap());
    let _: () = command(&server.config(), &["CONFIG", "SET", "maxmemory", "5mb"]).await;
    let error = store
        .put_if_absent("b", bytes(8 << 20).into())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("OOM"), "{error}");
    assert_eq!(store.get("a").await.unwrap(), Some(bytes(2 << 20)));
    assert_eq!(store.list("").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_put_that_dies_leaves_nothing_that_is_seen_or_stays() {
    let server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "app").await.unwrap();
    let armed = set("redis.put.chunks", "dies-half", 0, FailAction::Error);
    assert!(
        store
            .put_if_absent("dies-half", bytes(1 << 20).into())
            .await
            .is_err()
    );
    drop(armed);
    assert_eq!(store.get("dies-half").await.unwrap(), None);
    assert_eq!(store.list("").await.unwrap(), []);
    let chunks: Vec<String> = command(&server.config(), &["KEYS", "*:chunk:*"]).await;
    assert_eq!(chunks.len(), 4);
    for chunk in chunks {
        let seconds: i64 = command(&server.config(), &["TTL", &chunk]).await;
        assert!((1..=3600).contains(&seconds), "{chunk} stays for {seconds} s");
    }
    assert!(
        store
            .put_if_absent("dies-half", bytes(1 << 20).into())
            .await
            .unwrap()
    );
    let visible: Vec<String> = command(&server.config(), &["KEYS", "*:chunk:2-*"]).await;
    for chunk in visible {
        let seconds: i64 = command(&server.config(), &["TTL", &chunk]).await;
        assert_eq!(seconds, -1, "{chunk} is of an object, and expires");
    }
}

#[tokio::test]
async fn an_object_whose_chunks_were_lost_on_the_way_does_not_become_visible() {
    let server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "app").await.unwrap();
    let header = super::header::Header {
        upload: "9-lost".into(),
        size_bytes: 10,
        chunk_bytes: 10,
    };
    let error = store
        .run(super::script::PUBLISH, "lost", &header)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("a part of the object is gone"), "{error}");
    assert_eq!(store.list("").await.unwrap(), []);
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_ours_when_it_is_asked_again() {
    let server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "app").await.unwrap();
    assert!(store.put_if_absent("a", bytes(10).into()).await.unwrap());
    let header = store.header("a").await.unwrap().unwrap();
    assert!(store.run(super::script::PUBLISH, "a", &header).await.unwrap());
    assert!(!store.put_if_absent("a", bytes(10).into()).await.unwrap());
}

#[tokio::test]
async fn a_damaged_object_is_named() {
    let server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "app").await.unwrap();
    assert!(store.put_if_absent("a", bytes(1 << 20).into()).await.unwrap());
    let upload = store.header("a").await.unwrap().unwrap().upload;
    let _: u64 = command(&server.config(), &["DEL", &store.chunk(&upload, 2)]).await;
    assert_eq!(store.get_range("a", 0..100).await.unwrap(), Some(bytes(100)));
    let error = store.get("a").await.unwrap_err().to_string();
    assert_eq!(error, "a is damaged: a chunk of it is missing");
}

#[tokio::test]
async fn acknowledged_objects_outlive_kill_9_and_the_store_reconnects() {
    let mut server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "app").await.unwrap();
    for round in 0..3 {
        assert!(
            store
                .put_if_absent(&format!("a/{round}"), bytes(700_000).into())
                .await
                .unwrap()
        );
        server.server.kill();
        server.server.restart();
        for earlier in 0..=round {
            assert_eq!(
                store.get(&format!("a/{earlier}")).await.unwrap(),
                Some(bytes(700_000))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_waits_for_a_redis_that_comes_back_and_fails_on_one_that_does_not() {
    let mut server = RedisServer::durable();
    let store = RedisStore::open(&server.config(), "app").await.unwrap();
    let impatient = RedisConfig {
        retries: 1,
        ..server.config()
    };
    let impatient = RedisStore::open(&impatient, "app").await.unwrap();
    server.server.kill();
    let error = impatient
        .put_if_absent("a", Payload::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Environment, "{error}");
    let put = tokio::spawn(async move { store.put_if_absent("a", bytes(9).into()).await });
    server.server.restart();
    assert!(put.await.unwrap().unwrap());
    assert_eq!(impatient.get("a").await.unwrap(), Some(bytes(9)));
}

#[tokio::test]
async fn a_password_is_never_shown() {
    let server = RedisServer::start(&["--requirepass", "s3cret-word", "--appendonly", "yes"]);
    let error = RedisStore::open(&server.config(), "app")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("NOAUTH"), "{error}");
    let mut config = server.config();
    config.url += "?pass=s3cret-word";
    let store = RedisStore::open(&config, "app").await.unwrap();
    assert!(store.put_if_absent("a", bytes(9).into()).await.unwrap());
    for text in [format!("{store} {store:?}"), format!("{config:?}")] {
        assert!(!text.contains("s3cret-word"), "{text}");
    }
    config.url = "redis://:s3cret-word@/what:x/".into();
    let error = RedisStore::open(&config, "app").await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret-word"), "{error:?}");
}

#[tokio::test]
async fn the_database_and_the_size_of_the_pool_are_those_of_the_address() {
    let server = RedisServer::durable();
    let config = RedisConfig {
        url: format!("{}?db=3&pool_size=2", server.server.url()),
        ..RedisConfig::default()
    };
    let store = Arc::new(RedisStore::open(&config, "app").await.unwrap());
    let puts = (0..20).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            store
                .put_if_absent(&format!("a/{number}"), bytes(300_000).into())
                .await
        })
    });
    for put in puts.collect::<Vec<_>>() {
        assert!(put.await.unwrap().unwrap());
    }
    let keyspace = server.server.command(&["INFO", "keyspace"]);
    assert!(
        keyspace.contains("db3:") && !keyspace.contains("db0:"),
        "{keyspace}"
    );
    // The two of the pool, and the one that asks.
    let clients = server.server.command(&["INFO", "clients"]);
    let count = clients
        .lines()
        .find_map(|line| line.strip_prefix("connected_clients:"))
        .unwrap();
    assert!(count.trim().parse::<u32>().unwrap() <= 3, "{clients}");
}

#[tokio::test]
async fn what_is_written_counts_when_enough_replicas_have_it() {
    let (port, other) = (
        testing::RedisServer::free_port().to_string(),
        RedisServer::durable(),
    );
    let server = RedisServer::start(&["--port", &port, "--appendonly", "yes"]);
    let config = RedisConfig {
        url: format!("{}?replicas=1", server.server.url()),
        ..RedisConfig::default()
    };
    let store = RedisStore::open(&config, "app").await.unwrap();
    let error = store.put_if_absent("a", bytes(9).into()).await.unwrap_err();
    assert!(error.to_string().contains("0 replicas have it"), "{error}");
    assert_eq!(error.kind(), crate::ErrorKind::Environment);
    other.server.command(&["REPLICAOF", "127.0.0.1", &port]);
    other.server.wait_for_info("replication", "master_link_status:up");
    assert!(
        !store.put_if_absent("a", bytes(9).into()).await.unwrap(),
        "it was put by the call that failed"
    );
    assert!(store.put_if_absent("b", bytes(9).into()).await.unwrap());
    let replica = RedisStore::open(&other.config(), "app").await.unwrap();
    assert_eq!(replica.get("b").await.unwrap(), Some(bytes(9)));
}
