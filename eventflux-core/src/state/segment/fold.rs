//! A base and its deltas to a new base.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::rows::RowPlace;
use super::{
    BuiltSegment, SegmentBuilder, SegmentHeading, SegmentKind, SegmentOptions, SegmentSet, SnapshotRows,
};
use crate::error::{Error, Result};
use crate::key::OwnedKeyGroups;
use crate::state::{KeyGroup, StateReader, StateRow, StateWriter};

/// Bytes of state that are in memory at a time.
const PART_BYTES: u64 = 32 << 20;

/// How much of a fold is in memory at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldLimits {
    /// Bytes of state.
    pub part_bytes: u64,
    /// Bytes of a segment, after which another one is begun.
    pub segment_bytes: u64,
}

impl Default for FoldLimits {
    fn default() -> Self {
        Self {
            part_bytes: PART_BYTES,
            segment_bytes: u64::MAX,
        }
    }
}

/// Whose rows a fold takes.
#[derive(Debug, Clone)]
pub struct FoldScope {
    /// The operators; `None`: all.
    pub operators: Option<BTreeSet<String>>,
    /// The key groups; `None`: all.
    pub key_groups: Option<OwnedKeyGroups>,
}

/// Makes one base of stored segments, oldest first, and of the rows that came after them: the last value of every key,
/// without those that were taken out. It waits for the store, so it runs on a thread that may wait.
pub fn fold(
    stored: &SegmentSet,
    newer: &[(String, SnapshotRows)],
    heading: SegmentHeading,
    options: SegmentOptions,
    tokio: &tokio::runtime::Handle,
) -> Result<BuiltSegment> {
    fold_in_parts(stored, newer, heading, options, PART_BYTES, tokio)
}

pub(super) fn fold_in_parts(
    stored: &SegmentSet,
    newer: &[(String, SnapshotRows)],
    heading: SegmentHeading,
    options: SegmentOptions,
    part_bytes: u64,
    tokio: &tokio::runtime::Handle,
) -> Result<BuiltSegment> {
    let scope = FoldScope {
        operators: None,
        key_groups: None,
    };
    let options = SegmentOptions {
        fold: FoldLimits {
            part_bytes,
            segment_bytes: u64::MAX,
        },
        ..options
    };
    let mut base = None;
    let give = |built| {
        base = Some(built);
        Ok(())
    };
    fold_in_pieces(stored, newer, heading, options, &scope, tokio, give)?;
    base.ok_or_else(|| Error::Bug("nothing came of a fold".into()))
}

/// As [`fold`], for some of the rows, as one segment after the other, at least one. Together they are the base.
pub fn fold_in_pieces(
    stored: &SegmentSet,
    newer: &[(String, SnapshotRows)],
    heading: SegmentHeading,
    options: SegmentOptions,
    scope: &FoldScope,
    tokio: &tokio::runtime::Handle,
    mut give: impl FnMut(BuiltSegment) -> Result<()>,
) -> Result<()> {
    let of_stored = stored.footers().flat_map(|(_, footer)| {
        footer
            .operators
            .iter()
            .map(|operator| operator.operator_id.as_str())
    });
    let of_newer = newer.iter().map(|(operator_id, _)| operator_id.as_str());
    let is_in_scope = |operator_id: &&str| {
        let operators = scope.operators.as_ref();
        operators.is_none_or(|operators| operators.contains(*operator_id))
    };
    let operator_ids: BTreeSet<&str> = of_stored.chain(of_newer).filter(is_in_scope).collect();
    let key_groups = heading.key_groups;
    let heading = SegmentHeading {
        kind: SegmentKind::Base,
        ..heading
    };
    let mut builder = SegmentBuilder::new(heading.clone(), options);
    let mut is_any_given = false;
    for operator_id in operator_ids {
        for part in parts(stored, operator_id, key_groups, options.fold.part_bytes) {
            let owned = scope.key_groups.clone();
            let takes = move |key_group: KeyGroup, table: u8| {
                part.contains(&u32::from(key_group))
                    && owned.as_ref().is_none_or(|owned| owned.takes(key_group, table))
            };
            let mut latest = Latest::default();
            latest.take(&mut stored.reader_of_tables(operator_id, takes.clone(), tokio))?;
            for (_, rows) in newer.iter().filter(|(of, _)| of == operator_id) {
                for place in rows.places() {
                    let row = rows.row(place);
                    if takes(row.key_group, row.table) {
                        latest.put(row)?;
                    }
                }
            }
            builder.add_places(operator_id, &latest.rows, &latest.places())?;
            if builder.size_bytes() >= options.fold.segment_bytes {
                let full = std::mem::replace(&mut builder, SegmentBuilder::new(heading.clone(), options));
                give(full.finish()?)?;
                is_any_given = true;
            }
        }
    }
    if is_any_given && builder.is_empty() {
        return Ok(());
    }
    give(builder.finish()?)
}

/// The key groups in ranges of about so much stored state each, if it is spread evenly.
fn parts(
    stored: &SegmentSet,
    operator_id: &str,
    key_groups: u32,
    part_bytes: u64,
) -> impl Iterator<Item = Range<u32>> + use<> {
    let blocks = stored.footers().flat_map(|(_, footer)| {
        let of_operator = footer
            .operators
            .iter()
            .filter(|operator| operator.operator_id == operator_id);
        of_operator.flat_map(|operator| &operator.blocks)
    });
    let bytes: u64 = blocks.map(|block| block.plain_bytes).sum();
    let part_count = u32::try_from(bytes / part_bytes + 1)
        .unwrap_or(u32::MAX)
        .min(key_groups.max(1));
    let step = key_groups.div_ceil(part_count).max(1);
    (0..key_groups)
        .step_by(step as usize)
        .map(move |start| start..(start + step).min(key_groups))
}

/// The last row of every key.
#[derive(Default)]
struct Latest {
    rows: SnapshotRows,
    by_key: HashTable<RowPlace>,
    hasher: FixedState,
}

impl Latest {
    fn take(&mut self, reader: &mut dyn StateReader) -> Result<()> {
        while let Some(row) = reader.next_row()? {
            self.put(row)?;
        }
        Ok(())
    }

    fn put(&mut self, row: StateRow<'_>) -> Result<()> {
        let Self { rows, by_key, hasher } = self;
        rows.write(row)?;
        let Some(place) = rows.last() else {
            return Ok(());
        };
        let hash = |row: StateRow<'_>| {
            let mut state = hasher.build_hasher();
            state.write_u8(row.table);
            state.write_u16(row.key_group);
            state.write(row.key);
            state.finish()
        };
        let is_same = |other: &RowPlace| {
            let other = rows.row(*other);
            (other.table, other.key_group, other.key) == (row.table, row.key_group, row.key)
        };
        let entry = by_key.entry(hash(row), is_same, |other| hash(rows.row(*other)));
        *entry.insert(place).get_mut() = place;
        Ok(())
    }

    /// Those that are not taken out, in order.
    fn places(&self) -> Vec<RowPlace> {
        let mut places: Vec<_> = self.by_key.iter().copied().collect();
        places.retain(|place| self.rows.row(*place).value.is_some());
        places.sort();
        places
    }
}
