//! Pools of connections, to one Redis or to a cluster.

use std::fmt;
use std::time::Duration;

use deadpool::managed::{Manager as Managed, Metrics, Object, Pool as ManagedPool, RecycleResult};
use deadpool_redis::{Manager, PoolError, Runtime};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, Pipeline, RedisError, RetryMethod};

use super::RedisConfig;
use super::address::Address;
use crate::error::Result;

/// How many times a cluster's client looks for the right node by itself. Whoever uses it tries again, too.
const REDIRECTIONS: u32 = 3;

/// Connections to what an address turned out to be.
#[derive(Clone)]
pub(super) enum Pool {
    /// One Redis.
    Single(deadpool_redis::Pool),
    /// Connections to all nodes of a cluster, each of which finds the right one.
    Cluster(ManagedPool<ClusterManager>),
}

/// Makes connections to a cluster. They come back by themselves.
pub(super) struct ClusterManager {
    client: ClusterClient,
}

impl Managed for ClusterManager {
    type Type = ClusterConnection;
    type Error = RedisError;

    async fn create(&self) -> Result<ClusterConnection, RedisError> {
        self.client.get_async_connection().await
    }

    async fn recycle(&self, _: &mut ClusterConnection, _: &Metrics) -> RecycleResult<RedisError> {
        Ok(())
    }
}

impl fmt::Debug for ClusterManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterManager").finish_non_exhaustive()
    }
}

impl Pool {
    /// Asks the nodes, one after the other, what they are; the first that answers decides.
    pub(super) async fn open(address: &Address, config: &RedisConfig) -> Result<Self, Failure> {
        let mut last = None;
        for node in &address.nodes {
            let is_cluster = match is_cluster(node, config).await {
                Ok(is_cluster) => is_cluster,
                Err(error) => {
                    last = Some(error);
                    continue;
                }
            };
            return match is_cluster {
                true => Self::cluster(address, config),
                false if address.nodes.len() > 1 => Err(Failure::Unfit(format!(
                    "several addresses are those of one cluster, and {} is none",
                    node.addr()
                ))),
                false => Self::single(node, address, config),
            };
        }
        Err(last.map_or_else(
            || Failure::Unfit("no address is given".to_owned()),
            Failure::Answer,
        ))
    }

    fn single(
        node: &redis::ConnectionInfo,
        address: &Address,
        config: &RedisConfig,
    ) -> Result<Self, Failure> {
        let manager = Manager::new_with_config(node.clone(), timeouts(config)).map_err(Failure::Answer)?;
        let pool = deadpool_redis::Pool::builder(manager)
            .max_size(address.pool_size)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(config.connect_timeout))
            .recycle_timeout(Some(config.connect_timeout))
            .build();
        pool.map(Pool::Single)
            .map_err(|error| Failure::Unfit(error.to_string()))
    }

    fn cluster(address: &Address, config: &RedisConfig) -> Result<Self, Failure> {
        let database = address.nodes.iter().map(|node| node.redis_settings().db()).max();
        if let Some(database @ 1..) = database {
            return Err(Failure::Unfit(format!(
                "a cluster has database 0 only, not {database}"
            )));
        }
        let mut builder = ClusterClient::builder(address.nodes.clone())
            .connection_timeout(config.connect_timeout)
            .response_timeout(config.response_timeout)
            .retries(REDIRECTIONS);
        if let Some(certificates) = &address.certificates {
            builder = builder.certs(certificates.clone());
        }
        let client = builder.build().map_err(Failure::Answer)?;
        let pool = ManagedPool::builder(ClusterManager { client })
            .max_size(address.pool_size)
            .runtime(Runtime::Tokio1)
            // It asks several nodes.
            .create_timeout(Some(config.connect_timeout * 2))
            .build();
        pool.map(Pool::Cluster)
            .map_err(|error| Failure::Unfit(error.to_string()))
    }

    /// Sends commands on a connection of the pool. In a cluster they go to the node of the first key.
    pub(super) async fn query<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, Failure> {
        match self {
            Pool::Single(pool) => {
                let mut connection = pool.get().await.map_err(Failure::Connect)?;
                commands.query_async(&mut connection).await
            }
            Pool::Cluster(pool) => {
                let mut connection = pool.get().await.map_err(Failure::Connect)?;
                let answer = commands.query_async(&mut *connection).await;
                if let Err(error) = &answer
                    && Failure::is_passing_error(error)
                {
                    // A new one asks the nodes of the configuration again which nodes there are.
                    drop(Object::take(connection));
                }
                answer
            }
        }
        .map_err(Failure::Answer)
    }
}

fn timeouts(config: &RedisConfig) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(config.connect_timeout))
        .set_response_timeout(Some(config.response_timeout))
}

async fn is_cluster(node: &redis::ConnectionInfo, config: &RedisConfig) -> Result<bool, RedisError> {
    // A cluster has no other database, and would not say what it is before it is asked for one.
    let settings = node.redis_settings().clone().set_db(0);
    let client = Client::open(node.clone().set_redis_settings(settings))?;
    let timeouts = timeouts(config);
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&timeouts)
        .await?;
    let info: String = redis::cmd("INFO")
        .arg("cluster")
        .query_async(&mut connection)
        .await?;
    Ok(info.lines().any(|line| line.trim() == "cluster_enabled:1"))
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Connect(PoolError),
    #[error(transparent)]
    Answer(RedisError),
    /// What is there is not what was meant.
    #[error("{0}")]
    Unfit(String),
}

impl Failure {
    /// Whether it may be over soon: the network, a restart, a failover.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Failure::Connect(PoolError::Timeout(_)) => true,
            Failure::Connect(PoolError::Backend(error)) | Failure::Answer(error) => {
                Self::is_passing_error(error)
            }
            Failure::Connect(_) | Failure::Unfit(_) => false,
        }
    }

    fn is_passing_error(error: &RedisError) -> bool {
        error.is_io_error() || !matches!(error.retry_method(), RetryMethod::NoRetry)
    }
}

/// Between attempts.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(50);
