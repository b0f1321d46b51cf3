//! `eventflux pipeline`: what a cluster runs.

use std::path::Path;
use std::time::Duration;

use indicatif::BinaryBytes;
use serde_json::{Value, json};

use super::cluster::{or_dash, print_json, read, warn_of_age};
use crate::admin::model::{
    CheckpointList, Pipeline, PipelineList, Placement, Removed, Stopped, Submitted, TakenCheckpoint,
};
use crate::app_text::{self, Shown};
use crate::args::{Global, PipelineArgs, PipelineCommand, SubmitArgs};
use crate::client::{Client, Failure, Method};
use crate::exit::Exit;
use crate::print::{columns, harmless, to_stdout};
use crate::state;

/// Carries a command out.
pub fn pipeline(arguments: &PipelineArgs, global: &Global) -> Exit {
    let is_json = arguments.client.json;
    let client = match Client::new(&arguments.client) {
        Ok(client) => client,
        Err(failure) => return failure.tell(is_json, None),
    };
    let done = match &arguments.command {
        PipelineCommand::Submit(submit) => return self::submit(&client, submit, global, is_json),
        PipelineCommand::List => list(&client, is_json),
        PipelineCommand::Status { name } => status(&client, name, is_json),
        PipelineCommand::Stop {
            name,
            savepoint,
            wait,
        } => stop(&client, name, *savepoint, *wait, is_json),
        PipelineCommand::Savepoint { name, wait } => self::savepoint(&client, name, *wait, is_json),
        PipelineCommand::Restart { name } => restart(&client, name, is_json),
        PipelineCommand::Rm { name } => remove(&client, name, is_json),
    };
    match done {
        Ok(()) => Exit::Done,
        Err(failure) => failure.tell(is_json, None),
    }
}

fn submit(client: &Client, arguments: &SubmitArgs, global: &Global, is_json: bool) -> Exit {
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None if arguments.app == Path::new("-") => {
            let failure = Failure::usage("a program from standard input has no name")
                .help("give it one: `--name NAME`");
            return failure.tell(is_json, None);
        }
        None => state::app_name(&arguments.app),
    };
    let source = match app_text::read(&arguments.app) {
        Ok(source) => source,
        Err(exit) => return exit,
    };
    let settings: serde_json::Map<String, Value> = arguments
        .settings
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    let mut body = json!({"name": name, "sql": source.text(), "settings": settings});
    if let (Some(parallelism), Value::Object(body)) = (arguments.parallelism, &mut body) {
        body.insert("parallelism".to_owned(), json!(parallelism));
    }
    let shown = Shown::new(arguments.diagnostics, global);
    let submitted = client.post(&["pipelines"], &body).and_then(|answer| {
        if is_json {
            return print_json(&answer);
        }
        let submitted: Submitted = read(answer)?;
        let name = harmless(&submitted.name);
        to_stdout(&format!(
            "pipeline `{name}` is submitted; `eventflux pipeline status {name}` shows how it does\n"
        ));
        Ok(())
    });
    match submitted {
        Ok(()) => Exit::Done,
        Err(failure) => failure.tell(is_json, Some((&source, shown))),
    }
}

fn list(client: &Client, is_json: bool) -> Result<(), Failure> {
    let answer = client.ask(Method::GET, &["pipelines"])?;
    if is_json {
        return print_json(&answer);
    }
    let list: PipelineList = read(answer)?;
    warn_of_age(list.is_current);
    let head = [
        "pipeline",
        "state",
        "checkpoint",
        "parallelism",
        "nodes",
        "reason",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(list.pipelines.iter().map(|pipeline| {
        vec![
            pipeline.name.clone(),
            pipeline.state.name().to_owned(),
            checkpoint(pipeline.checkpoint),
            pipeline.parallelism.to_string(),
            or_dash(&pipeline.nodes.join(", ")),
            pipeline.reason.clone().unwrap_or_default(),
        ]
    }));
    to_stdout(&columns(&lines));
    Ok(())
}

fn status(client: &Client, name: &str, is_json: bool) -> Result<(), Failure> {
    let found = client.ask(Method::GET, &["pipelines", name])?;
    let placement = client.ask(Method::GET, &["pipelines", name, "placement"])?;
    let checkpoints = client.ask(Method::GET, &["pipelines", name, "checkpoints"])?;
    if is_json {
        return print_json(&json!({"pipeline": found, "placement": placement, "checkpoints": checkpoints}));
    }
    let mut text = columns(&summary(&read(found)?));
    let placement: Placement = read(placement)?;
    if !placement.nodes.is_empty() {
        text.push('\n');
        text.push_str(&columns(&who(&placement)));
    }
    let checkpoints: CheckpointList = read(checkpoints)?;
    if !checkpoints.published.is_empty() {
        text.push('\n');
        text.push_str(&columns(&which(&checkpoints)));
    }
    if let Some(problem) = &checkpoints.problem {
        text.push_str(&format!(
            "\ncheckpoints cannot be listed: {}\n",
            harmless(problem)
        ));
    }
    to_stdout(&text);
    Ok(())
}

fn summary(pipeline: &Pipeline) -> Vec<Vec<String>> {
    let interval = match pipeline.checkpoint_interval_ms {
        0 => "at the end only".to_owned(),
        ms if ms % 1_000 == 0 => format!("every {}s", ms / 1_000),
        ms => format!("every {ms}ms"),
    };
    let mut lines = vec![
        ("pipeline", pipeline.name.clone()),
        ("state", pipeline.state.name().to_owned()),
    ];
    lines.extend(pipeline.reason.clone().map(|reason| ("reason", reason)));
    lines.extend([
        ("generation", pipeline.generation.to_string()),
        ("parallelism", pipeline.parallelism.to_string()),
        ("key groups", pipeline.key_groups.to_string()),
        (
            "checkpoint",
            format!("{}, {interval}", checkpoint(pipeline.checkpoint)),
        ),
        ("stored as", or_dash(&pipeline.state_store)),
    ]);
    lines
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect()
}

fn who(placement: &Placement) -> Vec<Vec<String>> {
    // Most sources divide what they read among their subtasks: no node has partitions of its own then.
    let has_splits = placement.nodes.iter().any(|node| !node.splits.is_empty());
    let head = ["node", "subtasks", "key groups", "reads"];
    let head = &head[..head.len() - usize::from(!has_splits)];
    let mut lines: Vec<Vec<String>> = vec![head.iter().map(|name| (*name).to_owned()).collect()];
    for node in &placement.nodes {
        let subtasks = match (node.subtasks.first(), node.subtasks.last()) {
            (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
            (Some(only), _) => only.to_string(),
            (None, _) => "-".to_owned(),
        };
        let splits = node
            .splits
            .iter()
            .map(|split| format!("{} {}", split.source, split.split));
        let splits = splits.collect::<Vec<_>>().join(", ");
        let mut line = vec![node.name.clone(), subtasks, node.key_groups.to_string()];
        if has_splits {
            line.push(or_dash(&splits));
        }
        lines.push(line);
    }
    lines
}

fn which(checkpoints: &CheckpointList) -> Vec<Vec<String>> {
    let mut lines = vec![
        ["checkpoint", "generation", "written", "state"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for published in &checkpoints.published {
        lines.push(vec![
            published.checkpoint.to_string(),
            published.generation.to_string(),
            published.written.clone(),
            BinaryBytes(published.state_bytes).to_string(),
        ]);
    }
    lines
}

fn checkpoint(number: u64) -> String {
    match number {
        0 => "none".to_owned(),
        number => number.to_string(),
    }
}

fn stop(client: &Client, name: &str, savepoint: bool, wait: Duration, is_json: bool) -> Result<(), Failure> {
    let path = ["pipelines", name, "stop"];
    let answer = match savepoint {
        false => client.ask(Method::POST, &path)?,
        true => {
            let query = [
                ("savepoint", "true".to_owned()),
                ("wait_ms", wait.as_millis().to_string()),
            ];
            client.have_done(&path, &query, wait)?
        }
    };
    let stopped: Stopped = read(answer.clone())?;
    match is_json {
        true => print_json(&answer)?,
        false => to_stdout(&format!("{}\n", harmless(&stopped.message))),
    }
    match savepoint && stopped.state == crate::admin::model::PipelineState::Stopping {
        true => Err(
            Failure::environment(format!("pipeline `{name}` is not at rest yet"))
                .help("it goes on stopping; ask again, or wait longer with `--wait`"),
        ),
        false => Ok(()),
    }
}

fn savepoint(client: &Client, name: &str, wait: Duration, is_json: bool) -> Result<(), Failure> {
    let query = [("wait_ms", wait.as_millis().to_string())];
    let answer = client.have_done(&["pipelines", name, "checkpoints"], &query, wait)?;
    if is_json {
        return print_json(&answer);
    }
    let taken: TakenCheckpoint = read(answer)?;
    to_stdout(&harmless(&format!(
        "pipeline `{}` goes on; checkpoint {} holds everything that was read before\n",
        taken.name, taken.checkpoint
    )));
    Ok(())
}

fn restart(client: &Client, name: &str, is_json: bool) -> Result<(), Failure> {
    // One that runs is stopped first, which the node waits for.
    let answer = client.have_done(&["pipelines", name, "restart"], &[], Duration::from_secs(60))?;
    if is_json {
        return print_json(&answer);
    }
    let now: Pipeline = read(answer)?;
    let from = match now.checkpoint {
        0 => "from the beginning".to_owned(),
        number => format!("from checkpoint {number}"),
    };
    to_stdout(&format!("pipeline `{}` starts {from}\n", harmless(&now.name)));
    Ok(())
}

fn remove(client: &Client, name: &str, is_json: bool) -> Result<(), Failure> {
    let answer = client.ask(Method::DELETE, &["pipelines", name])?;
    if is_json {
        return print_json(&answer);
    }
    let removed: Removed = read(answer)?;
    let done = match removed.is_gone {
        true => "is removed",
        false => "is being removed",
    };
    let rest = match removed.state_store.as_str() {
        "" => String::new(),
        store => format!("; its checkpoints stay, and a pipeline of the name `{store}` goes on from them"),
    };
    to_stdout(&harmless(&format!("pipeline `{}` {done}{rest}\n", removed.name)));
    Ok(())
}
