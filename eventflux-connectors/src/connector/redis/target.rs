//! The key that a sink writes, its server, and how failures become errors.

use std::thread;
use std::time::{Duration, Instant};

use ::redis::{Client, Cmd, Connection, IntoConnectionInfo, RedisError, RedisResult, ServerErrorKind};
use eventflux_core::connector::{Message, OptionError};
use eventflux_core::{Error, ErrorKind, Result};

use super::sink_options::Structure;
use crate::connector::output_log::LogOwner;

/// The pause before the second attempt; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// What a server answers that will be able to write later: it loads, is full, is busy, is a replica.
const PASSING: [&str; 9] = [
    "LOADING",
    "OOM",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "BUSY",
    "MISCONF",
    "NOREPLICAS",
];

/// What a server answers to whoever asks for what it cannot do, or may not.
const MISTAKEN: [&str; 7] = [
    "WRONGTYPE",
    "NOPERM",
    "NOAUTH",
    "WRONGPASS",
    "MOVED",
    "ASK",
    "CROSSSLOT",
];

/// What may follow `?` in an address; all but the first only in that of a socket.
const SETTINGS: [&str; 4] = ["protocol", "db", "user", "pass"];

/// Where a sink writes.
#[derive(Clone)]
pub struct Target {
    /// The stream or table whose rows it takes.
    pub stream: String,
    /// The key.
    pub key: String,
    /// What the key holds.
    pub structure: Structure,
    /// How long a stream may become.
    pub max_length: Option<u64>,
    /// How long an answer may take.
    pub connect_timeout: Duration,
    /// May hold a password.
    pub url: String,
}

impl Target {
    /// Checks what is known without I/O.
    pub fn check(&self) -> Result<(), OptionError> {
        // The address itself is not shown: it may hold a password.
        if self.url.as_str().into_connection_info().is_err() || self.url.contains('#') {
            let error = OptionError::new("url", "is no address of a Redis");
            return Err(error.with_help("write redis://host:port or rediss://host:port"));
        }
        if let Some(setting) = unknown_setting(&self.url) {
            let error = OptionError::new("url", format!("has the setting `{setting}`, which is not known"));
            return Err(error
                .with_help("database, user and password stand in redis://user:password@host:port/database"));
        }
        if self.key.is_empty() {
            return Err(OptionError::new("key", "is empty"));
        }
        if self.max_length.is_some() && self.structure != Structure::Stream {
            return Err(OptionError::new(
                "max_length",
                "is for streams, and this is a hash",
            ));
        }
        match self.connect_timeout.is_zero() {
            true => Err(OptionError::new("connect_timeout", "leaves no time")),
            false => Ok(()),
        }
    }

    /// A connection whose answers are waited for no longer than `connect_timeout`.
    pub fn connect(&self) -> Result<Connection> {
        let connect = || {
            let client = Client::open(self.url.as_str())?;
            let connection = client.get_connection_with_timeout(self.connect_timeout)?;
            connection.set_read_timeout(Some(self.connect_timeout))?;
            connection.set_write_timeout(Some(self.connect_timeout))?;
            Ok(connection)
        };
        connect().map_err(|error: RedisError| self.failed(error))
    }

    /// A connection to a server whose key holds nothing or what `structure` says.
    pub fn open(&self) -> Result<Connection> {
        let mut connection = self.connect()?;
        let found: RedisResult<String> = Cmd::new().arg("TYPE").arg(&self.key).query(&mut connection);
        match found.map_err(|error| self.failed(error))?.as_str() {
            "none" => Ok(connection),
            found if found == self.structure.name() => Ok(connection),
            found => {
                let message = format!(
                    "the key holds a {found}, and `structure` is {}",
                    self.structure.name()
                );
                Err(self.failure(ErrorKind::Input, message))
            }
        }
    }

    /// Makes an attempt again while the server is away, for `connect_timeout`.
    pub fn insist<T>(&self, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
        let deadline = Instant::now() + self.connect_timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            match attempt() {
                Err(error) if error.kind() == ErrorKind::Environment && Instant::now() + pause < deadline => {
                    tracing::debug!(target: "redis", key = self.key, %error, "trying again");
                    thread::sleep(pause);
                    pause = LAST_PAUSE.min(pause * 2);
                }
                result => return result,
            }
        }
    }

    /// The command that writes a message.
    pub fn command(&self, message: Message<'_>) -> Cmd {
        let mut command = Cmd::new();
        match self.structure {
            Structure::Stream => {
                command.arg("XADD").arg(&self.key);
                if let Some(max_length) = self.max_length {
                    command.arg("MAXLEN").arg("~").arg(max_length);
                }
                command.arg("*");
                if let Some(key) = message.key {
                    command.arg("key").arg(key);
                }
                if message.value.is_some() || message.key.is_none() {
                    command.arg("value").arg(message.value.unwrap_or_default());
                }
            }
            Structure::Hash => {
                let field = message.key.unwrap_or_default();
                match message.value {
                    Some(value) => command.arg("HSET").arg(&self.key).arg(field).arg(value),
                    None => command.arg("HDEL").arg(&self.key).arg(field),
                };
            }
        }
        command
    }

    /// The hash of markers, in the slot of the key.
    pub fn marker_key(&self) -> String {
        format!("eventflux:deliveries:{{{}}}", slot_name(&self.key))
    }

    /// Whose messages an output log holds.
    pub fn log_owner(&self) -> LogOwner<'_> {
        LogOwner {
            connector: "redis",
            object: &self.key,
        }
    }

    /// An error of the connector.
    pub fn failure(&self, kind: ErrorKind, message: String) -> Error {
        Error::Connector {
            connector: "redis",
            object: self.key.clone(),
            message,
            kind,
            source: None,
        }
    }

    /// The error for what the server or the connection to it says.
    pub fn failed(&self, error: RedisError) -> Error {
        let kind = kind(&error);
        let message = match error.is_io_error() {
            true => format!(
                "{} does not answer: {}",
                self.address(),
                lower(&error.to_string())
            ),
            false => words(error),
        };
        self.failure(kind, message)
    }

    /// The server, without its password.
    fn address(&self) -> String {
        match self.url.as_str().into_connection_info() {
            Ok(info) => info.addr().to_string(),
            Err(_) => "the server".to_owned(),
        }
    }
}

/// A setting behind `?` that the client would leave aside.
fn unknown_setting(url: &str) -> Option<&str> {
    let (_, settings) = url.split_once('?')?;
    let names = settings
        .split('&')
        .filter(|setting| !setting.is_empty())
        .map(|setting| setting.split_once('=').map_or(setting, |(name, _)| name));
    let known: &[&str] = match url.starts_with("redis+unix:") || url.starts_with("unix:") {
        true => &SETTINGS,
        false => &SETTINGS[..1],
    };
    names.into_iter().find(|name| !known.contains(name))
}

/// What decides about the slot of a key in a cluster: the first `{…}` that is not empty, or the whole key.
fn slot_name(key: &str) -> &str {
    let tag = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(tag, _)| tag);
    tag.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

fn kind(error: &RedisError) -> ErrorKind {
    use ::redis::ErrorKind::{AuthenticationFailed, InvalidClientConfig};
    if error.is_io_error() {
        return ErrorKind::Environment;
    }
    if matches!(error.kind(), AuthenticationFailed | InvalidClientConfig) {
        return ErrorKind::Input;
    }
    let said = words(error.clone());
    // Old servers tell the errors of a script's commands within a text of their own.
    let says = |code: &&str| said.split([' ', '-', ':']).any(|word| word == *code);
    if PASSING.iter().any(&says) {
        ErrorKind::Environment
    } else if MISTAKEN.iter().any(says) {
        ErrorKind::Input
    } else {
        ErrorKind::Runtime
    }
}

/// The server's own words, or the client's.
fn words(error: RedisError) -> String {
    let client = lower(&error.to_string());
    let server = error
        .into_server_errors()
        .and_then(|errors| errors.first().map(|(_, error)| error.clone()));
    match server {
        None => client,
        Some(error) => {
            let detail = error.details().unwrap_or_default();
            match error.kind() {
                Some(ServerErrorKind::ResponseError) => lower(detail),
                _ => format!("{} {}", error.code(), lower(detail))
                    .trim_end()
                    .to_owned(),
            }
        }
    }
}

fn lower(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_in_the_slot_of_the_key() {
        let names = [
            ("a", "a"),
            ("{a}:b", "a"),
            ("x{a}{b}", "a"),
            ("{}a", "{}a"),
            ("{a", "{a"),
        ];
        for (key, name) in names {
            assert_eq!(slot_name(key), name, "{key}");
        }
    }
}
