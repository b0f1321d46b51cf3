//! Where state is kept.

use std::fmt;

use schemars::{Schema, json_schema};

use super::endpoint::host_and_port;
use super::secret::shown_address;
use super::{TextValue, text_value};

/// A Redis: `host`, `host:port`, or `redis://…`. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisEndpoint(String);

impl RedisEndpoint {
    /// As an address, password and all.
    pub fn url(&self) -> String {
        match self.0.contains("://") {
            true => self.0.clone(),
            false => format!("redis://{}", self.0),
        }
    }
}

impl TextValue for RedisEndpoint {
    const EXPECTED: &'static str = "an address such as `redis:6379`";

    fn parse(text: &str) -> Result<Self, String> {
        let is_url = ["redis://", "rediss://", "redis+unix://"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        match is_url || host_and_port(text).is_some() {
            true => Ok(Self(text.to_owned())),
            false => {
                let found = shown_address(text);
                Err(format!("expected {}, found `{found}`", Self::EXPECTED))
            }
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "string"})
    }
}

impl fmt::Display for RedisEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_address(&self.0))
    }
}

impl fmt::Debug for RedisEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

text_value!(RedisEndpoint);

/// The address with this password in it.
pub(crate) fn with_password(url: &str, password: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (user, host) = match rest[..end].rsplit_once('@') {
        Some((user, host)) => (user.split(':').next().unwrap_or_default(), host),
        None => ("", &rest[..end]),
    };
    let mut encoded = String::new();
    for byte in password.bytes() {
        match byte.is_ascii_alphanumeric() {
            true => encoded.push(char::from(byte)),
            false => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("{scheme}://{user}:{encoded}@{host}{}", &rest[end..])
}

/// Whether an address has a password of its own, or can have none.
pub(crate) fn takes_no_password(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let user = rest[..end].rsplit_once('@').map(|(user, _)| user);
    scheme.ends_with("unix") || user.is_some_and(|user| user.contains(':'))
}

/// The address of a store. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// An address.
    pub(crate) fn new(address: String) -> Self {
        Self(address)
    }

    /// As it is, password and all.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TextValue for StoreUrl {
    const EXPECTED: &'static str = "an address such as `redis://host:6379` or `s3://bucket/prefix`";

    fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => Err(format!("expected {}, found nothing", Self::EXPECTED)),
            text => Ok(Self(text.to_owned())),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "string"})
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_address(&self.0))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

text_value!(StoreUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_into_an_address() {
        for (url, with) in [
            ("redis://h", "redis://:p%40s%2Fs@h"),
            ("redis://h:6379/2", "redis://:p%40s%2Fs@h:6379/2"),
            ("rediss://me@h:1/0?x=y", "rediss://me:p%40s%2Fs@h:1/0?x=y"),
        ] {
            assert_eq!(with_password(url, "p@s/s"), with);
        }
        assert!(takes_no_password("redis://me:old@h"));
        assert!(takes_no_password("redis+unix:///run/redis.sock"));
        assert!(!takes_no_password("redis://me@h/x:y@z"));
    }

    #[test]
    fn what_is_shown_of_an_address_has_no_password() {
        let endpoint = RedisEndpoint::parse("redis://:canary@h:6379").unwrap();
        assert_eq!(
            format!("{endpoint} {endpoint:?}"),
            "redis://***@h:6379 redis://***@h:6379"
        );
        assert!(
            RedisEndpoint::parse("http://:canary@h")
                .unwrap_err()
                .ends_with("`http://***@h`")
        );
    }
}
