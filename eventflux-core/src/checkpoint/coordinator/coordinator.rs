//! The coordinator itself: carries out what the engine decides.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::book::{Book, Draft};
use super::delivery::{Delivered, Delivery, SLOW};
use super::engine::{Command, Engine, Event};
use super::kept::{KeptCheckpoint, Shelf};
use super::mailbox::Mail;
use super::recorder::{Recorded, Recorder};
use crate::checkpoint::CheckpointPart;
use crate::element::Barrier;
use crate::error::{Error, ErrorKind, Result};
use crate::fail_point::fail_point;
use crate::metrics::{Cells, Metric};
use crate::runtime::{ColdStates, Commander, LoopRows, Troubles};
use crate::time::Clock;

/// Waits between attempts to store an epoch grow from the first to the second of these, microseconds.
const RETRY_US: (i64, i64) = (100_000, 5_000_000);

/// Where troubles of the store are told.
const PLACE: &str = "checkpoints";

/// A run that is over waits so long for calls to the store and to the outside that are under way.
const GRACE: Duration = Duration::from_secs(2);

/// What a coordinator works with.
pub(crate) struct Surroundings {
    pub(crate) commander: Arc<Commander>,
    /// Where checkpoints are counted.
    pub(crate) cells: Arc<Cells>,
    /// Where it is said what does not work.
    pub(crate) troubles: Arc<Troubles>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) generation: u64,
    /// How many checkpoints are kept.
    pub(crate) retained: usize,
    /// The cold rows of operators, which follow what is committed.
    pub(crate) cold: Arc<ColdStates>,
    /// The last epoch has to be stored, and all output delivered, within this time.
    pub(crate) patience_us: i64,
}

/// Takes checkpoints until the run is over.
pub(crate) struct Coordinator {
    surroundings: Surroundings,
    engine: Engine,
    book: Book,
    recorder: Recorder,
    inbox: UnboundedReceiver<Mail>,
    deliveries: BTreeMap<String, Delivery>,
    delivered: UnboundedReceiver<Delivered>,
    /// The newest epoch whose notes went to each delivery.
    sent: BTreeMap<String, u64>,
    storing: Option<Storing>,
    /// Who asked since the last epoch began, and who waits for the one in flight.
    asked: Vec<oneshot::Sender<Result<KeptCheckpoint>>>,
    answered_next: Vec<oneshot::Sender<Result<KeptCheckpoint>>>,
    /// What whoever asked is still reading.
    shelf: Shelf,
    begun_us: i64,
    /// When the last epoch was let go without all output delivered.
    over_us: Option<i64>,
    /// Why committed rows are not visible yet.
    waiting: Option<Error>,
}

/// An epoch on its way into the store.
#[derive(Debug)]
struct Storing {
    draft: Draft,
    /// What cold tiers take once it is committed.
    cold: Vec<LoopRows>,
    is_last: bool,
    begun_us: i64,
    attempt_us: i64,
    wait_us: i64,
}

impl Coordinator {
    pub(crate) fn new(
        surroundings: Surroundings,
        engine: Engine,
        book: Book,
        recorder: Recorder,
        inbox: UnboundedReceiver<Mail>,
        deliveries: BTreeMap<String, Delivery>,
        delivered: UnboundedReceiver<Delivered>,
    ) -> Self {
        Self {
            surroundings,
            engine,
            book,
            recorder,
            inbox,
            deliveries,
            delivered,
            sent: BTreeMap::new(),
            storing: None,
            asked: Vec::new(),
            answered_next: Vec::new(),
            shelf: Shelf::default(),
            begun_us: 0,
            over_us: None,
            waiting: None,
        }
    }

    /// Works until everything is committed and delivered after the end of all inputs, or the run is aborted.
    ///
    /// **Errors** The store has been taken over or is damaged; at the end of the run, also that the world was not ready for
    /// too long.
    pub(crate) async fn run(mut self) -> Result<()> {
        let result = self.work().await;
        // A commit that is under way is not called back: whoever runs next should not meet it.
        self.deliveries.clear();
        let all_ended = async { while self.delivered.recv().await.is_some() {} };
        if tokio::time::timeout(GRACE, all_ended).await.is_err() {
            tracing::warn!("a commit of a sink is still under way; the next start repeats it");
        }
        result
    }

    async fn work(&mut self) -> Result<()> {
        let commander = Arc::clone(&self.surroundings.commander);
        let clock = Arc::clone(&self.surroundings.clock);
        self.happen(Event::Time).await?;
        loop {
            if self.engine.is_over() && self.recorder.undelivered_count() == 0 {
                return Ok(());
            }
            let due_us = self.next_due_us();
            let due = async {
                match due_us {
                    Some(due_us) => clock.reached(due_us).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = commander.aborted() => return Ok(()),
                Some(mail) = self.inbox.recv() => self.take(mail).await?,
                Some(delivered) = self.delivered.recv() => self.take_delivered(delivered)?,
                () = due => self.on_time().await?,
            }
        }
    }

    fn next_due_us(&self) -> Option<i64> {
        let storing = self.storing.as_ref().map(|storing| storing.attempt_us);
        let patience = self
            .over_us
            .map(|over_us| over_us.saturating_add(self.surroundings.patience_us));
        [self.engine.next_due_us(), storing, patience]
            .into_iter()
            .flatten()
            .min()
    }

    async fn take(&mut self, mail: Mail) -> Result<()> {
        match mail {
            Mail::Asked(answer) => {
                if self.engine.is_over() {
                    let _ = answer.send(Err(Error::Cancelled {
                        subtask: "the checkpoint".into(),
                    }));
                    return Ok(());
                }
                self.asked.push(answer);
                self.happen(Event::Asked).await
            }
            Mail::Part(part) => {
                let event = match &part {
                    CheckpointPart::Acknowledged { barrier, loop_id } => {
                        Event::Acknowledged(barrier.epoch, *loop_id)
                    }
                    CheckpointPart::InputEnded { loop_id } => Event::InputEnded(*loop_id),
                    CheckpointPart::Wanted => Event::Asked,
                    _ => {
                        self.book.take(part);
                        return Ok(());
                    }
                };
                self.happen(event).await
            }
        }
    }

    async fn on_time(&mut self) -> Result<()> {
        let now_us = self.surroundings.clock.now_us();
        if let Some(over_us) = self.over_us
            && now_us >= over_us.saturating_add(self.surroundings.patience_us)
        {
            return Err(self.undelivered());
        }
        if self
            .storing
            .as_ref()
            .is_some_and(|storing| now_us >= storing.attempt_us)
        {
            self.store().await?;
        }
        self.happen(Event::Time).await
    }

    /// Tells the engine, and does what follows.
    async fn happen(&mut self, event: Event) -> Result<()> {
        let now_us = self.surroundings.clock.now_us();
        for command in self.engine.on_event(now_us, event) {
            match command {
                Command::Begin(epoch) => {
                    fail_point("coordinator.begun", || self.object(epoch))?;
                    self.begin(epoch, now_us);
                }
                Command::GiveUp(epoch) => {
                    fail_point("coordinator.given.up", || self.object(epoch))?;
                    tracing::warn!(epoch, "barriers took too long: the checkpoint is given up");
                    self.surroundings.cells.add(Metric::CheckpointsGivenUp, 1);
                    self.surroundings.troubles.begin(PLACE, timed_out(epoch));
                    self.answer(|| Err(timed_out(epoch)));
                }
                Command::Store { epoch, is_last } => {
                    fail_point("coordinator.acknowledged", || self.object(epoch))?;
                    let draft = self.book.draft(epoch);
                    self.storing = Some(Storing {
                        cold: self.surroundings.cold.rows_of(&draft),
                        draft,
                        is_last,
                        begun_us: now_us,
                        attempt_us: now_us,
                        wait_us: RETRY_US.0,
                    });
                    Box::pin(self.store()).await?;
                }
                Command::LetGo => {
                    fail_point("coordinator.over", || self.recorder.app().to_owned())?;
                    self.surroundings.commander.let_go();
                    self.over_us = Some(now_us);
                }
            }
        }
        Ok(())
    }

    /// An epoch, for fail points.
    fn object(&self, epoch: u64) -> String {
        format!("{} {epoch}", self.recorder.app())
    }

    fn begin(&mut self, epoch: u64, now_us: i64) {
        self.begun_us = now_us;
        self.answered_next = std::mem::take(&mut self.asked);
        self.surroundings.commander.ask_barrier(Barrier {
            generation: self.surroundings.generation,
            epoch,
        });
    }

    /// Tries to store the epoch that is to be stored.
    async fn store(&mut self) -> Result<()> {
        let Some(mut storing) = self.storing.take() else {
            return Ok(());
        };
        let epoch = storing.draft.epoch;
        let commander = Arc::clone(&self.surroundings.commander);
        let recorded = {
            // What cannot be made durable is not tried again: a disk that failed once may say that all is well the next time.
            tokio::select! {
                biased;
                () = commander.aborted() => return Ok(()),
                durable = storing.draft.durable() => durable?,
            }
            let mut recording = pin!(self.recorder.record(&mut storing.draft, &mut self.book));
            tokio::select! {
                biased;
                () = commander.aborted() => {
                    // A call that is under way is not called back: whoever opens the store next should not meet it.
                    let _ = tokio::time::timeout(GRACE, recording).await;
                    return Ok(());
                }
                recorded = &mut recording => recorded,
            }
        };
        match recorded {
            Ok(recorded) => {
                self.committed(epoch, &storing, recorded)?;
                fail_point("coordinator.committed", || self.object(epoch))?;
                if let Err(error) = self
                    .recorder
                    .tidy(self.surroundings.retained, &self.shelf.sequences())
                    .await
                {
                    tracing::warn!("old checkpoints cannot be removed: {error}");
                }
                Box::pin(self.happen(Event::Committed)).await
            }
            Err(error)
                if error.kind() == ErrorKind::Environment && !matches!(error, Error::TakenOver { .. }) =>
            {
                let now_us = self.surroundings.clock.now_us();
                self.surroundings.cells.add(Metric::CheckpointsFailed, 1);
                self.surroundings.troubles.begin(PLACE, &error);
                // Who asked since would wait for this one, too.
                self.answered_next.append(&mut self.asked);
                self.answer(|| Err(error.clone()));
                let is_patient = now_us - storing.begun_us < self.surroundings.patience_us;
                if storing.is_last && !is_patient {
                    return Err(error);
                }
                tracing::warn!(
                    epoch,
                    "the checkpoint cannot be stored, the stream goes on: {error}"
                );
                storing.attempt_us = now_us.saturating_add(storing.wait_us);
                storing.wait_us = (storing.wait_us * 2).min(RETRY_US.1);
                self.storing = Some(storing);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// An epoch is durable: sinks deliver what belongs to it, sources learn of it.
    fn committed(&mut self, epoch: u64, storing: &Storing, recorded: Recorded) -> Result<()> {
        for (operator_id, delivery) in &self.deliveries {
            let after = self.sent.get(operator_id).copied();
            let notes = self.recorder.notes_of(operator_id, after, epoch);
            if !notes.is_empty() {
                self.sent.insert(operator_id.clone(), epoch);
                delivery.send(notes);
            }
        }
        self.surroundings.cold.apply(epoch, &storing.cold)?;
        // Sources that wait for room go on from here.
        self.surroundings.commander.committed(epoch);
        let now_us = self.surroundings.clock.now_us();
        let cells = &self.surroundings.cells;
        let since =
            |from_us: i64, to_us: i64| u64::try_from(to_us.saturating_sub(from_us)).unwrap_or_default();
        let (align_us, store_us) = (
            since(self.begun_us, storing.begun_us),
            since(storing.begun_us, now_us),
        );
        cells.add(Metric::CheckpointsCommitted, 1);
        cells.add(Metric::CheckpointAlignUs, align_us);
        cells.add(Metric::CheckpointStoreUs, store_us);
        cells.set(Metric::CheckpointLastAlignUs, align_us as i64);
        cells.set(Metric::CheckpointLastStoreUs, store_us as i64);
        let new_bytes = recorded.new_bytes;
        cells.add(Metric::CheckpointBytes, new_bytes);
        cells.set(Metric::CheckpointLastBytes, new_bytes as i64);
        cells.set(Metric::CheckpointStoredBytes, recorded.total_bytes as i64);
        cells.set(Metric::CheckpointLastUs, now_us);
        cells.set(Metric::CheckpointEpoch, epoch as i64);
        cells.set(Metric::CommitsWaiting, self.recorder.undelivered_count() as i64);
        self.surroundings.troubles.end(PLACE);
        let (shelf, sequence) = (self.shelf.clone(), self.recorder.newest_sequence());
        self.answer(|| Ok(shelf.keep(epoch, sequence)));
        Ok(())
    }

    fn take_delivered(&mut self, delivered: Delivered) -> Result<()> {
        match delivered {
            Delivered::UpTo { operator_id, epoch } => {
                self.recorder.delivered(&operator_id, epoch);
                let waiting = self.recorder.undelivered_count();
                self.surroundings
                    .cells
                    .set(Metric::CommitsWaiting, waiting as i64);
                self.surroundings.troubles.end(&operator_id);
                self.waiting = None;
                Ok(())
            }
            Delivered::Waiting { operator_id, error } => {
                tracing::warn!(sink = operator_id, "committed rows wait for the outside: {error}");
                self.surroundings.troubles.begin(&operator_id, &error);
                self.waiting = Some(error);
                Ok(())
            }
            Delivered::Slow { operator_id } => {
                tracing::warn!(sink = operator_id, "{SLOW}");
                self.surroundings.troubles.begin_unless_told(&operator_id, SLOW);
                Ok(())
            }
            Delivered::Failed(error) => Err(error),
        }
    }

    fn answer(&mut self, answer: impl Fn() -> Result<KeptCheckpoint>) {
        for asked in self.answered_next.drain(..) {
            // Who does not wait any more need not be told.
            let _ = asked.send(answer());
        }
    }

    /// The run ends, but not everything that is committed could be made visible.
    fn undelivered(&mut self) -> Error {
        self.waiting.take().unwrap_or_else(|| Error::Connector {
            connector: "checkpoint",
            object: "output".into(),
            message: "committed rows could not be delivered in time; the next start delivers them".into(),
            kind: ErrorKind::Environment,
            source: None,
        })
    }
}

fn timed_out(epoch: u64) -> Error {
    Error::Connector {
        connector: "checkpoint",
        object: epoch.to_string(),
        message: "its barriers did not come through in time".into(),
        kind: ErrorKind::Environment,
        source: None,
    }
}
