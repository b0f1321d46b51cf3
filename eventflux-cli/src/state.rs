//! Where an app keeps its state, as flags, variables and files say.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eventflux::checkpoint::block_on_store;
use eventflux::persistence::{
    CheckpointConfig, CheckpointStore, DirectoryStore, MemoryStore, StartFrom, StoreOptions, open_store,
};
#[cfg(feature = "redis")]
use eventflux::persistence::{RedisConfig, RedisPersistenceStore};
use eventflux::runtime::MemoryLimit;
use eventflux::sql::diagnostic::Code;

use crate::app_text::Shown;
use crate::args::{From, StateArgs};
use crate::config::model::{StateBackend, StateStore};
use crate::config::value::StoreUrl;
use crate::config::{Effective, Mistake};
use crate::exit::Exit;
use crate::report;

/// What an app is called: its file, without folder and ending.
pub fn app_name(app: &Path) -> String {
    let name = app.file_stem().unwrap_or(app.as_os_str());
    name.to_string_lossy().into_owned()
}

/// How checkpoints are taken; `None` without a place for them.
pub fn checkpoints(
    arguments: &StateArgs,
    backend: &StateBackend,
    app: &Path,
) -> Result<Option<CheckpointConfig>, eventflux::Error> {
    let name = app_name(app);
    let Some(kind) = backend.implementation else {
        return Ok(None);
    };
    // What is wrong with it leaves no trace where the state is to be.
    let from = match &arguments.from {
        From::Latest => StartFrom::Latest,
        From::Nothing => StartFrom::Nothing,
        From::Epoch(epoch) => StartFrom::Epoch(*epoch),
        From::Path(path) => StartFrom::Savepoint(open_savepoint(path, &name)?),
    };
    let store = open_backend(kind, backend, &name)?;
    Ok(Some(CheckpointConfig {
        app: name,
        interval: Some(arguments.checkpoint_interval),
        retained: usize::from(arguments.retained_checkpoints),
        compression: arguments.compression.0,
        from,
        is_drop_allowed: arguments.allow_drop_state,
        ..CheckpointConfig::new(store)
    }))
}

/// The directory that checkpoints are in, if they are in one.
pub fn directory(backend: &StateBackend) -> Option<PathBuf> {
    if backend.implementation != Some(StateStore::Directory) {
        return None;
    }
    let address = backend.url.as_ref().map(StoreUrl::expose);
    let of_address = address.map(|address| address.strip_prefix("file://").unwrap_or(address));
    of_address.or(backend.path.as_deref()).map(PathBuf::from)
}

/// So much memory, and a place for what does not fit: beside the checkpoints, where the next start finds it, if they are in a
/// directory.
pub fn memory(bytes: u64, backend: &StateBackend) -> MemoryLimit {
    let directory = match backend.implementation {
        Some(StateStore::Directory) => backend.path.as_deref(),
        _ => None,
    };
    MemoryLimit {
        bytes,
        state_bytes: None,
        folder: directory.map_or_else(std::env::temp_dir, |directory| Path::new(directory).join("cold")),
        is_kept: directory.is_some(),
    }
}

/// Keys and flags about checkpoints are of no use where there is no place for any.
pub fn applicable(arguments: &StateArgs, effective: &Effective, shown: Shown) -> Result<(), Exit> {
    if effective
        .config
        .eventflux
        .distributed
        .state_backend
        .implementation
        .is_some()
    {
        return Ok(());
    }
    let help = "give one: `--state-dir DIR`, `--state URL`, or `state_backend` in a configuration file";
    for name in [
        "checkpoint_interval",
        "retained_checkpoints",
        "compression",
        "password",
        "pool_size",
    ] {
        let path = format!("eventflux.distributed.state_backend.{name}");
        if effective.is_given(&path) {
            let message = format!("`{name}` is about checkpoints, and there is no place for any");
            let mistake = Mistake::new(Code::MissingKey, &path, message, Some(help));
            shown.show_refused(&effective.refusal(mistake));
            return Err(Exit::Usage);
        }
    }
    if arguments.from != From::Latest || arguments.allow_drop_state {
        report::mistake(format_args!(
            "`--from` and `--allow-drop-state` are about checkpoints, and there is no place for any\n  help: {help}"
        ));
        return Err(Exit::Usage);
    }
    Ok(())
}

/// The store of a configuration; which of its keys go together was checked before.
pub fn open_backend(
    kind: StateStore,
    backend: &StateBackend,
    app: &str,
) -> Result<Arc<dyn CheckpointStore>, eventflux::Error> {
    let address = backend.url.as_ref().map(StoreUrl::expose);
    match (kind, address) {
        (StateStore::Redis, _) => redis(backend, app),
        (StateStore::Memory, _) => Ok(Arc::new(MemoryStore::default())),
        (StateStore::Directory, None) => Ok(Arc::new(DirectoryStore::open(
            backend.path.as_deref().unwrap_or_default(),
        )?)),
        (StateStore::Directory | StateStore::ObjectStore, address) => {
            let settings = backend.options.iter();
            let settings = settings.map(|(key, value)| (key.clone(), value.expose().to_owned()));
            let options = StoreOptions {
                app: app.to_owned(),
                // The later one of two wins.
                settings: of_amazon(address.unwrap_or_default()).chain(settings).collect(),
                ..StoreOptions::default()
            };
            block_on_store(open_store(address.unwrap_or_default(), &options))
        }
    }
}

#[cfg(feature = "redis")]
fn redis(backend: &StateBackend, app: &str) -> Result<Arc<dyn CheckpointStore>, eventflux::Error> {
    let mut urls = backend.redis_urls().into_iter();
    let config = RedisConfig {
        url: urls.next().unwrap_or_default(),
        endpoints: urls.collect(),
        pool_size: usize::try_from(backend.pool_size.get()).unwrap_or(1),
        ..RedisConfig::default()
    };
    // Its connections outlive the runtime that a run is opened with.
    Ok(Arc::new(RedisPersistenceStore::for_app(config, app)?))
}

/// Says with which feature it could be opened.
#[cfg(not(feature = "redis"))]
fn redis(backend: &StateBackend, app: &str) -> Result<Arc<dyn CheckpointStore>, eventflux::Error> {
    let address = backend.redis_urls().into_iter().next().unwrap_or_default();
    open(&address, app, false)
}

/// What every program that speaks to S3 takes from the environment.
fn of_amazon(address: &str) -> impl Iterator<Item = (String, String)> {
    const VARIABLES: [&str; 9] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ALLOW_HTTP",
    ];
    let is_amazon = address.starts_with("s3://") || address.starts_with("s3a://");
    let variables = VARIABLES.into_iter().filter(move |_| is_amazon);
    variables.filter_map(|name| Some((name.to_lowercase(), std::env::var(name).ok()?)))
}

fn open_savepoint(path: &Path, app: &str) -> Result<Arc<dyn CheckpointStore>, eventflux::Error> {
    let address = path.to_string_lossy();
    if !address.contains("://") && !path.exists() {
        let message = format!(
            "there is no savepoint `{address}`: expected `latest`, `none`, a checkpoint's number or a savepoint's path"
        );
        return Err(eventflux::Error::Option {
            key: "--from".to_owned(),
            message,
        });
    }
    open(&address, app, true)
}

/// The store at an address, for reading a savepoint.
fn open(address: &str, app: &str, is_read_only: bool) -> Result<Arc<dyn CheckpointStore>, eventflux::Error> {
    #[cfg(feature = "redis")]
    if address.starts_with("redis") && address.contains("://") {
        let config = RedisConfig {
            url: address.to_owned(),
            ..RedisConfig::default()
        };
        // Its connections outlive the runtime that a run is opened with.
        let store = RedisPersistenceStore::for_app(config, app)?;
        return Ok(Arc::new(store));
    }
    let options = StoreOptions {
        app: app.to_owned(),
        is_read_only,
        settings: of_amazon(address).collect(),
        ..StoreOptions::default()
    };
    block_on_store(open_store(address, &options))
}

/// A directory with checkpoints, for reading.
pub fn reader(path: &Path) -> Result<Arc<dyn CheckpointStore>, eventflux::Error> {
    Ok(Arc::new(DirectoryStore::open_read_only(path)?))
}
