//! The state of pipelines: one place for all, and in it a place for each.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use eventflux::persistence::{CheckpointStore, DirectoryStore, MemoryStore};
use eventflux_distributed::cluster_node::{OpenStore, shared_stores};

use crate::config::model::{StateBackend, StateStore};
use crate::config::value::StoreUrl;
use crate::state;

/// Opens the state of pipelines by their names.
pub fn open_store(backend: &StateBackend) -> OpenStore {
    let backend = backend.clone();
    // What is in memory is gone when nobody has it open: it is kept.
    let kept: Mutex<Vec<Arc<dyn CheckpointStore>>> = Mutex::default();
    shared_stores(move |name| {
        let store = open(&backend, name)?;
        if backend.implementation == Some(StateStore::Memory) {
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Arc::clone(&store));
        }
        Ok(store)
    })
}

fn open(backend: &StateBackend, name: &str) -> eventflux::Result<Arc<dyn CheckpointStore>> {
    let address = backend.url.as_ref().map(StoreUrl::expose);
    match (backend.implementation, address) {
        (Some(StateStore::Memory), _) => Ok(Arc::new(MemoryStore::default())),
        (Some(StateStore::Directory), address) => {
            let place = address.map(|address| address.strip_prefix("file://").unwrap_or(address));
            let place = place.or(backend.path.as_deref()).unwrap_or_default();
            Ok(Arc::new(DirectoryStore::open_shared(
                Path::new(place).join(name),
            )?))
        }
        (Some(kind @ StateStore::Redis), _) => state::open_backend(kind, backend, name),
        (Some(kind @ StateStore::ObjectStore), address) => {
            let address = address.unwrap_or_default().trim_end_matches('/');
            let of_pipeline = StateBackend {
                url: Some(StoreUrl::new(format!("{address}/{name}"))),
                ..backend.clone()
            };
            state::open_backend(kind, &of_pipeline, name)
        }
        (None, _) => Err(eventflux::Error::Option {
            key: "state_backend".into(),
            message: format!("there is no place for the state of `{name}`"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use eventflux_distributed::coordinator::PipelineSpec;

    use super::*;

    fn pipeline(state_store: &str) -> PipelineSpec {
        PipelineSpec {
            state_store: state_store.to_owned(),
            ..PipelineSpec::default()
        }
    }

    fn directory(path: &Path) -> StateBackend {
        StateBackend {
            implementation: Some(StateStore::Directory),
            path: Some(path.display().to_string()),
            ..StateBackend::default()
        }
    }

    #[test]
    fn each_pipeline_has_a_folder_of_its_own_that_other_nodes_may_open() {
        let place = tempfile::tempdir().unwrap();
        let nodes = [
            open_store(&directory(place.path())),
            open_store(&directory(place.path())),
        ];
        let a = nodes[0](&pipeline("a")).unwrap();
        let same = nodes[0](&pipeline("a")).unwrap();
        assert!(Arc::ptr_eq(&a, &same));
        let elsewhere = nodes[1](&pipeline("a")).unwrap();
        assert_eq!(a.to_string(), elsewhere.to_string());
        assert_eq!(
            a.to_string(),
            format!("directory `{}`", place.path().join("a").display())
        );
        nodes[1](&pipeline("b")).unwrap();
        assert!(place.path().join("b").is_dir());
    }

    #[test]
    fn what_is_in_memory_stays_there() {
        let memory = StateBackend {
            implementation: Some(StateStore::Memory),
            ..StateBackend::default()
        };
        let open = open_store(&memory);
        let first = Arc::as_ptr(&open(&pipeline("a")).unwrap());
        assert!(std::ptr::addr_eq(
            first,
            Arc::as_ptr(&open(&pipeline("a")).unwrap())
        ));
    }
}
