//! One loop.

use std::sync::Arc;

use super::head::{Head, Taken};
use crate::error::{Error, Result};
use crate::metrics::{BarrierStops, Metric};
use crate::runtime::chain::Next;
use crate::runtime::orders::{Orders, Phase};
use crate::runtime::task::{Drive, Task};
use crate::time::with_task_clock;

/// Rows that an exchange holds back are sent at the latest after this time, microseconds.
const FLUSH_INTERVAL_US: i64 = 5_000;

/// Gauges are brought up to date this often, microseconds.
const MEASURE_INTERVAL_US: i64 = 100_000;

/// What was frozen at a barrier is copied for no longer than this at a time, microseconds.
const COPY_US_MAX: i64 = 4_000;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// There may be more to do.
    Worked,
    /// Nothing is at hand.
    Waiting,
    /// The last element has been carried through.
    Ended,
}

/// A loop, one step at a time: a thread steps and waits, a stepper steps all in turn.
///
/// ```text
///           element, timer            nothing at hand
///        ┌────────────────┐        ┌──────────────────────────────┐
///        ▼                │        ▼                              │
///      step() ──Worked────┘      step() ──Waiting──► pause(), wait()
///        │
///        └──Ended──► the loop is over
/// ```
pub(crate) struct Subtask {
    task: Arc<Task>,
    head: Head,
    /// The orders that the last step followed.
    known_orders: Orders,
    /// Up to when time is accounted for, and how much backpressure was by then.
    accounted_us: i64,
    backpressured_us: u64,
    flushed_us: i64,
    measured_us: i64,
    /// When something frozen was copied last.
    copied_us: i64,
}

impl Subtask {
    pub(crate) fn new(task: Arc<Task>, head: Head) -> Self {
        let now_us = task.clock.now_us();
        let known_orders = *task.orders.borrow();
        Self {
            known_orders,
            task,
            head,
            accounted_us: now_us,
            backpressured_us: 0,
            flushed_us: now_us,
            measured_us: now_us,
            copied_us: now_us,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.task.name
    }

    /// Prepares the first step: from now on time counts, also before the loop has its thread.
    pub(crate) fn open(&mut self) -> Result<()> {
        with_task_clock(self.accounted_us, || self.head.open())
    }

    /// Carries one element through the chain, and calls operators whose time has come. Never waits for input.
    pub(crate) fn step(&mut self) -> Result<Step> {
        let now_us = self.account_busy();
        let orders = *self.task.orders.borrow();
        self.known_orders = orders;
        if orders.phase == Phase::Aborted {
            return Err(self.task.cancelled());
        }
        with_task_clock(now_us, || {
            self.fire(now_us)?;
            if now_us.saturating_sub(self.flushed_us) >= FLUSH_INTERVAL_US {
                self.flushed_us = now_us;
                self.head.each_branch(Next::flush_exchanges)?;
            }
            if now_us.saturating_sub(self.measured_us) >= MEASURE_INTERVAL_US {
                self.measured_us = now_us;
                self.measure()?;
            }
            self.copy_frozen(now_us)?;
            match self.head.take(orders)? {
                Taken::Element => Ok(Step::Worked),
                Taken::Nothing if self.head.has_frozen() => {
                    self.head.each_branch(Next::pause)?;
                    Ok(Step::Worked)
                }
                Taken::Nothing => Ok(Step::Waiting),
                Taken::Last => {
                    self.measure()?;
                    Ok(Step::Ended)
                }
            }
        })
    }

    /// Copies of what was frozen at a barrier: a slice at least, and for as long as the loop has done other things since.
    fn copy_frozen(&mut self, now_us: i64) -> Result<()> {
        if !self.head.has_frozen() {
            self.copied_us = now_us;
            return Ok(());
        }
        let allowed_us = now_us.saturating_sub(self.copied_us).min(COPY_US_MAX);
        loop {
            self.head.copy_frozen()?;
            let until_us = self.task.clock.now_us();
            let spent_us = until_us.saturating_sub(now_us);
            if !self.head.has_frozen() || spent_us >= allowed_us {
                BarrierStops::record_copy(&self.task.cells, spent_us.max(0) as u64);
                self.copied_us = until_us;
                return Ok(());
            }
        }
    }

    /// Carries through everything at hand, then calls operators whose time has come: this loop's share of a step.
    pub(crate) fn settle(&mut self) -> Result<Step> {
        let now_us = self.task.clock.now_us();
        let orders = *self.task.orders.borrow();
        with_task_clock(now_us, || {
            self.head.follow_clock()?;
            loop {
                match self.head.take(orders)? {
                    Taken::Element => {}
                    Taken::Nothing => break,
                    Taken::Last => {
                        self.measure()?;
                        return Ok(Step::Ended);
                    }
                }
            }
            self.fire(now_us)?;
            self.head.each_branch(Next::pause)?;
            self.measure()?;
            Ok(Step::Waiting)
        })
    }

    /// Calls operators whose time has come.
    fn fire(&mut self, now_us: i64) -> Result<()> {
        match self.head.next_due_us() {
            Some(due_us) if due_us <= now_us => self.head.fire(now_us),
            _ => Ok(()),
        }
    }

    /// When the clock next changes something.
    pub(crate) fn next_due_us(&mut self) -> Option<i64> {
        self.head.next_due_us()
    }

    /// Nothing is at hand: what was held back for company is sent, what sinks buffer becomes visible.
    pub(crate) fn pause(&mut self) -> Result<()> {
        let now_us = self.account_busy();
        with_task_clock(now_us, || self.head.each_branch(Next::pause))
    }

    /// Waits for an element, an order, or a due time.
    pub(crate) fn wait(&mut self) -> Result<()> {
        let Drive::Threads(tokio) = &self.task.drive else {
            return Err(Error::Bug(format!(
                "{} would have to wait in a stepped run",
                self.task.name
            )));
        };
        let tokio = tokio.clone();
        self.account_busy();
        let due_us = self.head.next_due_us();
        let clock = Arc::clone(&self.task.clock);
        let due = async {
            match due_us {
                Some(due_us) => clock.reached(due_us).await,
                None => std::future::pending().await,
            }
        };
        // Against the orders of the last step: one that came since must not be missed.
        let known = self.known_orders;
        let mut orders = self.task.orders.clone();
        tokio.block_on(async {
            tokio::select! {
                biased;
                _ = orders.wait_for(|orders| *orders != known) => {}
                () = self.head.ready() => {}
                () = due => {}
            }
        });
        let now_us = self.task.clock.now_us();
        let waited_us = elapsed_us(self.accounted_us, now_us);
        if self.head.waits_for_room() {
            self.task.cells.add(Metric::BackpressuredUs, waited_us);
            self.backpressured_us = self.task.cells.count(Metric::BackpressuredUs);
        } else {
            self.task.cells.add(Metric::IdleUs, waited_us);
        }
        self.accounted_us = now_us;
        Ok(())
    }

    fn measure(&mut self) -> Result<()> {
        self.head.each_branch(|branch| {
            branch.measure();
            Ok(())
        })
    }

    /// Counts the time since the last account as busy, less what was backpressure.
    fn account_busy(&mut self) -> i64 {
        let now_us = self.task.clock.now_us();
        let backpressured_us = self.task.cells.count(Metric::BackpressuredUs);
        let waited_us = backpressured_us.wrapping_sub(self.backpressured_us);
        let busy_us = elapsed_us(self.accounted_us, now_us).saturating_sub(waited_us);
        self.task.cells.add(Metric::BusyUs, busy_us);
        self.backpressured_us = backpressured_us;
        self.accounted_us = now_us;
        now_us
    }
}

fn elapsed_us(from_us: i64, to_us: i64) -> u64 {
    u64::try_from(to_us.saturating_sub(from_us)).unwrap_or_default()
}
