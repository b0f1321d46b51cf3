//! Clients of object stores.

use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use object_store::{ObjectStore, Result};
use url::Url;

/// A request is made again for so long before it fails; whoever stores a checkpoint tries again after that.
const PATIENCE: Duration = Duration::from_secs(10);

/// The store at an address, and the place in it. Nothing is asked of it yet.
pub(super) fn objects<'a>(
    url: &Url,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(Arc<dyn ObjectStore>, Path)> {
    #[cfg(feature = "s3")]
    if matches!(url.scheme(), "s3" | "s3a") {
        return s3(url, settings);
    }
    let (objects, place) = object_store::parse_url_opts(url, settings)?;
    Ok((objects.into(), place))
}

#[cfg(feature = "s3")]
fn s3<'a>(
    url: &Url,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(Arc<dyn ObjectStore>, Path)> {
    let retry = object_store::RetryConfig {
        retry_timeout: PATIENCE,
        ..object_store::RetryConfig::default()
    };
    let mut builder = object_store::aws::AmazonS3Builder::new()
        .with_url(url.as_str())
        .with_retry(retry);
    for (key, value) in settings {
        builder = builder.with_config(key.parse()?, value);
    }
    let (_, place) = object_store::ObjectStoreScheme::parse(url)?;
    Ok((Arc::new(builder.build()?), place))
}
