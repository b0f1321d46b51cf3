//! A real Redis, and keys of one's own.

use redis::{Client, Cmd, Connection, FromRedisValue};

use super::unique::unique_name;

/// The address of the Redis of this run.
pub fn url() -> String {
    let address = std::env::var("EVENTFLUX_TEST_REDIS")
        .expect("EVENTFLUX_TEST_REDIS names no Redis: run scripts/test.sh");
    format!("redis://{address}")
}

/// A key of a test's own.
#[derive(Clone)]
pub struct Key {
    pub url: String,
    pub name: String,
}

impl Key {
    pub fn new() -> Self {
        Self::at(&url())
    }

    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            name: unique_name("key"),
        }
    }

    pub fn query<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = Cmd::new();
        command.arg(words);
        command.query(&mut self.connection()).unwrap()
    }

    /// The fields of all entries of the stream, oldest first.
    pub fn entries(&self) -> Vec<Vec<String>> {
        let entries: Vec<(String, Vec<String>)> = self.query(&["XRANGE", &self.name, "-", "+"]);
        entries.into_iter().map(|(_, fields)| fields).collect()
    }

    /// The values of entries that have nothing else.
    pub fn values(&self) -> Vec<String> {
        let value = |fields: Vec<String>| match &fields[..] {
            [name, value] if name == "value" => value.clone(),
            other => panic!("{other:?}"),
        };
        self.entries().into_iter().map(value).collect()
    }

    /// The fields of the hash, sorted.
    pub fn fields(&self) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = self.query(&["HGETALL", &self.name]);
        fields.sort();
        fields
    }

    /// The hash of markers.
    pub fn markers(&self) -> String {
        format!("eventflux:deliveries:{{{}}}", self.name)
    }

    fn connection(&self) -> Connection {
        Client::open(self.url.as_str()).unwrap().get_connection().unwrap()
    }
}
