//! The limit, and what it leaves to each.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::operator::Residence;
use crate::plan::PhysicalPlan;
use crate::state::segment::FoldLimits;

/// How much memory a run may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryLimit {
    /// Bytes for everything that grows with the rows.
    pub bytes: u64,
    /// The part of them that is for state; without it, half.
    pub state_bytes: Option<u64>,
    /// Where state is put that does not fit.
    pub folder: PathBuf,
    /// In a run with checkpoints: what is in the folder is used again by the next start. Otherwise it goes into a folder of
    /// its own in there, which is gone at the end.
    pub is_kept: bool,
}

/// The smallest limit that is of any use.
const BYTES_MIN: u64 = 8 << 20;

impl MemoryLimit {
    /// Refuses a limit that cannot be kept for a plan.
    pub(crate) fn check(&self, plan: &PhysicalPlan) -> Result<()> {
        let refused = |message: String| Error::Option {
            key: "memory limit".into(),
            message,
        };
        if cfg!(not(feature = "spill")) {
            return Err(refused(
                "this program was built without the feature `spill`".into(),
            ));
        }
        if self.bytes < BYTES_MIN {
            let (bytes, least) = (self.bytes, BYTES_MIN >> 20);
            return Err(refused(format!(
                "{bytes} bytes are too few, it takes {least} MiB at least"
            )));
        }
        for node in &plan.nodes {
            if let Residence::Memory(what) = Residence::of(plan, node) {
                return Err(refused(format!(
                    "`{}` ({}) keeps {what}, which have to stay in memory; with PARTITION BY or a key they need not",
                    node.name, node.operator_id
                )));
            }
        }
        Ok(())
    }

    /// How much of a base that is made of deltas is in memory at a time.
    pub(crate) fn fold_limits(&self) -> FoldLimits {
        let limits = FoldLimits::default();
        FoldLimits {
            part_bytes: limits.part_bytes.min(self.bytes / 32),
            segment_bytes: self.bytes / 32,
        }
    }

    /// Rows per batch: few where memory is small, since rows may be wide.
    pub(crate) fn batch_rows(&self, rows_max: usize) -> usize {
        let rows = usize::try_from(self.bytes >> 16).unwrap_or(usize::MAX);
        rows.min(rows_max)
    }

    /// Bytes that may wait on an edge, of so many at the most.
    pub(crate) fn edge_bytes(&self, parallelism: usize, bytes_max: usize) -> usize {
        let share = usize::try_from(self.bytes).unwrap_or(usize::MAX) / 64 / parallelism.max(1);
        share.max(64 << 10).min(bytes_max)
    }
}
