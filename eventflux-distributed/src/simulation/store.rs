//! The store that all nodes share.

use std::collections::BTreeMap;
use std::rc::Rc;

use eventflux_core::checkpoint::manifest::{Manifest, SinkNote};
use eventflux_core::state::segment::SegmentRef;

use crate::coordinator::ManifestRef;

/// What a key group's state comes to: how many rows, and a sum over them that does not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct GroupState {
    pub(super) row_count: u64,
    pub(super) sum: u64,
}

/// Groups and what their states come to.
pub(super) type GroupRows = Rc<Vec<(u32, GroupState)>>;

/// A stored object.
#[derive(Debug, Clone)]
pub(super) enum Object {
    Segment(GroupRows),
    Note(Rc<Vec<u64>>),
    Manifest(Rc<Manifest>),
}

/// What a loop wants to store for an epoch.
#[derive(Debug, Clone, Default)]
pub(super) struct Upload {
    pub(super) segment: Option<(SegmentRef, GroupRows)>,
    pub(super) note: Option<(SinkNote, Rc<Vec<u64>>)>,
    /// By split, the next row.
    pub(super) positions: Vec<(usize, u64)>,
}

/// Objects by name, and how well the store is.
#[derive(Debug, Default)]
pub(super) struct SimStore {
    objects: BTreeMap<String, Object>,
    /// Calls take so many times longer.
    pub(super) slowness: i64,
    pub(super) is_failing: bool,
}

impl SimStore {
    /// Whether it was stored; one of several callers is told `true`.
    pub(super) fn put_if_absent(&mut self, name: &str, object: Object) -> bool {
        if self.objects.contains_key(name) {
            return false;
        }
        self.objects.insert(name.to_owned(), object);
        true
    }

    pub(super) fn segment(&self, name: &str) -> Option<&GroupRows> {
        match self.objects.get(name) {
            Some(Object::Segment(rows)) => Some(rows),
            _ => None,
        }
    }

    pub(super) fn note(&self, name: &str) -> Option<&Rc<Vec<u64>>> {
        match self.objects.get(name) {
            Some(Object::Note(rows)) => Some(rows),
            _ => None,
        }
    }

    pub(super) fn manifest(&self, name: &str) -> Option<&Rc<Manifest>> {
        match self.objects.get(name) {
            Some(Object::Manifest(manifest)) => Some(manifest),
            _ => None,
        }
    }

    /// The manifest of a committed epoch, as a restart reads it.
    pub(super) fn published(&self, manifest: &ManifestRef) -> Option<&Rc<Manifest>> {
        self.manifest(&published_name(manifest.sequence))
    }
}

/// The name under which a manifest is staged.
pub(super) fn staged_name(manifest: &Manifest) -> String {
    format!(
        "staged/{:020}-{:010}.manifest",
        manifest.epoch, manifest.generation
    )
}

/// The name of a manifest in the row.
pub(super) fn published_name(sequence: u64) -> String {
    format!("manifests/{sequence:020}.manifest")
}
