//! A checkpoint into another store: what makes a savepoint.

use super::object_name::manifest_name;
use super::{Manifest, ManifestLog};
use crate::error::{Error, Result};
use crate::fail_point::fail_point;
use crate::state::store::CheckpointStore;

impl ManifestLog {
    /// Copies a checkpoint of this store, with everything that it needs, into a store that has none.
    ///
    /// The copy needs nothing of this store any more, and its manifest is the first of a row. It is put last: a copy that
    /// was broken off is not taken for a checkpoint. Damage is noticed when the copy is read.
    pub async fn copy(&self, manifest: &Manifest, to: &dyn CheckpointStore) -> Result<Manifest> {
        for name in manifest.object_names() {
            let bytes = self
                .store
                .get(name)
                .await?
                .ok_or_else(|| Error::damaged(name, format!("it is missing in {}", self.store)))?;
            to.put_if_absent(name, bytes.into()).await?;
            fail_point("copy.object.stored", || name.to_owned())?;
        }
        let copied = Manifest {
            sequence: 1,
            ..manifest.clone()
        };
        let name = manifest_name(copied.sequence);
        if to.put_if_absent(&name, copied.encode()?.into()).await? {
            Ok(copied)
        } else {
            Err(Error::Store {
                store: to.to_string(),
                object: name,
                message: "there is a checkpoint already".into(),
                source: None,
            })
        }
    }
}
