//! The process that leads a run whose loops run in several.

use std::sync::Arc;

use tokio::sync::watch;

use super::orders::Orders;
use super::outcome::Ledger;
use super::running::RunningApp;
use super::runtime::{Runtime, open};
use super::share::ShareStart;
use super::staff::Staff;
use crate::checkpoint::ShareReport;
use crate::checkpoint::coordinator::Mailbox;
use crate::error::{Error, Result};

/// The lead of a run: decides when checkpoints are taken, publishes them and has sinks commit. It runs no loop itself.
pub struct RunningLead {
    /// The run as a whole: it can be finished, stopped, aborted and waited for. Its metrics are those of checkpoints.
    pub app: RunningApp,
    /// The generation that it has claimed. The run of any other generation is over, or will be refused at its next commit.
    pub generation: u64,
    /// What all processes go on from.
    pub from: Option<ShareStart>,
    /// What every share has to be told, whenever it changes.
    pub orders: watch::Receiver<Orders>,
    /// Where it is told what shares report.
    pub reports: ReportSink,
}

/// Tells the lead of a run what its shares report.
#[derive(Debug, Clone)]
pub struct ReportSink(Mailbox);

impl ReportSink {
    /// Takes what a share has to say. Reports of one loop have to come in their order, each once.
    pub fn take(&self, report: ShareReport) {
        self.0.report(report);
    }
}

impl Runtime {
    /// Leads a run all loops of which run as shares: claims a generation, says when checkpoints are taken, publishes them, and
    /// has sinks commit.
    ///
    /// **Errors** The run has no store; its newest checkpoint does not fit the plan or cannot be read; a sink cannot repeat
    /// its last commits.
    pub fn start_lead(self) -> Result<RunningLead> {
        self.check_unlimited()?;
        let (shared, tokio) = self.shared(false)?;
        let loops = self.loops();
        let (checkpointing, is_continued) = open(&tokio, || {
            let mut checkpointing = self.begin_checkpointing(&tokio)?.ok_or(Error::NoStore)?;
            let is_continued = checkpointing.go_on(&loops, &self.layout(), None, &tokio)?;
            Ok((checkpointing, is_continued))
        })?;
        let from = checkpointing.restored().map(|restored| ShareStart {
            store: Arc::clone(restored.store()),
            manifest: restored.manifest().clone(),
            is_continued,
        });
        let (generation, mailbox) = (checkpointing.generation(), checkpointing.mailbox().clone());
        let ledger = Arc::new(Ledger::new(1));
        let staff = Staff {
            shared: &shared,
            ledger: &ledger,
            tokio: &tokio,
        };
        let orders = shared.commander.follow();
        staff.coordinate(checkpointing.coordinator(&self.config, &loops, &shared));
        let clock = Arc::clone(&self.config.clock);
        Ok(RunningLead {
            app: RunningApp::new(shared, ledger, Some(mailbox.clone()), clock),
            generation,
            from,
            orders,
            reports: ReportSink(mailbox),
        })
    }
}
