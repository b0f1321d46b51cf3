//! What a run with checkpoints has besides its loops.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::committers::{Output, open_committers};
use super::config::RuntimeConfig;
use super::ends::Ends;
use super::graph::{Layout, LoopShape};
use super::memory::MemoryLimit;
use super::running::Shared;
use crate::checkpoint::coordinator::{
    Book, Coordinator, Delivered, Delivery, Engine, Heading, Mail, Mailbox, Pace, Recorder, Surroundings,
};
use crate::checkpoint::manifest::PlanIdentity;
use crate::checkpoint::restore::{Restored, Start};
use crate::checkpoint::{CheckpointConfig, StartFrom};
use crate::connector::CommitContext;
use crate::error::Result;
use crate::key::KeyGroupMap;
use crate::plan::PhysicalPlan;
use crate::state::segment::{SegmentOptions, SegmentRef};
use crate::time::micros;

/// The last checkpoint has to be stored, and committed rows to be delivered, within this time after the end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run's checkpoints before its loops run.
pub(super) struct Checkpointing {
    checkpoints: CheckpointConfig,
    start: Start,
    /// By loop, what is stored of its state already; empty if all of it has to be written.
    stored: Vec<Vec<SegmentRef>>,
    identity: PlanIdentity,
    key_group_map: Option<KeyGroupMap>,
    mailbox: Mailbox,
    inbox: UnboundedReceiver<Mail>,
    deliveries: BTreeMap<String, Delivery>,
    delivered: UnboundedReceiver<Delivered>,
}

impl Checkpointing {
    /// Finds where to start, opens what commits, and repeats the commits of the restored checkpoint.
    pub(super) async fn begin(
        checkpoints: &CheckpointConfig,
        plan: &PhysicalPlan,
        ends: &Ends,
        config: &RuntimeConfig,
        tokio: &tokio::runtime::Handle,
    ) -> Result<Self> {
        let start = Start::find(checkpoints, plan, tokio).await?;
        let (mailbox, inbox) = Mailbox::new();
        let (told, delivered) = unbounded_channel();
        let mut outputs = Vec::new();
        for (node, exactly_once) in ends.exactly_once() {
            let operator_id = plan.node(node).operator_id.as_str();
            let restored = start
                .restored
                .as_ref()
                .filter(|restored| restored.is_kept(operator_id));
            let context = CommitContext {
                app_id: start.app_id.clone(),
                generation: start.generation,
                restored_epoch: restored.map(|restored| restored.manifest().epoch),
                clock: Arc::clone(&config.clock),
                tokio: tokio.clone(),
            };
            let notes = match restored {
                Some(restored) => restored.notes_of(operator_id).await?,
                None => Vec::new(),
            };
            outputs.push(Output {
                operator_id,
                exactly_once,
                context,
                notes,
            });
        }
        let mut deliveries = BTreeMap::new();
        for (operator_id, committer) in open_committers(outputs)? {
            let clock = Arc::clone(&config.clock);
            let delivery = Delivery::start(operator_id, committer, clock, tokio, told.clone())?;
            deliveries.insert(operator_id.to_owned(), delivery);
        }
        Ok(Self {
            checkpoints: checkpoints.clone(),
            start,
            stored: Vec::new(),
            identity: PlanIdentity::of(plan),
            key_group_map: config.key_group_map.clone(),
            mailbox,
            inbox,
            deliveries,
            delivered,
        })
    }

    /// Has the state that these loops go on from stay where it is stored, where that can be. With a limit of memory it has to be:
    /// where it is not, it is written anew, in pieces, before the loops begin. Whether later checkpoints add to what is stored.
    ///
    /// **Errors** The state cannot be read or written.
    pub(super) fn go_on(
        &mut self,
        loops: &[LoopShape],
        layout: &Layout,
        limit: Option<&MemoryLimit>,
        tokio: &tokio::runtime::Handle,
    ) -> Result<bool> {
        let Some(restored) = self.start.restored.as_mut() else {
            return Ok(false);
        };
        let (explicit, key_groups) = (self.key_group_map.as_ref(), self.identity.key_groups);
        let is_own = !matches!(self.checkpoints.from, StartFrom::Savepoint(_));
        // Under another map the segments of a loop have rows that are another's now.
        let is_owned_alike = restored.manifest().key_group_map == explicit.and_then(KeyGroupMap::fingerprint);
        let mut stored = if is_own && is_owned_alike {
            restored.go_on(loops)
        } else {
            None
        };
        if let (None, Some(limit)) = (&stored, limit) {
            let owned = |shape: &LoopShape| {
                let width = layout.width(shape.head);
                KeyGroupMap::of_width(explicit, key_groups, width).owned_by(shape.subtask)
            };
            let generation = self.start.generation;
            let options = SegmentOptions {
                fold: limit.fold_limits(),
                ..segment_options(&self.checkpoints)
            };
            let store = &self.checkpoints.store;
            stored = Some(restored.write_anew(loops, owned, generation, store, options, tokio)?);
        }
        let is_continued = stored.is_some();
        self.stored = stored.unwrap_or_default();
        Ok(is_continued)
    }

    /// What the run goes on from.
    pub(super) fn restored(&self) -> Option<&Restored> {
        self.start.restored.as_ref()
    }

    /// The app and the run, as manifests have them.
    pub(super) fn run(&self) -> (String, u64) {
        (self.start.app_id.clone(), self.start.generation)
    }

    /// Where loops send the parts of checkpoints.
    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// The coordinator of these loops.
    pub(super) fn coordinator(
        self,
        config: &RuntimeConfig,
        loops: &[LoopShape],
        shared: &Shared,
    ) -> Coordinator {
        let pace = Pace {
            interval_us: self.checkpoints.interval.map(micros),
            pause_min_us: micros(self.checkpoints.pause_min),
            timeout_us: micros(self.checkpoints.timeout),
        };
        let origins = loops
            .iter()
            .enumerate()
            .filter(|(_, shape)| shape.is_origin)
            .map(|(loop_id, _)| loop_id);
        let engine = Engine::new(
            pace,
            loops.len(),
            origins,
            self.start.first_epoch,
            config.clock.now_us(),
        );
        let heading = Heading {
            app: self.checkpoints.app.clone(),
            app_id: self.start.app_id.clone(),
            generation: self.start.generation,
            plan: self.identity,
            parallelism: config.parallelism,
            key_group_map: self.key_group_map.as_ref().and_then(KeyGroupMap::fingerprint),
        };
        let clock = Arc::clone(&config.clock);
        let store = Arc::clone(&self.checkpoints.store);
        let mut options = segment_options(&self.checkpoints);
        if let Some(limit) = &config.memory {
            options.fold = limit.fold_limits();
        }
        let recorder = Recorder::new(store, self.start.next_sequence, heading, options, clock);
        let surroundings = Surroundings {
            commander: Arc::clone(&shared.commander),
            cells: Arc::clone(shared.meter.checkpoint_cells()),
            troubles: Arc::clone(&shared.troubles),
            clock: Arc::clone(&config.clock),
            generation: self.start.generation,
            retained: self.checkpoints.retained,
            cold: Arc::clone(&shared.cold),
            patience_us: micros(PATIENCE),
        };
        let stored = self.stored.into_iter().chain(std::iter::repeat(Vec::new()));
        let names = loops.iter().map(|shape| shape.name.clone());
        let book = Book::new(names.zip(stored));
        Coordinator::new(
            surroundings,
            engine,
            book,
            recorder,
            self.inbox,
            self.deliveries,
            self.delivered,
        )
    }
}

/// How the segments of a run are written.
pub(super) fn segment_options(checkpoints: &CheckpointConfig) -> SegmentOptions {
    SegmentOptions {
        compression: checkpoints.compression,
        ..SegmentOptions::default()
    }
}
