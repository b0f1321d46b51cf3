//! The state of pipelines: one place for all, and in it a place for each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use eventflux_core::state::store::CheckpointStore;
use eventflux_core::{Error, Result};

use super::config::OpenStore;

/// Opens the state of pipelines by the names that their submissions gave it. While somebody has it open, others of this process share
/// it. `open` is given checked names.
pub fn shared_stores(
    open: impl Fn(&str) -> Result<Arc<dyn CheckpointStore>> + Send + Sync + 'static,
) -> OpenStore {
    let opened: Mutex<BTreeMap<String, Weak<dyn CheckpointStore>>> = Mutex::default();
    Arc::new(move |pipeline| {
        let name = &pipeline.state_store;
        let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.get(name).and_then(Weak::upgrade) {
            return Ok(store);
        }
        check_store_name(name)?;
        let store = open(name)?;
        opened.insert(name.clone(), Arc::downgrade(&store));
        Ok(store)
    })
}

/// A name is one folder, and never the way to another one.
///
/// **Errors** It leads elsewhere.
pub fn check_store_name(name: &str) -> Result<()> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(Error::Option {
            key: "state_backend".into(),
            message: format!(
                "`{name}` cannot be the name of a place for state: use letters, digits, `-`, `_` and `.`"
            ),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use eventflux_core::state::store::MemoryStore;

    use super::*;
    use crate::coordinator::PipelineSpec;

    fn pipeline(state_store: &str) -> PipelineSpec {
        PipelineSpec {
            state_store: state_store.to_owned(),
            ..PipelineSpec::default()
        }
    }

    fn stores() -> OpenStore {
        shared_stores(|_| Ok(Arc::new(MemoryStore::default())))
    }

    #[test]
    fn a_store_is_shared_while_somebody_has_it_open() {
        let open = stores();
        let first = open(&pipeline("a")).unwrap();
        assert!(Arc::ptr_eq(&first, &open(&pipeline("a")).unwrap()));
        assert!(!Arc::ptr_eq(&first, &open(&pipeline("b")).unwrap()));
        let closed = Arc::downgrade(&first);
        drop(first);
        assert!(closed.upgrade().is_none(), "nobody has it open");
        open(&pipeline("a")).unwrap();
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        let open = stores();
        for name in ["", "..", "../x", "/etc", "a/b", ".hidden", "a b"] {
            let refused = open(&pipeline(name)).unwrap_err().to_string();
            assert!(
                refused.contains("cannot be the name of a place for state"),
                "{name}: {refused}"
            );
        }
    }
}
