//! `eventflux check`: parse, plan and lint, offline.

use std::path::{Path, PathBuf};

use eventflux::connector::SinkPromise;
use eventflux::sql::CompiledApp;
use eventflux::{built_in_registry, sink_deliveries};

use crate::app_text::{self, Shown};
use crate::args::{CheckArgs, DiagnosticFormat, Global};
use crate::exit::Exit;
use crate::report;

/// Checks all files; every mistake of every file is shown.
pub fn check(arguments: &CheckArgs, global: &Global) -> Exit {
    let shown = Shown::new(arguments.format, global);
    let context = match app_text::context_of(&arguments.settings) {
        Ok(context) => context,
        Err(exit) => return exit,
    };
    let files = match files(&arguments.paths) {
        Ok(files) => files,
        Err(exit) => return exit,
    };
    let mut is_good = true;
    for file in &files {
        let checked = app_text::read(file).and_then(|source| app_text::compiled(&source, &context, shown));
        is_good &= checked.is_ok();
        if let Ok(app) = checked
            && !global.quiet
        {
            tell_promises(file, &app, arguments.format);
        }
    }
    if is_good { Exit::Done } else { Exit::Usage }
}

/// Names the sinks that may write a row again, also in a run with checkpoints.
fn tell_promises(file: &Path, app: &CompiledApp, format: DiagnosticFormat) {
    let sinks = sink_deliveries(&app.plan, &built_in_registry());
    for sink in &sinks {
        let repeats = match sink.promise {
            SinkPromise::ExactlyOnce => continue,
            SinkPromise::KeyedAtLeastOnce => {
                "after a failure some requests come again, with checkpoints too, but then with the `Idempotency-Key` that they had"
            }
            SinkPromise::AtLeastOnce => "after a failure some rows come again, with checkpoints too",
        };
        let message = format!(
            "sink `{}` ({}) delivers at least once: {repeats}",
            sink.stream, sink.connector
        );
        let file = file.display().to_string();
        report::plain(&match format {
            DiagnosticFormat::Full | DiagnosticFormat::Concise => {
                format!("{file}: note[at-least-once]: {message}\n")
            }
            DiagnosticFormat::Json => {
                let note = serde_json::json!({
                    "code": "at-least-once", "severity": "note", "message": message, "file": file,
                });
                format!("{note}\n")
            }
        });
    }
}

/// The files themselves, and the `*.sql` files below directories, sorted.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Exit> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        collect(path, &mut files).map_err(|error| {
            report::mistake(format!("cannot list {}: {error}", path.display()));
            Exit::Usage
        })?;
        if files.len() == before {
            report::mistake(format!("there is no `*.sql` file below {}", path.display()));
            return Err(Exit::Usage);
        }
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        // A link to a directory could lead back up.
        if entry.is_dir() && !entry.is_symlink() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "sql") {
            files.push(entry);
        }
    }
    Ok(())
}
