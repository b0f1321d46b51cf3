//! Where an app keeps its state, as the flags say.

use std::path::Path;
use std::sync::Arc;

use eventflux::checkpoint::block_on_store;
use eventflux::persistence::{
    CheckpointConfig, CheckpointStore, DirectoryStore, StartFrom, StoreOptions, open_store,
};

use crate::args::{From, StateArgs};

/// What an app is called: its file, without folder and ending.
pub fn app_name(app: &Path) -> String {
    let name = app.file_stem().unwrap_or(app.as_os_str());
    name.to_string_lossy().into_owned()
}

/// How checkpoints are taken; `None` without a place for them.
pub fn checkpoints(arguments: &StateArgs, app: &Path) -> Result<Option<CheckpointConfig>, eventflux::Error> {
    let name = app_name(app);
    let store: Arc<dyn CheckpointStore> = match (&arguments.state_dir, &arguments.state) {
        (Some(directory), _) => Arc::new(DirectoryStore::open(directory)?),
        (None, Some(address)) => open(address, &name, false)?,
        (None, None) => return Ok(None),
    };
    let from = match &arguments.from {
        From::Latest => StartFrom::Latest,
        From::Nothing => StartFrom::Nothing,
        From::Epoch(epoch) => StartFrom::Epoch(*epoch),
        From::Path(path) => StartFrom::Savepoint(open(&path.to_string_lossy(), &name, true)?),
    };
    Ok(Some(CheckpointConfig {
        app: name,
        interval: Some(arguments.checkpoint_interval),
        from,
        is_drop_allowed: arguments.allow_drop_state,
        ..CheckpointConfig::new(store)
    }))
}

/// The store at an address, for an app of this name.
fn open(address: &str, app: &str, is_read_only: bool) -> Result<Arc<dyn CheckpointStore>, eventflux::Error> {
    #[cfg(feature = "redis")]
    if address.starts_with("redis") && address.contains("://") {
        let config = eventflux::persistence::RedisConfig {
            url: address.to_owned(),
            ..Default::default()
        };
        // Its connections outlive the runtime that a run is opened with.
        let store = eventflux::persistence::RedisPersistenceStore::for_app(config, app)?;
        return Ok(Arc::new(store));
    }
    let options = StoreOptions {
        app: app.to_owned(),
        is_read_only,
        ..StoreOptions::default()
    };
    block_on_store(open_store(address, &options))
}

/// A directory with checkpoints, for reading.
pub fn reader(path: &Path) -> Result<Arc<dyn CheckpointStore>, eventflux::Error> {
    Ok(Arc::new(DirectoryStore::open_read_only(path)?))
}
