//! Connections that come back.

use std::fmt;
use std::time::Duration;

use deadpool_redis::{Manager, Pool, PoolError, Runtime};
use redis::{AsyncConnectionConfig, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError, RetryMethod};

use super::RedisConfig;
use crate::error::{Error, Result};

/// The pause before the second attempt; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// A pool of connections to one Redis.
#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    retries: u32,
    place: String,
}

impl Connections {
    pub(super) fn new(config: &RedisConfig) -> Result<Self> {
        let wrong = |message: String| Error::Option {
            key: "redis url".into(),
            message,
        };
        let info = config
            .url
            .as_str()
            .into_connection_info()
            .map_err(|error| wrong(error.to_string()))?;
        let place = format!("redis {}/{}", info.addr(), info.redis_settings().db());
        let timeouts = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(config.connect_timeout))
            .set_response_timeout(Some(config.response_timeout));
        let manager = Manager::new_with_config(info, timeouts).map_err(|error| wrong(error.to_string()))?;
        let pool = Pool::builder(manager)
            .max_size(config.pool_size.max(1))
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(config.connect_timeout))
            .recycle_timeout(Some(config.connect_timeout))
            .build()
            .map_err(|error| Error::Bug(format!("a pool of connections cannot be made: {error}")))?;
        Ok(Self {
            pool,
            retries: config.retries,
            place,
        })
    }

    /// Sends commands and reads their answers. When Redis cannot be reached it is tried again after a pause, so every
    /// command must be one that may be repeated.
    pub(super) async fn query<T: FromRedisValue>(&self, object: &str, commands: &Pipeline) -> Result<T> {
        let mut pause = FIRST_PAUSE;
        for _ in 0..self.retries {
            match self.query_once(commands).await {
                Err(failure) if failure.is_passing() => {
                    tracing::debug!(store = %self, object, %failure, "trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return answer.map_err(|failure| Error::store(self, object, failure)),
            }
        }
        let answer = self.query_once(commands).await;
        answer.map_err(|failure| Error::store(self, object, failure))
    }

    async fn query_once<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, Failure> {
        let mut connection = self.pool.get().await.map_err(Failure::Connect)?;
        commands
            .query_async(&mut connection)
            .await
            .map_err(Failure::Answer)
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Connect(PoolError),
    #[error(transparent)]
    Answer(RedisError),
}

impl Failure {
    /// Whether it may be over soon: the network, a restart, a failover.
    fn is_passing(&self) -> bool {
        match self {
            Failure::Connect(PoolError::Timeout(_)) => true,
            Failure::Connect(PoolError::Backend(error)) | Failure::Answer(error) => {
                error.is_io_error() || !matches!(error.retry_method(), RetryMethod::NoRetry)
            }
            Failure::Connect(_) => false,
        }
    }
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
