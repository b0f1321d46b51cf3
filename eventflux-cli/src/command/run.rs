//! `eventflux run`: an app until its inputs end, a limit is reached or a signal comes.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use eventflux::batch::EventBatch;
use eventflux::metrics::MetricsSnapshot;
use eventflux::plan::ChangelogMode;
use eventflux::runtime::{RunSummary, RunningApp, Runtime, RuntimeConfig};
use eventflux::sql::CompiledApp;
use eventflux::sql::diagnostic::Code;

use crate::answer;
use crate::app_text::{self, Shown};
use crate::args::{Global, RowFormat, RunArgs};
use crate::config::model::StateBackend;
use crate::config::{Effective, Mistake};
use crate::control::{ControlServer, Socket};
use crate::exit::Exit;
use crate::listen::{self, Exposure, ListenAddress, Monitor, Server};
use crate::print::Printer;
use crate::progress::{self, Progress};
use crate::report;
use crate::signal::Listener;
use crate::state;
use crate::until::Until;

/// How often a limit on rows is looked at.
const LIMIT_INTERVAL: Duration = Duration::from_millis(10);
/// How long a stop may take before the user is told of the way to end it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who reaches the address of a run has no need of a token.
const EXPOSURE: Exposure = Exposure {
    risk: "read what this run does",
    help: "`--listen-public` allows it",
};

/// What the main thread waits for.
enum Event {
    Signal(i32),
    /// Rows cannot be printed any more.
    Unprintable(io::Error),
    Over(eventflux::Result<RunSummary>),
}

/// Runs an app.
pub fn run(arguments: &RunArgs, global: &Global, effective: &Effective) -> Exit {
    if let Err(exit) = applicable(arguments, global, effective) {
        return exit;
    }
    prepare(arguments, global).map_or_else(|exit| exit, |app| start(&app, arguments, global, effective))
}

/// What is configured has to be of use to a run, or is spoken of.
fn applicable(arguments: &RunArgs, global: &Global, effective: &Effective) -> Result<(), Exit> {
    let shown = Shown::new(arguments.diagnostics, global);
    state::applicable(&arguments.state, effective, shown)?;
    let listen = &arguments.listen;
    if listen.listen_public && listen.listen == ListenAddress::Off {
        let path = "eventflux.run.listen_public";
        let message = "`listen_public` is about an address to listen at, and there is none";
        let mistake = Mistake::new(
            Code::MissingKey,
            path,
            message,
            Some("give one: `--listen HOST:PORT`"),
        );
        shown.show_refused(&effective.refusal(mistake));
        return Err(Exit::Usage);
    }
    let of_nodes = effective.groups_of_nodes();
    if !of_nodes.is_empty() && !global.quiet {
        report::note(format_args!(
            "one process runs this app: the configuration of {} is for nodes of a cluster",
            of_nodes.join(", ")
        ));
    }
    Ok(())
}

fn prepare(arguments: &RunArgs, global: &Global) -> Result<CompiledApp, Exit> {
    let context = app_text::context_of(&arguments.settings)?;
    let source = app_text::read(&arguments.app)?;
    app_text::compiled(&source, &context, Shown::new(arguments.diagnostics, global))
}

fn start(app: &CompiledApp, arguments: &RunArgs, global: &Global, effective: &Effective) -> Exit {
    answer::print(&app.answers);
    if app.plan.nodes.is_empty() {
        if app.answers.is_empty() {
            report::warning("there is nothing to run: no query in this app");
        }
        return Exit::Done;
    }
    let monitor = Arc::new(Monitor::new(state::app_name(&arguments.app)));
    let address = &arguments.listen;
    let router = listen::router(Arc::clone(&monitor));
    let served = Server::start(
        &address.listen,
        address.listen_public,
        EXPOSURE,
        global.quiet,
        router,
    );
    let _server = match served {
        Ok(server) => server,
        Err(exit) => return exit,
    };
    let config = match config(app, arguments, effective) {
        Ok(config) => config,
        Err(error) => return Exit::before_start(&error),
    };
    let backend = &effective.config.eventflux.distributed.state_backend;
    let _control = control(&config, backend, &monitor, global);
    let runtime = match Runtime::new(app.plan.clone(), config) {
        Ok(runtime) => runtime,
        Err(error) => return Exit::before_start(&error),
    };
    let (events, inbox) = mpsc::channel();
    print_outputs(app, &runtime, arguments.format, &events);
    let on_signal = events.clone();
    let is_started = Arc::new(AtomicBool::new(false));
    let (has_started, mut is_second) = (Arc::clone(&is_started), false);
    let listener = Listener::start(move |signal| {
        if !has_started.load(Ordering::Relaxed) {
            // The main thread waits for what a start waits for: the outside, a large state.
            if std::mem::replace(&mut is_second, true) {
                std::process::exit(128 + signal);
            }
            report::warning("it stops when it has started; another signal stops at once");
        }
        // The main thread is gone only when the run is over.
        let _ = on_signal.send(Event::Signal(signal));
    });
    if let Err(error) = &listener {
        report::warning(format_args!("signals cannot be handled: {error}"));
    }
    let running = match runtime.start() {
        Ok(running) => Arc::new(running),
        Err(error) => {
            let exit = Exit::before_start(&error);
            if let eventflux::Error::StateMismatch { .. } = error {
                report::plain(
                    "  help: `--allow-drop-state` starts without what is dropped, `--from none` without any state\n",
                );
            }
            return exit;
        }
    };
    is_started.store(true, Ordering::Relaxed);
    monitor.started(Arc::clone(&running));
    let prints_rows = !app.outputs.is_empty() && arguments.format != RowFormat::None;
    let progress = Progress::new(!global.no_progress && !global.quiet, prints_rows);
    thread::scope(|scope| {
        scope.spawn(|| {
            let result = running.wait();
            let _ = events.send(Event::Over(result));
        });
        supervise(&running, &inbox, arguments.until, progress, global)
    })
}

/// Others on this machine may ask for checkpoints, if these are in a directory.
fn control(
    config: &RuntimeConfig,
    backend: &StateBackend,
    monitor: &Arc<Monitor>,
    global: &Global,
) -> Option<ControlServer> {
    let store = &config.checkpoints.as_ref()?.store;
    let socket = Socket::of_directory(&state::directory(backend)?);
    let server = ControlServer::start(socket.clone(), Arc::clone(store), Arc::clone(monitor));
    let failed = |error| {
        if !global.quiet {
            report::warning(format_args!(
                "`savepoint create` cannot ask this run for a checkpoint: {socket}: {error}"
            ));
        }
    };
    server.map_err(failed).ok()
}

fn config(app: &CompiledApp, arguments: &RunArgs, effective: &Effective) -> eventflux::Result<RuntimeConfig> {
    let state = &effective.config.eventflux.distributed.state_backend;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Ok(RuntimeConfig {
        parallelism: app.settings.parallelism.unwrap_or(cores),
        batch_rows_max: app
            .settings
            .batch_size
            .unwrap_or(RuntimeConfig::default().batch_rows_max),
        registry: eventflux::built_in_registry(),
        checkpoints: state::checkpoints(&arguments.state, state, &arguments.app)?,
        memory: arguments.memory_limit.map(|bytes| state::memory(bytes, state)),
        ..RuntimeConfig::default()
    })
}

/// Prints the rows of every output; the loops wait for a slow terminal or pipe.
fn print_outputs(app: &CompiledApp, runtime: &Runtime, format: RowFormat, events: &Sender<Event>) {
    let changelogs = app
        .outputs
        .iter()
        .filter(|output| output.changelog != ChangelogMode::Append);
    let changelogs = changelogs.map(|output| output.stream.clone()).collect();
    let printer = Arc::new(Mutex::new(Some(Printer::new(format, changelogs))));
    for outlet in runtime.outlets() {
        let (printer, events, stream) = (Arc::clone(&printer), events.clone(), outlet.stream().to_owned());
        outlet.add_callback(move |batch: &EventBatch| {
            let mut slot = printer.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(Err(error)) = slot.as_mut().map(|printer| printer.print(&stream, batch)) else {
                return;
            };
            *slot = None;
            let _ = events.send(Event::Unprintable(error));
        });
    }
}

/// Waits for the end of a run and brings it about where that is asked for.
fn supervise(
    running: &RunningApp,
    inbox: &Receiver<Event>,
    until: Option<Until>,
    mut progress: Progress,
    global: &Global,
) -> Exit {
    let deadline = match until {
        Some(Until::Elapsed(limit)) => Some(Instant::now() + limit),
        _ => None,
    };
    let row_limit = match until {
        Some(Until::Rows(rows)) => Some(rows),
        _ => None,
    };
    let interval = if row_limit.is_some() {
        LIMIT_INTERVAL
    } else {
        progress::INTERVAL
    };
    let mut is_stopping = false;
    let mut patience: Option<Instant> = None;
    let mut unprintable = None;
    loop {
        let wait = deadline.map_or(interval, |deadline| {
            interval
                .min(deadline.saturating_duration_since(Instant::now()))
                .max(Duration::from_millis(1))
        });
        match inbox.recv_timeout(wait) {
            Ok(Event::Signal(signal)) if is_stopping => {
                progress.finish();
                running.abort();
                // Nothing that still runs may delay this.
                std::process::exit(128 + signal);
            }
            Ok(Event::Signal(_)) => {
                is_stopping = true;
                patience = Some(Instant::now() + PATIENCE);
                running.stop();
            }
            Ok(Event::Unprintable(error)) => {
                unprintable = Some(error);
                is_stopping = true;
                running.stop();
            }
            Ok(Event::Over(result)) => {
                progress.finish();
                return ended(result, unprintable, global);
            }
            Err(RecvTimeoutError::Timeout) => {
                if patience.is_some_and(|patience| Instant::now() >= patience) {
                    patience = None;
                    report::warning("still writing what was read; another signal stops at once");
                }
                let metrics = running.metrics();
                progress.draw(&metrics, running.clock().now_us());
                let is_due = deadline.is_some_and(|deadline| Instant::now() >= deadline);
                if !is_stopping && (is_due || row_limit.is_some_and(|limit| metrics.rows_out() >= limit)) {
                    is_stopping = true;
                    running.stop();
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Exit::Failed,
        }
    }
}

fn ended(result: eventflux::Result<RunSummary>, unprintable: Option<io::Error>, global: &Global) -> Exit {
    match (result, unprintable) {
        (Err(error), _) => Exit::while_running(&error),
        // A closed pipe is a reader that has seen enough.
        (Ok(_), Some(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        (Ok(_), Some(error)) => {
            report::mistake(format_args!("rows cannot be printed: {error}"));
            Exit::Environment
        }
        (Ok(summary), None) => {
            if !global.quiet {
                count_losses(&summary.metrics);
            }
            Exit::Done
        }
    }
}

/// Rows that did not get through are always spoken of.
fn count_losses(metrics: &MetricsSnapshot) {
    let rows = |count: u64| if count == 1 { "row" } else { "rows" };
    let bad = metrics.bad_rows();
    if bad > 0 {
        let first = metrics
            .operators
            .iter()
            .find_map(|operator| operator.first_bad_row.as_deref());
        let first = first.map_or(String::new(), |first| format!("; the first: {first}"));
        report::warning(format_args!("{bad} bad {}{first}", rows(bad)));
    }
    let late = metrics.late_rows();
    if late > 0 {
        report::warning(format_args!(
            "{late} late {}: they came after their window had closed",
            rows(late)
        ));
    }
}
