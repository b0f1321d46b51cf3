//! Which Redis, and how to speak to it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Which Redis, and how to speak to it.
///
/// A cluster is recognised by itself; one of its nodes is enough, several are for the case that one is away. The settings that
/// are numbers or files may also stand in the URL: `rediss://cache:6379?pool_size=4&replicas=1&ca=/etc/ca.pem`.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisConfig {
    /// `redis://[user:password@]host[:port][/database]`, with TLS `rediss://…`, or `redis+unix:///path`. Several nodes of a
    /// cluster: `redis://host:port,host:port`.
    pub url: String,
    /// More nodes of the same cluster, each as a URL.
    pub endpoints: Vec<String>,
    /// Connections at the most.
    pub pool_size: usize,
    /// Certificates, for `rediss://`.
    pub tls: RedisTls,
    /// How many replicas must have an object before it counts as stored. A replica that is promoted has then lost nothing; without
    /// any, it may be behind.
    pub replicas: u32,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub response_timeout: Duration,
    /// How many times a request is made again when Redis cannot be reached, with growing pauses, before it fails.
    pub retries: u32,
}

/// Files of certificates, in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedisTls {
    /// Who may have signed the server's certificate; without it, those whom the system trusts.
    pub ca: Option<PathBuf>,
    /// The certificate that is shown to the server, if it asks for one.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub key: Option<PathBuf>,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".into(),
            endpoints: Vec::new(),
            pool_size: 8,
            tls: RedisTls::default(),
            replicas: 0,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(30),
            retries: 6,
        }
    }
}

impl fmt::Debug for RedisConfig {
    /// Without the URLs, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("pool_size", &self.pool_size)
            .field("tls", &self.tls)
            .field("replicas", &self.replicas)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
