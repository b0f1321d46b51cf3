//! Connections that come back.

use std::fmt;
use std::future::Future;

use redis::{FromRedisValue, Pipeline};

use super::RedisConfig;
use super::address::Address;
use super::pool::{FIRST_PAUSE, Failure, Pool};
use crate::error::{Error, Result};

/// A pool of connections to one Redis, or to one cluster.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    retries: u32,
    replicas: u32,
    place: String,
}

impl Connections {
    /// Finds out what is there. It is tried again as a query is.
    pub(super) async fn open(config: &RedisConfig) -> Result<Self> {
        let address = Address::read(config)?;
        let opened = repeat(config.retries, &address.place, "opening it", || {
            Pool::open(&address, config)
        });
        let pool = opened.await.map_err(|failure| match failure {
            Failure::Unfit(message) => Error::Option {
                key: "redis url".into(),
                message: format!("{}: {message}", address.place),
            },
            failure => Error::store(&address.place, "opening it", failure),
        })?;
        Ok(Self {
            pool,
            retries: config.retries,
            replicas: address.replicas,
            place: address.place,
        })
    }

    /// Sends commands and reads their answers. When Redis cannot be reached it is tried again after a pause, so every
    /// command must be one that may be repeated. One of them must have a key.
    pub(super) async fn query<T: FromRedisValue>(&self, object: &str, commands: &Pipeline) -> Result<T> {
        let answer = repeat(self.retries, &self.place, object, || self.pool.query(commands));
        answer
            .await
            .map_err(|failure| Error::store(self, object, failure))
    }

    /// How many replicas must have what is written.
    pub(super) fn replicas(&self) -> u32 {
        self.replicas
    }
}

/// Tries until it succeeds, fails for good or was tried often enough; each pause is twice as long as the one before.
async fn repeat<T, F: Future<Output = Result<T, Failure>>>(
    retries: u32,
    place: &str,
    object: &str,
    attempt: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..retries {
        match attempt().await {
            Err(failure) if failure.is_passing() => {
                tracing::debug!(store = place, object, %failure, "trying again");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            answer => return answer,
        }
    }
    attempt().await
}

impl fmt::Display for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connections").field(&self.place).finish()
    }
}
