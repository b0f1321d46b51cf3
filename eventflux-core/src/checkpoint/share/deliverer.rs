//! Has the sinks that commit in one process make visible what is committed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::ShareReport;
use crate::checkpoint::coordinator::{Delivered, Delivery, SLOW};
use crate::checkpoint::manifest::{ManifestLog, SinkNote};
use crate::error::{Error, ErrorKind, Result};
use crate::fail_point::fail_point;
use crate::runtime::{Commander, Troubles};
use crate::state::store::CheckpointStore;
use crate::time::Clock;

/// Waits between attempts to read a manifest grow from the first to the second of these, microseconds.
const RETRY_US: (i64, i64) = (50_000, 5_000_000);

/// A run that is over waits so long for commits that are under way.
const GRACE: Duration = Duration::from_secs(2);

/// Hands the notes of committed epochs to the committers of this process, and tells how far they are.
///
/// **Invariants** (I3) What is handed over is in a published manifest of this generation.
pub(crate) struct Deliverer {
    pub(crate) store: Arc<dyn CheckpointStore>,
    pub(crate) generation: u64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) commander: Arc<Commander>,
    pub(crate) troubles: Arc<Troubles>,
    pub(crate) reports: UnboundedSender<ShareReport>,
    pub(crate) sinks: BTreeMap<String, SinkDelivery>,
    pub(crate) delivered: UnboundedReceiver<Delivered>,
    /// The newest epoch that everything was handed over of, and the newest of which everything was told to be visible.
    pub(crate) handed_epoch: u64,
    pub(crate) told_epoch: u64,
}

/// The way to a sink's committer.
pub(crate) struct SinkDelivery {
    pub(crate) delivery: Delivery,
    /// The newest epochs that it was given notes of, and that it has made visible.
    pub(crate) sent_epoch: u64,
    pub(crate) visible_epoch: u64,
}

impl Deliverer {
    /// Works until the run is aborted, or let go with nothing left to do.
    ///
    /// **Errors** A commit cannot be carried out; a manifest is damaged.
    pub(crate) async fn run(mut self) -> Result<()> {
        let result = self.work().await;
        // A commit that is under way is not called back: whoever runs next should not meet it.
        self.sinks.clear();
        let all_ended = async { while self.delivered.recv().await.is_some() {} };
        if tokio::time::timeout(GRACE, all_ended).await.is_err() {
            tracing::warn!("a commit of a sink is still under way; the next start repeats it");
        }
        result
    }

    async fn work(&mut self) -> Result<()> {
        let commander = Arc::clone(&self.commander);
        let mut orders = commander.follow();
        loop {
            let known = *orders.borrow_and_update();
            if let Some(epoch) = known.committed
                && epoch > self.handed_epoch
            {
                tokio::select! {
                    biased;
                    () = commander.aborted() => return Ok(()),
                    handed = self.hand_over(epoch) => handed?,
                }
            }
            let visible_epoch = self.visible_epoch();
            if visible_epoch > self.told_epoch {
                self.told_epoch = visible_epoch;
                // Nobody listens once the run is ending.
                let _ = self.reports.send(ShareReport::Delivered { epoch: visible_epoch });
            }
            if known.is_let_go && visible_epoch == self.handed_epoch {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = commander.aborted() => return Ok(()),
                // The commander is part of this: it cannot be gone.
                _ = orders.changed() => {}
                Some(delivered) = self.delivered.recv() => self.take(delivered)?,
            }
        }
    }

    /// All notes up to this epoch are visible.
    fn visible_epoch(&self) -> u64 {
        let waiting = self
            .sinks
            .values()
            .filter(|sink| sink.visible_epoch < sink.sent_epoch);
        waiting
            .map(|sink| sink.visible_epoch)
            .min()
            .unwrap_or(self.handed_epoch)
    }

    /// Gives each sink its notes up to a committed epoch. The newest manifest has all that is not visible yet.
    async fn hand_over(&mut self, epoch: u64) -> Result<()> {
        let log = ManifestLog::new(Arc::clone(&self.store));
        let mut wait_us = RETRY_US.0;
        loop {
            match self.hand_over_once(&log, epoch).await {
                Err(error) if error.kind() == ErrorKind::Environment => {
                    tracing::warn!(epoch, "a committed checkpoint cannot be read yet: {error}");
                    let until_us = self.clock.now_us().saturating_add(wait_us);
                    self.clock.reached(until_us).await;
                    wait_us = (wait_us * 2).min(RETRY_US.1);
                }
                other => return other,
            }
        }
    }

    async fn hand_over_once(&mut self, log: &ManifestLog, epoch: u64) -> Result<()> {
        if self.sinks.is_empty() {
            self.handed_epoch = epoch;
            return Ok(());
        }
        let manifest = match log.newest().await? {
            // This generation is over; what it left is delivered in the later one.
            Some(newest) if newest.generation > self.generation => return Ok(()),
            Some(newest) if newest.epoch >= epoch => newest,
            _ => {
                return Err(Error::Connector {
                    connector: "checkpoint",
                    object: epoch.to_string(),
                    message: format!("its manifest is not to be seen in {} yet", self.store),
                    kind: ErrorKind::Environment,
                    source: None,
                });
            }
        };
        for (operator_id, sink) in &mut self.sinks {
            let new = |note: &&SinkNote| note.operator_id == *operator_id && note.epoch > sink.sent_epoch;
            let mut notes = Vec::new();
            for note in manifest.sinks.iter().filter(new) {
                notes.push(note.load(self.store.as_ref()).await?);
            }
            if let Some(last) = notes.last() {
                sink.sent_epoch = last.epoch;
                sink.delivery.send(notes);
            }
        }
        self.handed_epoch = manifest.epoch;
        fail_point("share.notes.handed.over", || format!("epoch {epoch}"))
    }

    fn take(&mut self, delivered: Delivered) -> Result<()> {
        match delivered {
            Delivered::UpTo { operator_id, epoch } => {
                self.troubles.end(&operator_id);
                if let Some(sink) = self.sinks.get_mut(&operator_id) {
                    sink.visible_epoch = epoch.max(sink.visible_epoch);
                }
            }
            Delivered::Waiting { operator_id, error } => {
                tracing::warn!(sink = operator_id, "committed rows wait for the outside: {error}");
                self.troubles.begin(&operator_id, &error);
            }
            Delivered::Slow { operator_id } => {
                tracing::warn!(sink = operator_id, "{SLOW}");
                self.troubles.begin_unless_told(&operator_id, SLOW);
            }
            Delivered::Failed(error) => return Err(error),
        }
        Ok(())
    }
}
