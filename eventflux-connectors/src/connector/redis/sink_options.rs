//! What the sink can be told.

use std::time::Duration;

use crate::connector::promise::Delivery;

eventflux_core::options! {
    /// Options of the redis sink.
    pub struct RedisSinkOptions of "redis" {
        /// The server, `redis://[user:password@]host[:port][/database]`; `rediss://` with TLS, `redis+unix:///path` for a
        /// socket. A password is best given as `${env:NAME}`.
        pub url: String ["url"],
        /// The key.
        pub key: String ["key"],
        /// What the key holds.
        pub structure: Structure ["structure"] = "stream",
        /// How long a stream may become, about: the oldest entries are dropped.
        pub max_length: Option<u64> ["max_length"],
        /// `exactly-once` needs a run with checkpoints, and is what such a run does without this option; `at-least-once`: after a
        /// failure, rows may come twice.
        pub delivery: Option<Delivery> ["delivery"],
        /// How long the server may take to answer. Without checkpoints, also how long one that is away is waited for.
        pub connect_timeout: Duration ["connect_timeout"] = "10s",
    }
}

eventflux_core::choices! {
    /// What the key holds.
    pub enum Structure {
        /// A stream: an entry per row.
        Stream = "stream",
        /// A hash: a field per PRIMARY KEY.
        Hash = "hash",
    }
}

impl Structure {
    /// What `TYPE` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Structure::Stream => "stream",
            Structure::Hash => "hash",
        }
    }

    /// The format without a `format` option.
    pub fn default_format(self) -> &'static str {
        match self {
            Structure::Stream => "json",
            Structure::Hash => "upsert_json",
        }
    }
}
