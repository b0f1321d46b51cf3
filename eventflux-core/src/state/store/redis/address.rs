//! From a configuration to the nodes that are spoken to.
//!
//! ```text
//! redis[s]://[user:password@]host[:port],host[:port],…[/database][?pool_size=8&replicas=1&ca=…&cert=…&key=…]
//! redis+unix:///path[?db=…&user=…&pass=…]
//! ```

use std::path::{Path, PathBuf};

use redis::{Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, TlsCertificates};
use url::form_urlencoded;

use super::RedisConfig;
use crate::error::{Error, Result};

/// The settings that an address may have, besides those that the client knows.
const SETTINGS: [&str; 5] = ["pool_size", "replicas", "ca", "cert", "key"];
/// The settings of an address that are the client's.
const OF_CLIENT: [&str; 4] = ["protocol", "db", "user", "pass"];

/// What a configuration names.
pub(super) struct Address {
    /// At least one.
    pub(super) nodes: Vec<ConnectionInfo>,
    /// With TLS: what was read of certificates.
    pub(super) certificates: Option<TlsCertificates>,
    pub(super) pool_size: usize,
    pub(super) replicas: u32,
    /// For messages; never a secret.
    pub(super) place: String,
}

fn wrong(message: impl Into<String>) -> Error {
    Error::Option {
        key: "redis url".into(),
        message: message.into(),
    }
}

impl Address {
    /// Reads the addresses of a configuration, and the files that they name.
    pub(super) fn read(config: &RedisConfig) -> Result<Self> {
        let mut config = config.clone();
        let mut urls = Vec::new();
        for url in std::iter::once(config.url.clone()).chain(config.endpoints.clone()) {
            urls.extend(hosts(&take_settings(&url, &mut config)?));
        }
        let mut nodes = Vec::new();
        for url in urls {
            let node = url.as_str().into_connection_info();
            nodes.push(node.map_err(|error| wrong(error.to_string()))?);
        }
        let certificates = certificates(&config)?;
        if let Some(certificates) = &certificates {
            for node in &mut nodes {
                if !matches!(node.addr(), ConnectionAddr::TcpTls { .. }) {
                    return Err(wrong(
                        "certificates are for TLS: begin the address with `rediss://`",
                    ));
                }
                let client = Client::build_with_tls(node.clone(), certificates.clone());
                *node = client
                    .map_err(|error| wrong(error.to_string()))?
                    .get_connection_info()
                    .clone();
            }
        }
        let names: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
        let database = nodes.first().map_or(0, |node| node.redis_settings().db());
        Ok(Self {
            place: format!("redis {}/{database}", names.join(",")),
            nodes,
            certificates,
            pool_size: config.pool_size.max(1),
            replicas: config.replicas,
        })
    }
}

/// Takes the settings out of an address that are ours.
fn take_settings(url: &str, config: &mut RedisConfig) -> Result<String> {
    let Some((base, query)) = url.split_once('?') else {
        return Ok(url.to_owned());
    };
    let mut left = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let number = || {
            let number = value.parse::<u16>();
            number.map_err(|_| wrong(format!("`{key}` is a number, not `{value}`")))
        };
        match key.as_ref() {
            "pool_size" => config.pool_size = usize::from(number()?),
            "replicas" => config.replicas = u32::from(number()?),
            "ca" => config.tls.ca = Some(PathBuf::from(&*value)),
            "cert" => config.tls.certificate = Some(PathBuf::from(&*value)),
            "key" => config.tls.key = Some(PathBuf::from(&*value)),
            known if OF_CLIENT.contains(&known) => _ = left.append_pair(&key, &value),
            unknown => {
                let all = [SETTINGS.as_slice(), &OF_CLIENT].concat().join(", ");
                return Err(wrong(format!("there is no setting `{unknown}`; there are {all}")));
            }
        }
    }
    Ok(match left.finish() {
        none if none.is_empty() => base.to_owned(),
        left => format!("{base}?{left}"),
    })
}

/// An address for each host of one that names several.
fn hosts(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return vec![url.to_owned()];
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let hosts = hosts.split(',');
    hosts
        .map(|host| format!("{scheme}://{user}{host}{path}"))
        .collect()
}

fn certificates(config: &RedisConfig) -> Result<Option<TlsCertificates>> {
    let tls = &config.tls;
    let read =
        |path: &Path| std::fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())));
    let client_tls = match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => Some(ClientTlsConfig {
            client_cert: read(certificate)?,
            client_key: read(key)?,
        }),
        (None, None) => None,
        _ => {
            return Err(wrong(
                "a certificate needs its key, and a key its certificate: give `cert` and `key`",
            ));
        }
    };
    let root_cert = tls.ca.as_deref().map(read).transpose()?;
    let is_any = client_tls.is_some() || root_cert.is_some();
    Ok(is_any.then_some(TlsCertificates {
        client_tls,
        root_cert,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Address> {
        Address::read(&RedisConfig {
            url: url.into(),
            ..RedisConfig::default()
        })
    }

    #[test]
    fn an_address_may_name_several_hosts_and_settings() {
        let address = read("redis://me:se%2Ccret@a:1,b:2,c/3?pool_size=5&replicas=1").unwrap();
        assert_eq!(address.place, "redis a:1,b:2,c:6379/3");
        assert_eq!((address.pool_size, address.replicas), (5, 1));
        for node in &address.nodes {
            let settings = node.redis_settings();
            assert_eq!(
                (settings.username(), settings.password()),
                (Some("me"), Some("se,cret"))
            );
            assert_eq!(settings.db(), 3);
        }
        let socket = read("redis+unix:///tmp/socket?db=2&pass=x").unwrap();
        assert_eq!(socket.nodes[0].redis_settings().db(), 2);
        assert_eq!(socket.nodes[0].redis_settings().password(), Some("x"));
    }

    #[test]
    fn settings_that_there_are_not_and_certificates_without_tls_are_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        let pem = folder.path().join("ca.pem");
        std::fs::write(&pem, "").unwrap();
        let pem = pem.display();
        for (url, part) in [
            ("redis://a?pol_size=1".to_owned(), "no setting `pol_size`"),
            ("redis://a?pool_size=many".to_owned(), "`pool_size` is a number"),
            ("rediss://a?cert=x.pem".to_owned(), "give `cert` and `key`"),
            (
                "rediss://a?ca=/nowhere/ca.pem".to_owned(),
                "/nowhere/ca.pem: No such file",
            ),
            (
                format!("redis://a?ca={pem}"),
                "begin the address with `rediss://`",
            ),
        ] {
            let error = read(&url).err().unwrap().to_string();
            assert!(error.contains(part), "{url}: {error}");
        }
    }
}
