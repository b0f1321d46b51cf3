//! One subtask that follows its files in turns.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::StringArray;
use async_trait::async_trait;
use eventflux_core::Result;
use eventflux_core::connector::{
    DecoderMaker, Source, SourceContext, SourceEvent, SourcePosition, SourceRows,
};
use eventflux_core::time::Clock;

use super::identity::Identity;
use super::plan::{FollowPlan, is_compressed};
use super::tail::Tail;
use crate::byte_stream::io_failed;
use crate::connector::file::path_pattern::PathPattern;
use crate::metadata_column::MetadataColumns;

/// The position that says that there was a first start, also without any file.
pub const BEGUN: &str = "begun";

/// How often files are looked for.
const SCAN_INTERVAL_US: i64 = 500_000;
/// A file that is not found any more is let go when it has not grown for this long: whoever renames a log file tells its
/// writer later.
const LINGER_US: i64 = 30_000_000;
/// How long to wait for bytes, at first and at the most.
const WAIT_MIN: Duration = Duration::from_millis(5);
const WAIT_MAX: Duration = Duration::from_millis(200);

/// One subtask.
pub struct FollowSource {
    pattern: PathPattern,
    decoder: Arc<DecoderMaker>,
    columns: MetadataColumns,
    subtask: usize,
    parallelism: usize,
    rows_max: usize,
    clock: Arc<dyn Clock>,
    tails: Vec<Followed>,
    /// Whose turn it is.
    turn: usize,
    /// Names of files, old and new ones of one name together.
    partitions: Vec<Option<String>>,
    has_new_partitions: bool,
    scanned_at_us: i64,
    wait: Duration,
}

struct Followed {
    tail: Tail,
    partition: usize,
    /// Whether it was found at the last look.
    is_listed: bool,
}

impl FollowSource {
    /// A subtask without files.
    pub fn new(plan: &FollowPlan, context: &SourceContext) -> Self {
        Self {
            pattern: plan.pattern.clone(),
            decoder: Arc::clone(&plan.decoder),
            columns: plan.columns.clone(),
            subtask: context.subtask,
            parallelism: context.parallelism,
            rows_max: context.batch_rows_max,
            clock: Arc::clone(&context.clock),
            tails: Vec::new(),
            turn: 0,
            partitions: Vec::new(),
            has_new_partitions: false,
            scanned_at_us: context.clock.now_us(),
            wait: WAIT_MIN,
        }
    }

    /// Begins to follow a file, if it is this subtask's.
    pub fn begin(&mut self, path: &Path, identity: Identity, offset: u64) -> Result<()> {
        if identity.owner(self.parallelism) != self.subtask {
            return Ok(());
        }
        let Some(tail) = Tail::open(path, (self.decoder)(), offset, self.clock.now_us())? else {
            return Ok(());
        };
        // Between the look and the opening the name may have gone to another file, whose turn comes with the next look.
        if tail.identity() != identity {
            return Ok(());
        }
        let is_same = |name: &Option<String>| name.as_deref() == Some(tail.name());
        let partition = self.partitions.iter().position(is_same).unwrap_or_else(|| {
            self.partitions.push(Some(tail.name().to_owned()));
            self.has_new_partitions = true;
            self.partitions.len() - 1
        });
        self.tails.push(Followed {
            tail,
            partition,
            is_listed: true,
        });
        Ok(())
    }

    /// Looks for new files, and for those that are gone.
    fn scan(&mut self) -> Result<()> {
        let failed = |path: &Path, error| io_failed("file", &path.display().to_string(), error);
        let listed = self
            .pattern
            .list()
            .map_err(|error| failed(self.pattern.path(), error))?;
        let mut found = HashSet::new();
        for path in listed.iter().filter(|path| !is_compressed(path)) {
            let Ok(metadata) = fs::metadata(path) else {
                continue;
            };
            let identity = Identity::of(&metadata);
            found.insert(identity);
            if metadata.is_file()
                && !self
                    .tails
                    .iter()
                    .any(|followed| followed.tail.identity() == identity)
            {
                self.begin(path, identity, 0)?;
            }
        }
        for followed in &mut self.tails {
            followed.is_listed = found.contains(&followed.tail.identity());
        }
        Ok(())
    }

    /// Lets go of files that are gone and quiet.
    fn close_quiet(&mut self, now_us: i64) {
        for Followed { tail, is_listed, .. } in &mut self.tails {
            let is_quiet = tail
                .waiting_since_us()
                .is_some_and(|since_us| now_us - since_us >= LINGER_US);
            if !*is_listed && is_quiet {
                tail.close();
            }
        }
        self.tails.retain(|followed| !followed.tail.is_closed());
        for (index, name) in self.partitions.iter_mut().enumerate() {
            if name.is_some() && !self.tails.iter().any(|followed| followed.partition == index) {
                *name = None;
                self.has_new_partitions = true;
            }
        }
    }

    /// The next rows of whichever file has some.
    fn next_rows(&mut self, now_us: i64) -> Result<Option<SourceRows>> {
        let count = self.tails.len();
        for offset in 0..count {
            let index = (self.turn + offset) % count;
            let Followed { tail, partition, .. } = &mut self.tails[index];
            if let Some((rows, bad)) = tail.next(self.rows_max, now_us)? {
                self.turn = index + 1;
                let row_count = rows.num_rows();
                let path = || {
                    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                        tail.name(),
                        row_count,
                    )))
                };
                let rows = self.columns.assemble(rows, |_| path())?;
                return Ok(Some(SourceRows {
                    partition: *partition,
                    rows,
                    bad,
                }));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Source for FollowSource {
    async fn next(&mut self) -> Result<SourceEvent> {
        loop {
            let now_us = self.clock.now_us();
            // A clock that was set back does not stop the looking.
            if !(0..SCAN_INTERVAL_US).contains(&(now_us - self.scanned_at_us)) {
                self.scanned_at_us = now_us;
                self.scan()?;
                self.close_quiet(now_us);
            }
            if std::mem::take(&mut self.has_new_partitions) {
                return Ok(SourceEvent::Partitions);
            }
            if let Some(rows) = self.next_rows(now_us)? {
                self.wait = WAIT_MIN;
                return Ok(SourceEvent::Rows(rows));
            }
            tokio::time::sleep(self.wait).await;
            self.wait = (self.wait * 2).min(WAIT_MAX);
        }
    }

    fn partitions(&self) -> Vec<Option<String>> {
        self.partitions.clone()
    }

    fn positions(&self) -> Vec<SourcePosition> {
        let begun = SourcePosition {
            partition: self.pattern.path().display().to_string(),
            position: BEGUN.to_owned(),
        };
        let bookmarks = self
            .tails
            .iter()
            .map(|followed| followed.tail.bookmark().to_position());
        std::iter::once(begun).chain(bookmarks).collect()
    }
}
