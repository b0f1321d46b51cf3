//! The commands, and those that look at what there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eventflux::arrow::datatypes::TimeUnit;
use eventflux::checkpoint::{Inspection, Revision, block_on_store, inspect, revisions};
use eventflux::persistence::DirectoryStore;
use eventflux::time::iso::write_timestamp;
use eventflux::{Error, Result};
use indicatif::{BinaryBytes, HumanCount};

use super::create::create;
use crate::args::{Global, SavepointCommand};
use crate::config::Effective;
use crate::exit::Exit;
use crate::print::{columns, to_stdout};
use crate::report;
use crate::state::reader;

/// What makes a directory one with checkpoints.
const MANIFESTS: &str = "manifests";

/// Carries a command out.
pub fn savepoint(command: &SavepointCommand, global: &Global, effective: &Effective) -> Exit {
    let done = match command {
        SavepointCommand::Create(arguments) => return create(arguments, global, effective),
        SavepointCommand::List { path } => list(path),
        SavepointCommand::Inspect { path, epoch } => show(path, *epoch),
        SavepointCommand::Rm { path } => return remove(path),
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => Exit::before_start(&error),
    }
}

fn list(path: &Path) -> Result<()> {
    let places: Vec<PathBuf> = match path.join(MANIFESTS).is_dir() {
        true => vec![path.to_owned()],
        false => savepoints_in(path)?,
    };
    let mut lines = vec![["checkpoint", "written", "app", "state", "path"].map(str::to_owned)];
    for place in places {
        for revision in block_on_store(revisions(reader(&place)?))? {
            lines.push(line(&revision, &place));
        }
    }
    to_stdout(&columns(&lines));
    Ok(())
}

/// The directories with checkpoints in a directory, by name.
fn savepoints_in(path: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| {
        let place = path.display().to_string();
        Error::connector("savepoint", place, eventflux::ErrorKind::Input, error)
    };
    let mut places = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let place = entry.map_err(failed)?.path();
        if place.join(MANIFESTS).is_dir() {
            places.push(place);
        }
    }
    places.sort();
    Ok(places)
}

fn line(revision: &Revision, place: &Path) -> [String; 5] {
    [
        revision.id.to_string(),
        time(revision.created_at_us),
        revision.app.clone(),
        BinaryBytes(revision.state_bytes).to_string(),
        place.display().to_string(),
    ]
}

fn show(path: &Path, epoch: Option<u64>) -> Result<()> {
    let inspection = block_on_store(inspect(reader(path)?, epoch))?;
    to_stdout(&description(&inspection));
    Ok(())
}

fn description(inspection: &Inspection) -> String {
    let revision = &inspection.revision;
    let mut text = format!(
        "checkpoint {} of `{}`, written {}, parallelism {}\n",
        revision.id,
        revision.app,
        time(revision.created_at_us),
        revision.parallelism
    );
    let mut lines = vec![["operator", "id", "rows", "bytes", "watermark"].map(str::to_owned)];
    lines.extend(inspection.operators.iter().map(|operator| {
        [
            operator.name.clone(),
            operator.operator_id.clone(),
            HumanCount(operator.row_count).to_string(),
            BinaryBytes(operator.plain_bytes).to_string(),
            operator.watermark_us.map_or_else(String::new, watermark),
        ]
    }));
    text.push_str("\nstate\n");
    text.push_str(&columns(&lines));
    let mut lines = vec![["source", "partition", "position"].map(str::to_owned)];
    let positions = inspection.positions.iter().cloned();
    lines.extend(positions.map(|(source, partition, position)| [source, partition, position]));
    text.push_str("\npositions\n");
    text.push_str(&columns(&lines));
    if !inspection.undelivered.is_empty() {
        text.push_str("\nto be committed at the start\n");
        for (sink, epochs) in &inspection.undelivered {
            // Each subtask of a sink has its own rows of an epoch.
            let epochs: BTreeSet<u64> = epochs.iter().copied().collect();
            let epochs: Vec<String> = epochs.iter().map(u64::to_string).collect();
            text.push_str(&format!("{sink}  checkpoint {}\n", epochs.join(", ")));
        }
    }
    text
}

fn remove(path: &Path) -> Exit {
    if !path.join(MANIFESTS).is_dir() {
        report::mistake(format_args!("{} is no savepoint", path.display()));
        return Exit::Usage;
    }
    // Whoever uses it holds it.
    let held = match DirectoryStore::open(path) {
        Ok(held) => held,
        Err(error) => return Exit::before_start(&error),
    };
    let removed = std::fs::remove_dir_all(path);
    drop(held);
    match removed {
        Ok(()) => Exit::Done,
        Err(error) => {
            report::mistake(format_args!("{} cannot be removed: {error}", path.display()));
            Exit::Environment
        }
    }
}

/// A moment as text.
pub(super) fn time(time_us: i64) -> String {
    let mut text = Vec::new();
    write_timestamp(time_us / 1_000_000, TimeUnit::Second, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn watermark(watermark_us: i64) -> String {
    if watermark_us == i64::MAX {
        "end of input".to_owned()
    } else {
        time(watermark_us)
    }
}
