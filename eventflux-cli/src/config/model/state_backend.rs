//! Where checkpoints are kept.

use std::collections::BTreeMap;
use std::fmt;

use eventflux::persistence::Compression;
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Deserialize, Serialize};

use crate::config::value::{
    List, Period, RedisEndpoint, Secret, StoreUrl, TextValue, Whole, text_value, with_password,
};

/// Where checkpoints are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StateBackend {
    /// The kind of store. Without it, `path`, `url` or `endpoints` say it
    #[schemars(extend("x-env" = "EVENTFLUX_STATE_BACKEND"))]
    pub implementation: Option<StateStore>,

    /// A directory
    #[schemars(extend("x-env" = "EVENTFLUX_STATE_DIR"))]
    pub path: Option<String>,

    /// An address: `redis://host:6379/0`, `s3://bucket/prefix`, `memory://`, or a directory
    #[schemars(extend("x-env" = "EVENTFLUX_STATE"))]
    pub url: Option<StoreUrl>,

    /// The nodes of a Redis: `host:port`
    #[schemars(extend("x-env" = "EVENTFLUX_REDIS_ENDPOINTS"))]
    pub endpoints: List<RedisEndpoint>,

    /// The password of the Redis
    #[schemars(extend("x-env" = "EVENTFLUX_REDIS_PASSWORD"))]
    pub password: Option<Secret>,

    /// Connections to the Redis at the most
    #[schemars(extend("x-env" = "EVENTFLUX_REDIS_POOL_SIZE"))]
    pub pool_size: Whole<1, 1024>,

    /// What an object store needs, by `object_store`'s names: `aws_region`, `aws_endpoint`, `aws_access_key_id`
    pub options: BTreeMap<String, Secret>,

    /// From the beginning of one checkpoint to that of the next
    #[schemars(extend("x-env" = "EVENTFLUX_CHECKPOINT_INTERVAL"))]
    pub checkpoint_interval: Period,

    /// How many checkpoints are kept
    #[schemars(extend("x-env" = "EVENTFLUX_RETAINED_CHECKPOINTS"))]
    pub retained_checkpoints: Whole<1, 1000>,

    /// How checkpoints are compressed
    #[schemars(extend("x-env" = "EVENTFLUX_COMPRESSION"))]
    pub compression: CompressionName,

    /// What was not written for longer, in event time, is forgotten; of apps that do not `SET state_ttl` themselves
    #[schemars(extend("x-env" = "EVENTFLUX_STATE_TTL"))]
    pub state_ttl: Option<Period>,
}

impl Default for StateBackend {
    fn default() -> Self {
        Self {
            implementation: None,
            path: None,
            url: None,
            endpoints: List::default(),
            password: None,
            pool_size: Whole::new(8),
            options: BTreeMap::new(),
            checkpoint_interval: Period::seconds(10),
            retained_checkpoints: Whole::new(3),
            compression: CompressionName::default(),
            state_ttl: None,
        }
    }
}

impl StateBackend {
    /// The addresses of the nodes of a Redis, with the password in them.
    pub fn redis_urls(&self) -> Vec<String> {
        let url = self.url.as_ref().map(|url| url.expose().to_owned());
        let urls = url
            .into_iter()
            .chain(self.endpoints.0.iter().map(RedisEndpoint::url));
        let password = self.password.as_ref().map(Secret::expose);
        urls.map(|url| match password {
            Some(password) => with_password(&url, password),
            None => url,
        })
        .collect()
    }
}

/// The kinds of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateStore {
    /// A local directory: `path`.
    Directory,
    /// A Redis: `endpoints`, or a `url`.
    Redis,
    /// S3 and what speaks its protocol: a `url`.
    ObjectStore,
    /// The memory of the process; gone with it.
    Memory,
}

impl fmt::Display for StateStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StateStore::Directory => "directory",
            StateStore::Redis => "redis",
            StateStore::ObjectStore => "object_store",
            StateStore::Memory => "memory",
        })
    }
}

/// How checkpoints are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CompressionName(pub Compression);

impl TextValue for CompressionName {
    const EXPECTED: &'static str = "one of none, lz4, snappy, zstd";

    fn parse(text: &str) -> Result<Self, String> {
        let found = || format!("expected {}, found `{text}`", Self::EXPECTED);
        text.parse().map(Self).map_err(|_| found())
    }

    fn schema() -> Schema {
        json_schema!({"enum": Compression::ALL.map(Compression::name)})
    }
}

impl fmt::Display for CompressionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(CompressionName);
