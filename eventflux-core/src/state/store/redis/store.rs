//! The store.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use redis::Pipeline;
use xxhash_rust::xxh3::Xxh3;

use super::RedisConfig;
use super::connection::Connections;
use super::guard::{Verdict, check_policy, judge};
use super::header::Header;
use super::script::{PUBLISH, REMOVE};
use crate::error::{Error, Result};
use crate::fail_point::fail_point;
use crate::state::store::{CheckpointStore, Payload, StoredObject, check_name};

/// Objects of one app in Redis.
#[derive(Debug, Clone)]
pub struct RedisStore {
    connections: Connections,
    app: String,
}

const CHUNK_BYTES: usize = 256 << 10;
/// Chunks per request.
const CHUNKS_AT_ONCE: usize = 16;
/// Replicas may take so long to get what was written, milliseconds.
const REPLICATION_MS: u64 = 2000;
/// Chunks that no object came to refer to are gone after this time.
const CHUNK_SECONDS: u64 = 3600;

impl RedisStore {
    /// Connects. A Redis that evicts keys when memory is full is refused.
    pub async fn open(config: &RedisConfig, app: &str) -> Result<Self> {
        let is_plain = |letter: char| letter.is_ascii_graphic() && !matches!(letter, '{' | '}');
        if app.is_empty() || !app.chars().all(is_plain) {
            return Err(Error::Option {
                key: "app".into(),
                message: format!(
                    "`{app}` cannot be a part of Redis keys: use letters, digits and punctuation but braces"
                ),
            });
        }
        let store = Self {
            connections: Connections::open(config).await?,
            app: app.to_owned(),
        };
        let mut info = Pipeline::new();
        info.cmd("INFO").arg("memory").cmd("INFO").arg("persistence");
        // In a cluster, the node that is to have the keys is the one to ask.
        info.cmd("EXISTS").arg(store.objects()).ignore();
        let (memory, persistence): (String, String) = store.connections.query("opening it", &info).await?;
        match judge(&memory, &persistence).map_err(|message| store.refused("opening it", message))? {
            Verdict::Keeps => {}
            Verdict::LosesOnRestart => tracing::warn!(
                store = %store,
                "append-only file is off: a restart of Redis loses checkpoints; set appendonly to yes"
            ),
        }
        Ok(store)
    }

    fn objects(&self) -> String {
        format!("eventflux:{{{}}}:objects", self.app)
    }

    fn uploads(&self) -> String {
        format!("eventflux:{{{}}}:uploads", self.app)
    }

    pub(super) fn chunk(&self, upload: &str, index: u64) -> String {
        format!("eventflux:{{{}}}:chunk:{upload}:{index}", self.app)
    }

    fn refused(&self, object: &str, message: String) -> Error {
        Error::Store {
            store: self.to_string(),
            object: object.to_owned(),
            message,
            source: None,
        }
    }

    /// A name for chunks that no other upload has, after another look at the policy.
    async fn new_upload(&self, name: &str, payload: &Payload) -> Result<String> {
        let mut commands = Pipeline::new();
        commands.cmd("INFO").arg("memory");
        commands.cmd("INCR").arg(self.uploads());
        let (memory, number): (String, u64) = self.connections.query(name, &commands).await?;
        check_policy(&memory).map_err(|message| self.refused(name, message))?;
        // A failover may lose the counter's last steps: what has the same number then is still told apart.
        let mut hash = Xxh3::new();
        hash.update(name.as_bytes());
        payload.pieces().iter().for_each(|piece| hash.update(piece));
        Ok(format!("{number}-{:032x}", hash.digest128()))
    }

    /// Waits until as many replicas as are wanted have everything that was written before.
    async fn replicated(&self, name: &str) -> Result<()> {
        let wanted = self.connections.replicas();
        if wanted == 0 {
            return Ok(());
        }
        let mut commands = Pipeline::new();
        // Replicas are asked how far they are by the last write of the connection.
        commands.cmd("INCR").arg(self.uploads()).ignore();
        commands.cmd("WAIT").arg(wanted).arg(REPLICATION_MS);
        let (found,): (u32,) = self.connections.query(name, &commands).await?;
        match found >= wanted {
            true => Ok(()),
            false => Err(self.refused(
                name,
                format!("{found} replicas have it after {REPLICATION_MS} ms, and {wanted} should"),
            )),
        }
    }

    async fn upload(&self, name: &str, header: &Header, payload: &Payload) -> Result<()> {
        let chunks = chunks(payload);
        for (group, of_group) in chunks.chunks(CHUNKS_AT_ONCE).enumerate() {
            let mut commands = Pipeline::new();
            for (index, chunk) in of_group.iter().enumerate() {
                let key = self.chunk(&header.upload, (group * CHUNKS_AT_ONCE + index) as u64);
                commands
                    .cmd("SET")
                    .arg(key)
                    .arg(&chunk[..])
                    .arg("EX")
                    .arg(CHUNK_SECONDS)
                    .ignore();
            }
            self.connections.query::<()>(name, &commands).await?;
            fail_point("redis.put.chunks", || name.to_owned())?;
        }
        Ok(())
    }

    pub(super) async fn run(&self, script: &str, name: &str, header: &Header) -> Result<bool> {
        let mut command = redis::cmd("EVAL");
        command
            .arg(script)
            .arg(header.chunk_count() + 1)
            .arg(self.objects());
        for index in 0..header.chunk_count() {
            command.arg(self.chunk(&header.upload, index));
        }
        command.arg(name).arg(header.to_string());
        let mut commands = Pipeline::new();
        commands.add_command(command);
        let (answer,): (bool,) = self.connections.query(name, &commands).await?;
        Ok(answer)
    }

    pub(super) async fn header(&self, name: &str) -> Result<Option<Header>> {
        let mut commands = Pipeline::new();
        commands.cmd("HGET").arg(self.objects()).arg(name);
        let (entry,): (Option<String>,) = self.connections.query(name, &commands).await?;
        entry.map(|entry| parse(name, &entry)).transpose()
    }

    /// The bytes; `None` if a chunk is not there.
    async fn read(&self, name: &str, header: &Header, range: Range<u64>) -> Result<Option<Bytes>> {
        let parts: Vec<_> = header.chunks(range).collect();
        let mut bytes =
            BytesMut::with_capacity(parts.iter().map(|part| (part.end - part.start) as usize).sum());
        for parts in parts.chunks(CHUNKS_AT_ONCE) {
            let mut commands = Pipeline::new();
            for part in parts {
                let key = self.chunk(&header.upload, part.index);
                commands
                    .cmd("GETRANGE")
                    .arg(key)
                    .arg(part.start)
                    .arg(part.end - 1);
            }
            let answers: Vec<Bytes> = self.connections.query(name, &commands).await?;
            for (part, answer) in parts.iter().zip(answers) {
                if answer.len() as u64 != part.end - part.start {
                    return Ok(None);
                }
                bytes.extend_from_slice(&answer);
            }
        }
        Ok(Some(bytes.freeze()))
    }
}

fn parse(name: &str, entry: &str) -> Result<Header> {
    Header::parse(entry).ok_or_else(|| Error::damaged(name, format!("its entry is `{entry}`")))
}

/// The payload in chunks; what is in one piece is not copied.
fn chunks(payload: &Payload) -> Vec<Bytes> {
    let mut chunks = Vec::new();
    let mut begun = BytesMut::new();
    for piece in payload.pieces() {
        let mut piece = piece.clone();
        while !piece.is_empty() {
            let length = piece.len().min(CHUNK_BYTES - begun.len());
            let part = piece.split_to(length);
            if begun.is_empty() && length == CHUNK_BYTES {
                chunks.push(part);
                continue;
            }
            begun.extend_from_slice(&part);
            if begun.len() == CHUNK_BYTES {
                chunks.push(begun.split().freeze());
            }
        }
    }
    if !begun.is_empty() {
        chunks.push(begun.freeze());
    }
    chunks
}

impl fmt::Display for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} app `{}`", self.connections, self.app)
    }
}

#[async_trait]
impl CheckpointStore for RedisStore {
    async fn put_if_absent(&self, name: &str, payload: Payload) -> Result<bool> {
        check_name(name)?;
        let header = Header {
            upload: self.new_upload(name, &payload).await?,
            size_bytes: payload.size_bytes(),
            chunk_bytes: CHUNK_BYTES as u64,
        };
        self.upload(name, &header, &payload).await?;
        let is_visible = self.run(PUBLISH, name, &header).await?;
        fail_point("redis.put.published", || name.to_owned())?;
        if !is_visible {
            self.run(REMOVE, name, &header).await?;
        }
        // One that was there may be one of ours, of a call that failed here.
        self.replicated(name).await?;
        Ok(is_visible)
    }

    async fn get_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>> {
        check_name(name)?;
        let mut header = match self.header(name).await? {
            Some(header) => header,
            None => return Ok(None),
        };
        loop {
            if let Some(bytes) = self.read(name, &header, range.clone()).await? {
                return Ok(Some(bytes));
            }
            // Deleted, or put anew, between the two looks?
            match self.header(name).await? {
                Some(same) if same == header => return Err(Error::damaged(name, "a chunk of it is missing")),
                Some(other) => header = other,
                None => return Ok(None),
            }
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<StoredObject>> {
        let mut commands = Pipeline::new();
        commands.cmd("HGETALL").arg(self.objects());
        let (entries,): (Vec<(String, String)>,) = self.connections.query(prefix, &commands).await?;
        let of_prefix = entries.into_iter().filter(|(name, _)| name.starts_with(prefix));
        let mut found = of_prefix
            .map(|(name, entry)| {
                let size_bytes = parse(&name, &entry)?.size_bytes;
                Ok(StoredObject { name, size_bytes })
            })
            .collect::<Result<Vec<_>>>()?;
        found.sort();
        Ok(found)
    }

    async fn delete(&self, name: &str) -> Result<()> {
        check_name(name)?;
        match self.header(name).await? {
            Some(header) => self.run(REMOVE, name, &header).await.map(drop),
            None => Ok(()),
        }
    }
}
