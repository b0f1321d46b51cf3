//! `eventflux node`: a node of a cluster, until a signal comes.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eventflux::distributed::SqlPrograms;
use eventflux_distributed::Error;
use eventflux_distributed::cluster_node::ClusterNode;
use eventflux_distributed::node::{DataDirectory, Node};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use crate::admin::{AdminConfig, AdminServer, NODE_ADDRESS, Tokens};
use crate::app_text::{Shown, ttl_setting};
use crate::args::{Global, NodeArgs};
use crate::config::{self, Effective};
use crate::exit::Exit;
use crate::listen::ListenAddress;
use crate::node::{BIND_HELP, Line, News, NodeSettings, Unusable};
use crate::report;
use crate::signal::Listener;

/// A node that is not in a cluster for so long says why.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whoever takes over is told within this time, or finds out.
const GOODBYE_WITHIN: Duration = Duration::from_secs(5);

/// Is a node.
pub fn node(arguments: &NodeArgs, global: &Global, effective: &Effective) -> Exit {
    let prepared = prepare(arguments, global, effective);
    prepared.map_or_else(
        |exit| exit,
        |settings| start(settings, admin(arguments, global, effective)),
    )
}

/// From the configuration to all that is known before anything is opened.
fn prepare(arguments: &NodeArgs, global: &Global, effective: &Effective) -> Result<NodeSettings, Exit> {
    let shown = Shown::new(arguments.diagnostics, global);
    if let Some((key, _)) = arguments.set.iter().find(|(key, _)| !config::is_key(key)) {
        report::mistake(format_args!(
            "`{key}` is a setting of SQL, which pipelines have and nodes do not\n  help: give it when a pipeline is submitted"
        ));
        return Err(Exit::Usage);
    }
    let settings = NodeSettings::new(&effective.config.eventflux.distributed);
    let settings = settings.map_err(|unusable| match unusable {
        Unusable::Mistake(mistake) => {
            shown.show_refused(&effective.refusal(mistake));
            Exit::Usage
        }
        Unusable::Missing(message, help) => {
            report::mistake(format_args!("{message}\n  help: {help}"));
            Exit::Usage
        }
        Unusable::World(message, help) => {
            report::mistake(format_args!("{message}\n  help: {help}"));
            Exit::Environment
        }
    })?;
    if !global.quiet {
        settings.warnings.iter().for_each(report::warning);
        tell_unused(effective);
    }
    Ok(settings)
}

/// What is served over HTTP, and to whom.
fn admin(arguments: &NodeArgs, global: &Global, effective: &Effective) -> AdminConfig {
    let usual = || ListenAddress::At(NODE_ADDRESS.to_owned());
    AdminConfig {
        listen: arguments.listen.clone().unwrap_or_else(usual),
        is_public_allowed: arguments.listen_public,
        is_quiet: global.quiet,
        tokens: Tokens::configured(&effective.config.eventflux.distributed.admin.tokens),
    }
}

/// Keys that are about one app are no mistake in a file that is shared.
fn tell_unused(effective: &Effective) {
    let unused: Vec<&str> = ["parallelism", "format"]
        .into_iter()
        .filter(|name| effective.is_given(&format!("eventflux.run.{name}")))
        .chain((!effective.config.eventflux.run.settings.is_empty()).then_some("settings"))
        .collect();
    if !unused.is_empty() {
        report::note(format_args!(
            "a node runs what is submitted to it: `run` with {} is for `eventflux run`",
            unused.join(", ")
        ));
    }
}

fn start(settings: NodeSettings, admin: AdminConfig) -> Exit {
    let directory = match DataDirectory::open(&settings.cluster.data_directory) {
        Ok(directory) => directory,
        Err(error) => return unopened(&settings.cluster.data_directory, &error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("eventflux-node")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            report::mistake(format_args!("cannot start: {error}"));
            return Exit::Environment;
        }
    };
    let exit = runtime.block_on(run(settings, admin));
    runtime.shutdown_background();
    drop(directory);
    exit
}

fn unopened(path: &Path, error: &io::Error) -> Exit {
    let why = match error.kind() {
        io::ErrorKind::WouldBlock => "another node has it".to_owned(),
        _ => error.to_string(),
    };
    report::mistake(format_args!(
        "the data directory `{}` cannot be opened: {why}",
        path.display()
    ));
    Exit::Environment
}

async fn run(settings: NodeSettings, admin: AdminConfig) -> Exit {
    let is_quiet = admin.is_quiet;
    let (sent, mut signals) = unbounded_channel();
    let listener = Listener::start(move |signal| {
        // Nobody hears it only when the node is over.
        let _ = sent.send(signal);
    });
    if let Err(error) = &listener {
        report::warning(format_args!("signals cannot be handled: {error}"));
    }
    let introduction = settings.to_string();
    let programs = match settings.state_ttl {
        Some(state_ttl) => SqlPrograms::default().with_state_ttl(ttl_setting(state_ttl)),
        None => SqlPrograms::default(),
    };
    let node = match Node::start(settings.with(Arc::new(programs))).await {
        Ok(node) => Arc::new(node),
        Err(error) => return unstarted(&error),
    };
    if !is_quiet {
        report::plain(&format!("{introduction}\n"));
    }
    let server = match AdminServer::start(admin, Arc::clone(&node)) {
        Ok(server) => server,
        Err(exit) => {
            if let Some(node) = Arc::into_inner(node) {
                node.stop().await;
            }
            return exit;
        }
    };
    let failure = watch(node.cluster(), is_quiet, &mut signals).await;
    if let Some(error) = &failure {
        report::error(error);
        report::plain("  help: this node stops; start it again when that is mended\n");
    }
    let exit = failure.as_ref().map_or(Exit::Done, exit_of);
    let stopping = async {
        if let Err(error) = node.cluster().say_goodbye(GOODBYE_WITHIN).await {
            report::warning(format_args!("nobody was told that this node stops: {error}"));
        }
        // Nobody else has the node then.
        drop(server);
        if let Some(node) = Arc::into_inner(node) {
            node.stop().await;
        }
        exit
    };
    tokio::select! {
        exit = stopping => exit,
        signal = second(&mut signals) => std::process::exit(128 + signal),
    }
}

fn unstarted(error: &Error) -> Exit {
    if let Error::Listen { address, source } = error {
        let (why, help) = match source.kind() {
            io::ErrorKind::AddrInUse => ("the port is taken by another program".to_owned(), None),
            io::ErrorKind::AddrNotAvailable => (
                "this machine does not have that address".to_owned(),
                Some(BIND_HELP),
            ),
            _ => (source.to_string(), None),
        };
        report::mistake(format_args!("cannot listen at {address}: {why}"));
        help.into_iter()
            .for_each(|help| report::plain(&format!("  help: {help}\n")));
        return Exit::Environment;
    }
    report::error(error);
    exit_of(error)
}

fn exit_of(error: &Error) -> Exit {
    match error.kind() {
        eventflux::ErrorKind::Input => Exit::Usage,
        eventflux::ErrorKind::Environment => Exit::Environment,
        eventflux::ErrorKind::Runtime | eventflux::ErrorKind::Bug => Exit::Failed,
    }
}

/// Tells what happens, until the first signal, or until the node cannot go on.
async fn watch(node: &ClusterNode, is_quiet: bool, signals: &mut UnboundedReceiver<i32>) -> Option<Error> {
    let failure = node.failure();
    tokio::pin!(failure);
    let mut news = News::new(node.id());
    let (mut contact, mut state, mut problem) = (node.contact(), node.state(), node.problem());
    let mut told: Option<String> = None;
    let mut due: Option<Instant> = None;
    loop {
        let lines = news.of_contact(&contact.borrow_and_update());
        let lines = lines.into_iter().chain(news.of_state(&state.borrow_and_update()));
        lines.for_each(|line| tell(line, is_quiet));
        let now = problem.borrow_and_update().clone();
        match &now {
            None => (told, due) = (None, None),
            Some(_) if due.is_none() => due = Some(Instant::now() + PATIENCE),
            Some(_) => {}
        }
        if let (Some(why), Some(at)) = (&now, due)
            && at <= Instant::now()
            && told.as_ref() != Some(why)
        {
            report::warning(format_args!("not in a cluster yet: {why}"));
            told = now.clone();
        }
        let until_due = due.filter(|_| told != now);
        tokio::select! {
            Some(_) = signals.recv() => return None,
            failure = &mut failure => return Some(failure),
            Ok(()) = contact.changed() => {}
            Ok(()) = state.changed() => {}
            Ok(()) = problem.changed() => {}
            () = wait(until_due) => {}
        }
    }
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

fn tell(line: Line, is_quiet: bool) {
    match line {
        Line::Note(_) if is_quiet => {}
        Line::Note(text) => report::plain(&format!("{text}\n")),
        Line::Warning(text) => report::warning(text),
    }
}

/// The next signal. Without a way to hear of any, there is none.
async fn second(signals: &mut UnboundedReceiver<i32>) -> i32 {
    match signals.recv().await {
        Some(signal) => signal,
        None => std::future::pending().await,
    }
}
