//! Redis as a store, in a cluster of three nodes with a replica each.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::FromRedisValue;
use tempfile::TempDir;

use super::{RedisConfig, RedisStore};
use crate::state::store::CheckpointStore;
use crate::testing::{RedisServer, check_reopening, check_store};

const SLOTS: usize = 16_384;
const MASTERS: usize = 3;

/// A server is asked so often, as fast as it answers, before it is given up: some tens of seconds.
const ANSWERS_MAX: usize = 500_000;

/// Six servers, the masters first.
struct Cluster {
    servers: Vec<RedisServer>,
    ports: Vec<u16>,
    _folder: TempDir,
}

impl Cluster {
    fn start(server_count: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let (mut servers, mut ports) = (Vec::new(), Vec::new());
        for number in 0..server_count {
            let own = folder.path().join(number.to_string());
            std::fs::create_dir(&own).unwrap();
            let port = RedisServer::free_port();
            servers.push(RedisServer::start(
                &own,
                &[
                    "--port",
                    &port.to_string(),
                    "--cluster-enabled",
                    "yes",
                    "--cluster-node-timeout",
                    "1000",
                    "--appendonly",
                    "yes",
                    "--repl-diskless-sync-delay",
                    "0",
                ],
            ));
            ports.push(port);
        }
        let cluster = Self {
            servers,
            ports,
            _folder: folder,
        };
        cluster.join();
        cluster
    }

    fn ask<T: FromRedisValue>(&self, number: usize, words: &[String]) -> T {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.ports[number])).unwrap();
        let mut connection = client.get_connection().unwrap();
        let mut command = redis::cmd(&words[0]);
        words[1..].iter().for_each(|word| _ = command.arg(word));
        command.query(&mut connection).unwrap()
    }

    fn cluster<T: FromRedisValue>(&self, number: usize, words: &[&str]) -> T {
        let words = ["CLUSTER"].iter().chain(words).map(|word| (*word).to_owned());
        self.ask(number, &words.collect::<Vec<_>>())
    }

    fn join(&self) {
        for number in 0..MASTERS {
            let slots = number * SLOTS / MASTERS..(number + 1) * SLOTS / MASTERS;
            let mut words = vec!["CLUSTER".to_owned(), "ADDSLOTS".to_owned()];
            words.extend(slots.map(|slot| slot.to_string()));
            let _: () = self.ask(number, &words);
            let _: () = self.cluster(number, &["SET-CONFIG-EPOCH", &(number + 1).to_string()]);
        }
        for port in &self.ports[1..] {
            let _: () = self.cluster(0, &["MEET", "127.0.0.1", &port.to_string()]);
        }
        for number in 0..self.ports.len() {
            self.wait_for_info(number, &format!("cluster_known_nodes:{}", self.ports.len()));
        }
        for number in MASTERS..self.ports.len() {
            let master: String = self.cluster(number % MASTERS, &["MYID"]);
            let _: () = self.cluster(number, &["REPLICATE", &master]);
        }
        for number in 0..self.ports.len() {
            self.wait_for_info(number, "cluster_state:ok");
        }
        for number in MASTERS..self.ports.len() {
            self.servers[number].wait_for_info("replication", "master_link_status:up");
        }
    }

    fn wait_for_info(&self, number: usize, text: &str) {
        let mut info = String::new();
        for _ in 0..ANSWERS_MAX {
            info = self.cluster(number, &["INFO"]);
            if info.contains(text) {
                return;
            }
            std::thread::yield_now();
        }
        panic!("no {text} in {info}");
    }

    fn config(&self, numbers: &[usize]) -> RedisConfig {
        let hosts = numbers
            .iter()
            .map(|number| format!("127.0.0.1:{}", self.ports[*number]));
        RedisConfig {
            url: format!("redis://{}", hosts.collect::<Vec<_>>().join(",")),
            connect_timeout: Duration::from_secs(1),
            ..RedisConfig::default()
        }
    }

    fn key_count(&self, number: usize) -> u64 {
        self.ask(number, &["DBSIZE".to_owned()])
    }
}

fn bytes(length: usize) -> Bytes {
    (0..length).map(|index| ((index * 31) >> 3) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_found_behind_one_of_its_nodes_and_keeps_what_every_store_keeps() {
    let cluster = Cluster::start(MASTERS);
    // These apps have their keys on three different nodes.
    for app in ["one", "kit", "ledger", "x", "totals"] {
        let config = cluster.config(&[1]);
        let open = || async {
            let store = RedisStore::open(&config, app).await.unwrap();
            Arc::new(store) as Arc<dyn CheckpointStore>
        };
        check_store(open().await).await;
        check_reopening(open).await;
        let store = open().await;
        assert!(
            store
                .put_if_absent("stays", bytes(1_000_000).into())
                .await
                .unwrap()
        );
    }
    for number in 0..MASTERS {
        assert!(cluster.key_count(number) >= 6, "node {number} has no app's keys");
    }
    let of_database = RedisConfig {
        url: format!("{}/2", cluster.config(&[0]).url),
        ..RedisConfig::default()
    };
    let error = RedisStore::open(&of_database, "app").await.unwrap_err();
    assert!(
        error.to_string().contains("a cluster has database 0 only, not 2"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_node_dies_goes_on_with_its_replica() {
    let mut cluster = Cluster::start(2 * MASTERS);
    let config = RedisConfig {
        replicas: 1,
        // A promotion takes longer than a restart.
        retries: 9,
        ..cluster.config(&[0, 1, 2])
    };
    let store = RedisStore::open(&config, "app").await.unwrap();
    assert!(
        store
            .put_if_absent("before", bytes(700_000).into())
            .await
            .unwrap()
    );
    let owner = (0..MASTERS)
        .find(|number| cluster.key_count(*number) > 0)
        .unwrap();
    cluster.servers[owner].kill();
    // There is no second replica that could have what is written now.
    let config = RedisConfig {
        replicas: 0,
        ..config
    };
    assert_eq!(store.get("before").await.unwrap(), Some(bytes(700_000)));
    // The first of the addresses may be the one that died.
    let again = RedisStore::open(&config, "app").await.unwrap();
    assert!(again.put_if_absent("after", bytes(700_000).into()).await.unwrap());
    assert_eq!(again.get("before").await.unwrap(), Some(bytes(700_000)));
    assert_eq!(store.list("").await.unwrap().len(), 2);
}

#[tokio::test]
async fn several_addresses_that_are_no_cluster_are_refused() {
    let folder = TempDir::new().unwrap();
    let port = RedisServer::free_port();
    let _server = RedisServer::start(folder.path(), &["--port", &port.to_string()]);
    let config = RedisConfig {
        url: format!("redis://127.0.0.1:{port}"),
        endpoints: vec!["redis://127.0.0.1:1".into()],
        ..RedisConfig::default()
    };
    let error = RedisStore::open(&config, "app").await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Input);
    let expected = format!("several addresses are those of one cluster, and 127.0.0.1:{port} is none");
    assert!(error.to_string().contains(&expected), "{error}");
}
