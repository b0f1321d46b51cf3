//! The generations of an app: one per start.

use serde::{Deserialize, Serialize};

use super::envelope::{Envelope, decode, encode};
use super::object_name::{GENERATIONS, OF_EPOCHS, epoch_of, generation_name, generation_of};
use super::{Manifest, ManifestLog};
use crate::error::{Error, Result};

/// A generation, claimed by one process.
///
/// **Invariants** No two processes have the same generation. Every epoch above [`Generation::epoch_floor`] is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// One more than the last one, from 1.
    pub generation: u64,
    /// The state's own id, the same over all generations.
    pub app_id: String,
    /// No epoch up to this one may be used.
    pub epoch_floor: u64,
}

const ENVELOPE: Envelope = Envelope {
    title: "eventflux generation",
    version: 1,
};

impl ManifestLog {
    /// Claims the next generation. `newest` is the newest manifest; `new_app_id` is asked if there is neither a manifest nor
    /// an earlier generation.
    pub async fn claim(
        &self,
        newest: Option<&Manifest>,
        new_app_id: impl FnOnce() -> String,
    ) -> Result<Generation> {
        let last = self.last_generation().await?;
        let of_manifest = newest.map(|manifest| (manifest.generation, manifest.epoch));
        let of_last = last.as_ref().map(|last| (last.generation, last.epoch_floor));
        let app_id = last
            .as_ref()
            .map(|last| &last.app_id)
            .or(newest.map(|manifest| &manifest.app_id));
        let (generations, floors): (Vec<u64>, Vec<u64>) = of_manifest.into_iter().chain(of_last).unzip();
        let mut epoch_floor = floors.into_iter().max().unwrap_or(0);
        for prefix in OF_EPOCHS {
            let listed = self.store.list(prefix).await?;
            let epochs = listed.iter().filter_map(|object| epoch_of(&object.name));
            epoch_floor = epochs.fold(epoch_floor, u64::max);
        }
        let claimed = Generation {
            generation: generations.into_iter().max().unwrap_or(0) + 1,
            app_id: app_id.cloned().unwrap_or_else(new_app_id),
            epoch_floor,
        };
        let name = generation_name(claimed.generation);
        let bytes = encode(&ENVELOPE, &claimed)?;
        if self.store.put_if_absent(&name, bytes.into()).await? {
            Ok(claimed)
        } else {
            Err(self.taken_over(format!("{name} was claimed at the same time")))
        }
    }

    /// The id of the state in this store, if any run has claimed it.
    pub async fn app_id(&self) -> Result<Option<String>> {
        Ok(self.last_generation().await?.map(|last| last.app_id))
    }

    async fn last_generation(&self) -> Result<Option<Generation>> {
        let listed = self.store.list(GENERATIONS).await?;
        let last = listed
            .iter()
            .filter_map(|object| Some((generation_of(&object.name)?, &object.name)))
            .max();
        let Some((generation, name)) = last else {
            return Ok(None);
        };
        let bytes = self.store.get(name).await?.unwrap_or_default();
        let last: Generation = decode(&ENVELOPE, name, &bytes)?;
        if last.generation == generation {
            Ok(Some(last))
        } else {
            Err(Error::damaged(
                name,
                format!("it is the generation {}", last.generation),
            ))
        }
    }
}
