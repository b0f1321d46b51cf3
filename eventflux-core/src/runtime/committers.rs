//! Opens what commits the rows of sinks.

use std::thread;

use crate::connector::{CommitContext, CommitNote, ExactlyOncePlan, SinkCommitter};
use crate::error::{Error, ErrorKind, Result};
use crate::fail_point::fail_point;

/// A sink that writes exactly once, before its run.
pub(super) struct Output<'a> {
    pub(super) operator_id: &'a str,
    pub(super) exactly_once: &'a dyn ExactlyOncePlan,
    pub(super) context: CommitContext,
    /// What the restored checkpoint has for it.
    pub(super) notes: Vec<CommitNote>,
}

/// Its operator's id, and what commits.
pub(super) type Opened<'a> = (&'a str, Box<dyn SinkCommitter>);

/// Opens what commits and repeats the commits of the restored checkpoint.
///
/// All are opened before anything is committed, so that a start that is refused changes nothing, and side by side: what a
/// killed run has left to one may be in the way of another until its own committer has seen to it.
pub(super) fn open_committers(outputs: Vec<Output<'_>>) -> Result<Vec<Opened<'_>>> {
    let opened = side_by_side(outputs, |output| {
        let _guard = output.context.tokio.enter();
        let committer = output.exactly_once.committer(&output.context)?;
        fail_point("restore.committer.opened", || output.operator_id.to_owned())?;
        Ok((output, committer))
    })?;
    side_by_side(opened, |(output, mut committer)| {
        if !output.notes.is_empty() {
            let tokio = &output.context.tokio;
            tokio.block_on(committer.commit(&output.notes))?;
            fail_point("restore.commit.repeated", || output.operator_id.to_owned())?;
        }
        Ok((output.operator_id, committer))
    })
}

/// Does something that may block with each of some things; the first error is that of all.
fn side_by_side<T: Send, R: Send>(things: Vec<T>, work: impl Fn(T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let work = &work;
    thread::scope(|scope| {
        let start = |thing| {
            thread::Builder::new()
                .name("eventflux-open".into())
                .spawn_scoped(scope, move || work(thing))
        };
        let threads: Vec<_> = things.into_iter().map(start).collect();
        let results = threads.into_iter().map(|thread| {
            let thread = thread.map_err(|error| {
                Error::connector("thread", "eventflux-open", ErrorKind::Environment, error)
            })?;
            let panicked = |_| Err(Error::Bug("a connector panicked while it opened".into()));
            thread.join().unwrap_or_else(panicked)
        });
        // Each is waited for, also after an error.
        results.collect::<Vec<_>>().into_iter().collect()
    })
}
