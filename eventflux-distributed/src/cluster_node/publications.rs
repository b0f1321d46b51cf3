//! The stores of all pipelines that a leader publishes manifests of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::config::OpenStore;
use super::publication::Publication;
use crate::coordinator::{ClusterState, PipelineId};

/// Opens pipelines' stores when they are first needed, and keeps them open.
///
/// **Invariants** Nothing waits here for a store that does not answer but who wants something of it: the leader goes on to hear nodes.
#[derive(Clone)]
pub(super) struct Publications {
    open_store: OpenStore,
    opened: Arc<Mutex<BTreeMap<PipelineId, Publication>>>,
}

impl Publications {
    pub(super) fn new(open_store: OpenStore) -> Self {
        Self {
            open_store,
            opened: Arc::default(),
        }
    }

    /// Those of a pipeline.
    ///
    /// **Errors** The store cannot be opened; the pipeline is not there any more.
    pub(super) fn of(
        &self,
        pipeline: PipelineId,
        state: &ClusterState,
    ) -> impl Future<Output = Result<Publication, String>> + Send + use<> {
        let known = self.lock().get(&pipeline).cloned();
        let spec = state.pipeline(pipeline).map(|pipeline| pipeline.spec.clone());
        let publications = self.clone();
        async move {
            if let Some(known) = known {
                return Ok(known);
            }
            let spec = spec.ok_or("the pipeline is gone")?;
            let open_store = Arc::clone(&publications.open_store);
            let opening = tokio::task::spawn_blocking(move || open_store(&spec));
            let opened = opening.await.map_err(|error| error.to_string())?;
            let publication = Publication::new(opened.map_err(|error| error.to_string())?);
            // Whoever was faster has opened the same.
            Ok(publications.lock().entry(pipeline).or_insert(publication).clone())
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PipelineId, Publication>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
