//! A cold tier in memory: the model of the others, and for tests of operators.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::tier::{ColdRow, ColdTier, FoundRow};
use crate::error::Result;

/// A sorted map.
#[derive(Debug, Default)]
pub struct MemoryTier(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    rows: BTreeMap<Vec<u8>, Bytes>,
    marker: Option<Bytes>,
}

impl MemoryTier {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ColdTier for MemoryTier {
    fn get_batch(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>> {
        let content = self.content();
        Ok(keys.iter().map(|key| content.rows.get(key).cloned()).collect())
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, row_count_max: usize) -> Result<Vec<FoundRow>> {
        let content = self.content();
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.to_vec()),
            _ => Bound::Included(prefix.to_vec()),
        };
        let rows = content.rows.range((from, Bound::Unbounded));
        let rows = rows.take_while(|(key, _)| key.starts_with(prefix));
        let found = rows.map(|(key, value)| (Bytes::copy_from_slice(key), value.clone()));
        Ok(found.take(row_count_max).collect())
    }

    fn apply(&self, marker: Option<&[u8]>, rows: &mut dyn Iterator<Item = ColdRow>) -> Result<()> {
        let mut content = self.content();
        for (key, value) in rows {
            match value {
                Some(value) => content.rows.insert(key, value.into()),
                None => content.rows.remove(&key),
            };
        }
        content.marker = marker.map(Bytes::copy_from_slice);
        Ok(())
    }

    fn marker(&self) -> Result<Option<Bytes>> {
        Ok(self.content().marker.clone())
    }

    fn size_bytes(&self) -> u64 {
        let content = self.content();
        let rows = content.rows.iter();
        rows.map(|(key, value)| (key.len() + value.len()) as u64).sum()
    }
}
