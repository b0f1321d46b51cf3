//! What subtasks have stored of their progress.

use std::collections::BTreeMap;

use crate::element::Watermark;
use crate::error::{Error, Result};
use crate::key::OwnedKeyGroups;
use crate::operator::OperatorContext;
use crate::operator::aggregate::Stored;
use crate::state::{KeyGroup, SHARED_TABLE, StateRow, StateWriter};

/// The rows of a subtask.
const OWNED: u8 = 0;
const COME: u8 = 1;

/// How far a subtask has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Come {
    pub(super) watermark: Watermark,
    pub(super) next_arrival: u64,
}

impl Come {
    /// As far as both: the smaller watermark, and a number that neither has given.
    fn and(self, other: Self) -> Self {
        Self {
            watermark: self.watermark.min(other.watermark),
            next_arrival: self.next_arrival.max(other.next_arrival),
        }
    }

    fn decode(value: &[u8]) -> Result<Self> {
        let mut input = Stored::new(value);
        let come = Self {
            watermark: input.i64()?,
            next_arrival: input.u64()?,
        };
        input.finish()?;
        Ok(come)
    }
}

/// What rows of earlier snapshots say.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// By the number of the sharing out, then by subtask.
    shares: BTreeMap<u32, BTreeMap<u32, Share>>,
    /// Of rows as they were before there were shares.
    by_key_group: BTreeMap<KeyGroup, Come>,
}

/// What one subtask has stored.
#[derive(Debug, Default)]
struct Share {
    /// Which map its key groups were of.
    map: u64,
    owned: Vec<(KeyGroup, KeyGroup)>,
    come: Option<Come>,
}

/// What a subtask goes on from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inherited {
    pub(super) come: Option<Come>,
    /// The number of the sharing out of this run.
    pub(super) number: u32,
    /// The key groups were shared out in the same way.
    pub(super) is_same: bool,
}

impl Shares {
    /// Takes a row; a later one replaces an earlier one.
    pub(super) fn take(&mut self, row: StateRow<'_>) -> Result<()> {
        let value = row
            .value
            .ok_or_else(|| Error::Columns("stored progress has no value".into()))?;
        if row.table != SHARED_TABLE {
            self.by_key_group.insert(row.key_group, Come::decode(value)?);
            return Ok(());
        }
        let mut key = Stored::new(row.key);
        let (number, subtask, kind) = (key.u32()?, key.u32()?, key.u8()?);
        key.finish()?;
        let of_number = self.shares.entry(number).or_default();
        let share = of_number.entry(subtask).or_default();
        match kind {
            OWNED => (share.map, share.owned) = decode_owned(value)?,
            COME => share.come = Some(Come::decode(value)?),
            unknown => return Err(Error::Columns(format!("stored progress has no kind {unknown}"))),
        }
        Ok(())
    }

    /// What the subtask of a context goes on from: where it was, or as far as all have come whose key groups it has now.
    pub(super) fn inherited(&self, context: &OperatorContext) -> Inherited {
        let owned = context.owners.owned_by(context.subtask);
        let Some((number, shares)) = self.shares.last_key_value() else {
            let of_groups = self.by_key_group.iter();
            let of_groups = of_groups.filter(|(key_group, _)| owned.contains(**key_group));
            return Inherited {
                come: of_groups.map(|(_, come)| *come).reduce(Come::and),
                number: 1,
                is_same: false,
            };
        };
        let identity = context.owners.identity();
        if shares.values().all(|share| share.map == identity) {
            let own = u32::try_from(context.subtask).ok();
            return Inherited {
                come: own.and_then(|own| shares.get(&own)?.come),
                number: *number,
                is_same: true,
            };
        }
        let ancestors = shares.values().filter(|share| share.has_any(&owned));
        Inherited {
            come: ancestors.filter_map(|share| share.come).reduce(Come::and),
            number: number.saturating_add(1),
            is_same: false,
        }
    }
}

impl Share {
    fn has_any(&self, owned: &OwnedKeyGroups) -> bool {
        let mut ranges = self.owned.iter();
        ranges.any(|(first, last)| (*first..=*last).any(|key_group| owned.contains(key_group)))
    }
}

/// Writes which key groups the subtask of a context owns.
pub(super) fn write_owned(number: u32, context: &OperatorContext, state: &mut dyn StateWriter) -> Result<()> {
    let mut value = context.owners.identity().to_be_bytes().to_vec();
    let mut range: Option<(KeyGroup, KeyGroup)> = None;
    let mut end = |range: (KeyGroup, KeyGroup)| {
        value.extend_from_slice(&range.0.to_be_bytes());
        value.extend_from_slice(&range.1.to_be_bytes());
    };
    for key_group in context.owners.owned_by(context.subtask).iter() {
        range = match range {
            Some((first, last)) if last + 1 == key_group => Some((first, key_group)),
            other => {
                other.into_iter().for_each(&mut end);
                Some((key_group, key_group))
            }
        };
    }
    range.into_iter().for_each(end);
    write(number, context, OWNED, &value, state)
}

/// Writes how far the subtask of a context has come.
pub(super) fn write_come(
    number: u32,
    come: Come,
    context: &OperatorContext,
    state: &mut dyn StateWriter,
) -> Result<()> {
    let mut value = [0; 16];
    value[..8].copy_from_slice(&come.watermark.to_be_bytes());
    value[8..].copy_from_slice(&come.next_arrival.to_be_bytes());
    write(number, context, COME, &value, state)
}

fn write(
    number: u32,
    context: &OperatorContext,
    kind: u8,
    value: &[u8],
    state: &mut dyn StateWriter,
) -> Result<()> {
    let mut key = number.to_be_bytes().to_vec();
    key.extend_from_slice(&u32::try_from(context.subtask).unwrap_or(u32::MAX).to_be_bytes());
    key.push(kind);
    state.write(StateRow {
        table: SHARED_TABLE,
        key_group: 0,
        key: &key,
        value: Some(value),
    })
}

fn decode_owned(value: &[u8]) -> Result<(u64, Vec<(KeyGroup, KeyGroup)>)> {
    let mut input = Stored::new(value);
    let map = input.u64()?;
    let rest = input.rest();
    if !rest.len().is_multiple_of(4) {
        return Err(Error::Columns("stored key groups are cut short".into()));
    }
    let ranges = rest.chunks_exact(4).map(|range| {
        let first = KeyGroup::from_be_bytes([range[0], range[1]]);
        (first, KeyGroup::from_be_bytes([range[2], range[3]]))
    });
    Ok((map, ranges.collect()))
}
