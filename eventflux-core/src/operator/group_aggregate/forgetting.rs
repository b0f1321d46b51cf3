//! What the operator does about groups that are written no more.

use super::operator::GroupAggregate;
use crate::batch::EventBatch;
use crate::error::Result;
use crate::operator::group::NEVER;

impl GroupAggregate {
    /// Where a batch has to be cut for groups that begin anew.
    pub(super) fn cuts(&mut self, batch: &EventBatch) -> Result<Vec<usize>> {
        let times = batch.event_time();
        if !self.expiry.as_mut().is_some_and(|expiry| expiry.is_spread(times)) {
            return Ok(Vec::new());
        }
        self.intern(batch)?;
        let kinds = batch.kinds().map(AsRef::as_ref);
        let (states, is_global) = (self.table.states(), self.is_global());
        Ok(self.expiry.as_ref().map_or_else(Vec::new, |expiry| {
            expiry.cuts(&self.batch, states, times, kinds, is_global)
        }))
    }

    /// Whether the one group of a query without keys has a state.
    pub(super) fn has_only_group(&self) -> bool {
        self.expiry.is_none() || !self.is_global() || self.table.states().last_write(0) != NEVER
    }

    /// Takes their state from the groups of a batch that were not written for too long before their first row.
    pub(super) fn begin_anew(&mut self, batch: &EventBatch) {
        let Some(expiry) = &self.expiry else { return };
        let states = self.table.states();
        let mut over = Vec::new();
        let mut seen = 0;
        for (row, local) in self.batch.local.iter().enumerate() {
            // Groups are numbered by their first rows.
            if *local == seen {
                seen += 1;
                let group = self.batch.distinct[*local as usize];
                if expiry.is_over(states.last_write(group), batch.event_time()[row]) {
                    over.push(group);
                }
            }
        }
        if !over.is_empty() {
            self.table.reset(&over);
        }
    }

    /// Notes when the groups of a batch were written; `counts` are their rows before it.
    pub(super) fn note_writes(&mut self, batch: &EventBatch, mut counts: Vec<i64>) {
        let is_global = self.is_global();
        let Some(expiry) = &mut self.expiry else { return };
        let (states, groups) = self.table.states_and_groups();
        let locals = self.batch.local.iter();
        for (row, (group, local)) in groups.iter().zip(locals).enumerate() {
            let count = &mut counts[*local as usize];
            *count += if batch.kind(row).is_addition() { 1 } else { -1 };
            match *count {
                // It is gone, and what comes next is the first row again.
                0 if !is_global => states.write_never(*group),
                _ => states.write_at(*group, expiry.at(batch.event_time()[row])),
            }
        }
        // The one group without keys takes no more than its place.
        if !is_global {
            let distinct = self.batch.distinct.iter();
            distinct.for_each(|group| expiry.list(*group, states.last_write(*group)));
        }
    }

    /// Has all groups found when they are over, after a restore.
    pub(super) fn list_all(&mut self) {
        let is_global = self.is_global();
        let Some(expiry) = &mut self.expiry else { return };
        expiry.set_watermark(self.progress.watermark);
        if !is_global {
            let groups = self.table.keys().groups().into_iter();
            groups.for_each(|group| expiry.list(group, self.table.states().last_write(group)));
        }
    }

    /// Drops groups that are over: some, the others follow.
    pub(super) fn drop_over(&mut self) -> Result<()> {
        let Some(expiry) = &mut self.expiry else {
            return Ok(());
        };
        expiry.set_watermark(self.progress.watermark);
        let over = expiry.take_over(&self.table);
        match &self.budget {
            None if over.is_empty() => {}
            None => self.table.remove(&over, &[], &mut self.tombstones)?,
            Some(budget) => {
                self.table.expire(&over)?;
                expiry.sweep(&mut self.table, budget.cold(), &mut self.tombstones)?;
            }
        }
        expiry.finish_step();
        Ok(())
    }
}
