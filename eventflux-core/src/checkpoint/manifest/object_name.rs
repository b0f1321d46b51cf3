//! The names of stored objects.
//!
//! ```text
//! generations/GENERATION.generation                      10 digits
//! manifests/SEQUENCE.manifest                            20 digits
//! segments/EPOCH-GENERATION-SUBTASK-HASH.segment         20 and 10 digits
//! notes/EPOCH-GENERATION-SINK-SUBTASK-HASH.note          20 and 10 digits
//! ```

use crate::state::segment::SEGMENTS;

pub(super) const GENERATIONS: &str = "generations/";
pub(super) const MANIFESTS: &str = "manifests/";
pub(super) const NOTES: &str = "notes/";

/// What manifests refer to.
pub(super) const OF_EPOCHS: [&str; 2] = [SEGMENTS, NOTES];

pub(super) fn manifest_name(sequence: u64) -> String {
    format!("{MANIFESTS}{sequence:020}.manifest")
}

pub(super) fn sequence_of(name: &str) -> Option<u64> {
    name.strip_prefix(MANIFESTS)?
        .strip_suffix(".manifest")?
        .parse()
        .ok()
}

pub(super) fn generation_name(generation: u64) -> String {
    format!("{GENERATIONS}{generation:010}.generation")
}

pub(super) fn generation_of(name: &str) -> Option<u64> {
    name.strip_prefix(GENERATIONS)?
        .strip_suffix(".generation")?
        .parse()
        .ok()
}

/// The epoch that a segment or a note was written for.
pub(super) fn epoch_of(name: &str) -> Option<u64> {
    let name = OF_EPOCHS.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    name.split_once('-')?.0.parse().ok()
}
