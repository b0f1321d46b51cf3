//! `eventflux savepoint create`: a fresh checkpoint of a running app, or the last one, to a place of its own.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eventflux::ErrorKind;
use eventflux::checkpoint::{Revision, block_on_store, create_savepoint};
use eventflux::persistence::DirectoryStore;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::origin::{Origin, User, age};
use super::savepoint::time;
use super::source::Source;
use super::target::Target;
use crate::args::{CreateArgs, Global};
use crate::config::Effective;
use crate::control::{Refusal, Reply, Socket, ask};
use crate::exit::Exit;
use crate::print::to_stdout;
use crate::report;

/// Between two looks at an app that starts or ends.
const PAUSE: Duration = Duration::from_millis(50);
/// An app has its socket a moment after it has its directory, and lets go of the directory a moment after the socket.
const MOMENT: Duration = Duration::from_secs(3);
/// How the directory's holder is called if it is not one process.
const CLUSTER: &str = "a cluster";

/// Why there is no savepoint.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    code: &'static str,
    message: String,
    help: Option<&'static str>,
}

impl Failure {
    /// What was given is wrong.
    pub fn usage(message: String) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// The world is not ready.
    pub fn environment(message: String) -> Self {
        Self::new(Exit::Environment, "environment", message)
    }

    /// An error of a store.
    pub fn of(error: &eventflux::Error) -> Self {
        match error.kind() {
            ErrorKind::Input => Self::usage(error.to_string()),
            ErrorKind::Environment => Self::environment(error.to_string()),
            ErrorKind::Runtime | ErrorKind::Bug => Self::new(Exit::Failed, "failed", error.to_string()),
        }
    }

    fn new(exit: Exit, code: &'static str, message: String) -> Self {
        Self {
            exit,
            code,
            message,
            help: None,
        }
    }

    /// With a line of help.
    pub fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }

    fn tell(&self, is_json: bool) -> Exit {
        let Self {
            exit,
            code,
            message,
            help,
        } = self;
        if is_json {
            let help: Vec<_> = help.iter().collect();
            report::plain(&format!(
                "{}\n",
                json!({"code": code, "message": message, "help": help})
            ));
        } else {
            report::mistake(message);
            if let Some(help) = help {
                report::plain(&format!("  help: {help}\n"));
            }
        }
        *exit
    }
}

/// How it ended.
enum End {
    Made(Origin, Revision),
    Failed(Failure),
    Signal(i32),
}

/// Makes a savepoint. What it has begun goes if it comes to nothing.
pub fn create(arguments: &CreateArgs, global: &Global, effective: &Effective) -> Exit {
    let backend = &effective.config.eventflux.distributed.state_backend;
    let begun =
        Source::open(arguments, backend).and_then(|source| Ok((source, Target::open(&arguments.path)?)));
    match begun {
        Ok((source, target)) => finish(arguments, global, &source, target),
        Err(failure) => failure.tell(arguments.json),
    }
}

fn finish(arguments: &CreateArgs, global: &Global, source: &Source, target: Target) -> Exit {
    let bar = bar(global);
    let work = async {
        tokio::select! {
            biased;
            signal = stopped() => match signal {
                Ok(signal) => End::Signal(signal),
                Err(error) => End::Failed(Failure::environment(format!("signals cannot be handled: {error}"))),
            },
            made = make(arguments, source, &target, &bar) => match made {
                Ok((origin, revision)) => End::Made(origin, revision),
                Err(failure) => End::Failed(failure),
            },
        }
    };
    // Its thread ends when nothing is written any more.
    let end = block_on_store(async { Ok(work.await) });
    bar.finish_and_clear();
    match end {
        Ok(End::Made(origin, revision)) => {
            tell(arguments, &origin, &revision);
            Exit::Done
        }
        Ok(End::Failed(failure)) => {
            target.give_up();
            failure.tell(arguments.json)
        }
        Ok(End::Signal(signal)) => {
            target.give_up();
            report::plain("there is no savepoint: a signal came\n");
            std::process::exit(128 + signal)
        }
        Err(error) => {
            target.give_up();
            Failure::of(&error).tell(arguments.json)
        }
    }
}

fn tell(arguments: &CreateArgs, origin: &Origin, revision: &Revision) {
    let path = arguments.path.display().to_string();
    if arguments.json {
        let line = json!({
            "checkpoint": revision.id,
            "path": path,
            "app": revision.app,
            "origin": origin.word(),
            "written": time(revision.created_at_us),
            "age_ms": u64::try_from(age(revision).as_millis()).unwrap_or(u64::MAX),
            "state_bytes": revision.state_bytes,
        });
        to_stdout(&format!("{line}\n"));
    } else {
        let sentence = origin.sentence(revision);
        to_stdout(&format!("checkpoint {} is in {path}\n{sentence}\n", revision.id));
    }
}

async fn make(
    arguments: &CreateArgs,
    source: &Source,
    target: &Target,
    bar: &ProgressBar,
) -> Result<(Origin, Revision), Failure> {
    let failed = |error: eventflux::Error| Failure::of(&error);
    let origin = match (arguments.epoch, &source.directory) {
        (Some(epoch), _) => Origin::Chosen(epoch),
        (None, None) => Origin::Last(User::Unknown),
        (None, Some(directory)) if arguments.last => Origin::Last(user(directory).map_err(failed)?.0),
        (None, Some(directory)) => {
            bar.set_message("waiting for a fresh checkpoint");
            freshest(directory, arguments.wait, bar).await?
        }
    };
    bar.set_message("copying");
    let copying = create_savepoint(Arc::clone(&source.store), origin.epoch(), target.store());
    let revision = copying.await.map_err(failed)?;
    Ok((origin, revision))
}

/// A checkpoint that is taken for this, if there is an app to take it; the last one if there is none.
async fn freshest(directory: &Path, wait: Duration, bar: &ProgressBar) -> Result<Origin, Failure> {
    let socket = Socket::of_directory(directory);
    let begun = Instant::now();
    let (mut is_ending, mut was_cut_off) = (false, false);
    loop {
        let left = wait.saturating_sub(begun.elapsed());
        let reply = ask(&socket, left)
            .await
            .map_err(|error| unusable(&socket, &error))?;
        match reply {
            Reply::Taken(taken) => return Ok(Origin::Fresh(taken)),
            Reply::Absent => {
                let (user, holder) = user(directory).map_err(|error| Failure::of(&error))?;
                // One that ends takes its socket away, and then lets go of the directory; one that dies leaves it.
                if was_cut_off && user != User::App && socket.is_there() {
                    let message = "the app ended before its checkpoint was there".to_owned();
                    return Err(Failure::new(Exit::Failed, "ended", message).help(LAST));
                }
                if user != User::App {
                    return Ok(Origin::Last(user));
                }
                let limit = if is_ending { wait } else { MOMENT.min(wait) };
                if begun.elapsed() >= limit {
                    return Err(mute(directory, &holder));
                }
            }
            Reply::Refused(Refusal::Ending, _) => {
                is_ending = true;
                bar.set_message("waiting for the app to end");
                if left.is_zero() {
                    let message = "the app is ending, and has not ended in time".to_owned();
                    return Err(Failure::environment(message).help(
                        "its last checkpoint has everything that it has read: ask again when it has ended",
                    ));
                }
            }
            Reply::Refused(refusal, message) => return Err(refused(refusal, &message)),
            Reply::Silent => {
                let (_, holder) = user(directory).map_err(|error| Failure::of(&error))?;
                return Err(mute(directory, &holder));
            }
            // It ends or has died: who has the directory tells.
            Reply::BrokenOff => (is_ending, was_cut_off) = (true, true),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

const LAST: &str = "`--last` takes the last checkpoint, and asks nobody";

/// Who uses a directory, and what it is called.
fn user(directory: &Path) -> eventflux::Result<(User, String)> {
    let holder = DirectoryStore::holder(directory)?;
    let user = match holder.as_deref() {
        None => User::Nobody,
        Some(CLUSTER) => User::Cluster,
        Some(_) => User::App,
    };
    Ok((user, holder.unwrap_or_else(|| "the app".to_owned())))
}

fn unusable(socket: &Socket, error: &io::Error) -> Failure {
    let failure = Failure::environment(format!("the app cannot be asked at {socket}: {error}"));
    match error.kind() {
        io::ErrorKind::PermissionDenied => failure.help(
            "only the user whose app it is may ask; `--last` takes the last checkpoint, and asks nobody",
        ),
        _ => failure.help(LAST),
    }
}

fn mute(directory: &Path, holder: &str) -> Failure {
    let message = format!(
        "{holder} uses `{}` and gives no answer: no fresh checkpoint can be had",
        directory.display()
    );
    Failure::new(Exit::Environment, "silent", message).help(LAST)
}

fn refused(refusal: Refusal, message: &str) -> Failure {
    match refusal {
        Refusal::Late => Failure::new(Exit::Environment, "late", message.to_owned())
            .help("it goes on being taken: ask again, or wait longer with `--wait`"),
        Refusal::Wrong => {
            let message = format!("the app is of another version: {message}");
            Failure::environment(message).help(LAST)
        }
        Refusal::Failed | Refusal::Ending => {
            let message = format!("the app cannot take a checkpoint: {message}");
            Failure::environment(message).help("it goes on trying; `--last` takes the last one that there is")
        }
    }
}

async fn stopped() -> io::Result<i32> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
    })
}

/// A line that moves, on a terminal.
fn bar(global: &Global) -> ProgressBar {
    if global.quiet || global.no_progress {
        return ProgressBar::hidden();
    }
    // It draws nothing where stderr is no terminal.
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
