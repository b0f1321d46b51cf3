//! Stores by their addresses.

use std::sync::Arc;

use super::{CheckpointStore, DirectoryStore, MemoryStore};
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
use crate::connector::secret::without_passwords;
use crate::error::{Error, Result};

/// What an address alone does not say.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// The app's name. A Redis keeps the apps apart by it; everywhere else the address does.
    pub app: String,
    /// For reading only: whoever else writes there.
    pub is_read_only: bool,
    /// Several processes write there, which keep apart by themselves: nodes of a cluster.
    pub is_shared: bool,
    /// Connections at the most, of stores that have connections.
    pub pool_size: Option<usize>,
    /// Settings of an object store, credentials among them, by `object_store`'s names: `aws_region`, `aws_endpoint`.
    pub settings: Vec<(String, String)>,
}

/// The kinds of addresses.
const ADDRESSES: &str = "a directory, file://…, memory://, redis://…, s3://…, gs://…, az://…";

/// Opens a store: a path or `file://PATH` is a directory, `memory://` is forgotten with the process,
/// `redis://HOST:PORT/DATABASE` is Redis, and `s3://`, `gs://` and `az://BUCKET/PREFIX` are object stores.
pub async fn open_store(address: &str, options: &StoreOptions) -> Result<Arc<dyn CheckpointStore>> {
    let Some((scheme, rest)) = address.split_once("://") else {
        return directory(address, options);
    };
    match scheme {
        "file" => directory(rest, options),
        "memory" => Ok(Arc::new(MemoryStore::default())),
        "redis" | "rediss" | "redis+unix" => redis(address, options).await,
        "s3" | "s3a" => cloud(address, cfg!(feature = "s3"), "s3", options),
        "gs" => cloud(address, cfg!(feature = "gcs"), "gcs", options),
        "az" | "azure" | "abfs" | "abfss" => cloud(address, cfg!(feature = "azure"), "azure", options),
        _ => Err(wrong(format!(
            "`{scheme}://` is not the beginning of one: use {ADDRESSES}"
        ))),
    }
}

fn wrong(message: String) -> Error {
    Error::Option {
        key: "state".into(),
        message,
    }
}

fn directory(path: &str, options: &StoreOptions) -> Result<Arc<dyn CheckpointStore>> {
    if path.is_empty() {
        return Err(wrong(format!("the address of a store is empty: use {ADDRESSES}")));
    }
    let store = match (options.is_read_only, options.is_shared) {
        (true, _) => DirectoryStore::open_read_only(path)?,
        (false, true) => DirectoryStore::open_shared(path)?,
        (false, false) => DirectoryStore::open(path)?,
    };
    Ok(Arc::new(store))
}

#[cfg(feature = "redis")]
async fn redis(address: &str, options: &StoreOptions) -> Result<Arc<dyn CheckpointStore>> {
    let mut config = super::RedisConfig {
        url: address.to_owned(),
        ..super::RedisConfig::default()
    };
    if let Some(pool_size) = options.pool_size {
        config.pool_size = pool_size;
    }
    Ok(Arc::new(super::RedisStore::open(&config, &options.app).await?))
}

#[cfg(not(feature = "redis"))]
async fn redis(_: &str, _: &StoreOptions) -> Result<Arc<dyn CheckpointStore>> {
    Err(not_built("redis"))
}

#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
fn cloud(
    address: &str,
    is_built: bool,
    feature: &str,
    options: &StoreOptions,
) -> Result<Arc<dyn CheckpointStore>> {
    if !is_built {
        return Err(not_built(feature));
    }
    let shown = without_passwords(address);
    let url = url::Url::parse(address).map_err(|error| wrong(format!("`{shown}`: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong(format!(
            "`{shown}`: an object store's address has no user, no password and no parameters; give them as options"
        )));
    }
    known_settings(&url, options)?;
    let settings = options
        .settings
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    let (objects, prefix) =
        super::cloud::objects(&url, settings).map_err(|error| wrong(format!("`{shown}`: {error}")))?;
    let store = super::ObjectCheckpointStore::new(objects, prefix, address);
    Ok(Arc::new(store))
}

/// `object_store` passes over settings that it does not know; here they are refused.
#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
fn known_settings(url: &url::Url, options: &StoreOptions) -> Result<()> {
    let is_known = |key: &str| match url.scheme() {
        #[cfg(feature = "s3")]
        "s3" | "s3a" => key.parse::<object_store::aws::AmazonS3ConfigKey>().is_ok(),
        #[cfg(feature = "gcs")]
        "gs" => key.parse::<object_store::gcp::GoogleConfigKey>().is_ok(),
        #[cfg(feature = "azure")]
        "az" | "azure" | "abfs" | "abfss" => key.parse::<object_store::azure::AzureConfigKey>().is_ok(),
        _ => false,
    };
    match options.settings.iter().find(|(key, _)| !is_known(key)) {
        None => Ok(()),
        Some((key, _)) => Err(wrong(format!("`{key}` is no setting of `{}://…`", url.scheme()))),
    }
}

#[cfg(not(any(feature = "s3", feature = "gcs", feature = "azure")))]
fn cloud(_: &str, _: bool, feature: &str, _: &StoreOptions) -> Result<Arc<dyn CheckpointStore>> {
    Err(not_built(feature))
}

fn not_built(feature: &str) -> Error {
    wrong(format!(
        "this program was built without stores of this kind: build it with the feature `{feature}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_says_which_store() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("state");
        let options = StoreOptions::default();
        for address in [path.display().to_string(), format!("file://{}", path.display())] {
            let store = open_store(&address, &options).await.unwrap();
            assert_eq!(store.to_string(), format!("directory `{}`", path.display()));
        }
        assert_eq!(
            open_store("memory://", &options).await.unwrap().to_string(),
            "memory"
        );
        let read_only = StoreOptions {
            is_read_only: true,
            ..StoreOptions::default()
        };
        let store = open_store(&path.display().to_string(), &read_only).await.unwrap();
        assert!(store.delete("a").await.is_err());
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_used_is_refused() {
        let error = async |address: &str| {
            open_store(address, &StoreOptions::default())
                .await
                .unwrap_err()
                .to_string()
        };
        assert!(
            error("ftp://x")
                .await
                .contains("`ftp://` is not the beginning of one")
        );
        assert!(error("").await.contains("is empty"));
        if !cfg!(feature = "s3") {
            assert!(error("s3://bucket/x").await.contains("the feature `s3`"));
        }
        #[cfg(feature = "s3")]
        {
            let wrong = error("s3://me:hunter2@bucket/x?key=hunter2").await;
            assert!(wrong.contains("`s3://***@bucket/x?***`"), "{wrong}");
            let options = StoreOptions {
                settings: vec![("aws_regoin".into(), "x".into())],
                ..StoreOptions::default()
            };
            let wrong = open_store("s3://bucket/x", &options)
                .await
                .unwrap_err()
                .to_string();
            assert!(
                wrong.contains("`aws_regoin` is no setting of `s3://…`"),
                "{wrong}"
            );
        }
        if !cfg!(feature = "redis") {
            assert!(error("redis://x").await.contains("the feature `redis`"));
        }
    }
}
