//! `eventflux cluster`: the nodes of a cluster.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::admin::model::{ClusterStatus, Member, MemberList};
use crate::args::{ClusterArgs, ClusterCommand};
use crate::client::{Client, Failure, Method};
use crate::exit::Exit;
use crate::print::{columns, to_stdout};
use crate::report;

/// Carries a command out.
pub fn cluster(arguments: &ClusterArgs) -> Exit {
    let is_json = arguments.client.json;
    let done = Client::new(&arguments.client).and_then(|client| match &arguments.command {
        ClusterCommand::Status => status(&client, is_json),
        ClusterCommand::Nodes => nodes(&client, is_json),
        ClusterCommand::Leave { node } => leave(&client, node, is_json),
        ClusterCommand::Remove { node } => remove(&client, node, is_json),
    });
    match done {
        Ok(()) => Exit::Done,
        Err(failure) => failure.tell(is_json, None),
    }
}

fn status(client: &Client, is_json: bool) -> Result<(), Failure> {
    let answer = client.ask(Method::GET, &["cluster"])?;
    if is_json {
        return print_json(&answer);
    }
    let status: ClusterStatus = read(answer)?;
    let leader = status
        .leader
        .map_or_else(|| "nobody".to_owned(), |leader| leader.name);
    let voters: Vec<String> = status.voters.into_iter().map(|voter| voter.name).collect();
    let lines = [
        ("cluster", status.name),
        ("leader", format!("{leader}, term {}", status.term)),
        ("voters", voters.join(", ")),
        ("up", status.nodes_up.to_string()),
        ("not reached", status.nodes_down.to_string()),
        ("leaving", status.nodes_leaving.to_string()),
        ("pipelines", status.pipelines.to_string()),
        ("problem", status.problem.unwrap_or_else(|| "none".to_owned())),
    ];
    let lines = lines.map(|(name, value)| vec![name.to_owned(), value]);
    to_stdout(&columns(&lines));
    Ok(())
}

fn nodes(client: &Client, is_json: bool) -> Result<(), Failure> {
    let answer = client.ask(Method::GET, &["nodes"])?;
    if is_json {
        return print_json(&answer);
    }
    let list: MemberList = read(answer)?;
    warn_of_age(list.is_current);
    let head = ["node", "id", "standing", "role", "control", "data", "pipelines"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(list.nodes.iter().map(line));
    to_stdout(&columns(&lines));
    Ok(())
}

fn line(node: &Member) -> Vec<String> {
    vec![
        node.name.clone(),
        node.node.clone(),
        node.standing.name().to_owned(),
        role(node),
        or_dash(&node.control_address),
        or_dash(&node.data_address),
        or_dash(&node.pipelines.join(", ")),
    ]
}

/// What a node does, in words.
fn role(node: &Member) -> String {
    let roles = [
        (node.is_leader, "leads"),
        (node.is_voter && !node.is_leader, "votes"),
        (node.can_process, "runs"),
    ];
    let roles: Vec<&str> = roles
        .into_iter()
        .filter(|(is_so, _)| *is_so)
        .map(|(_, role)| role)
        .collect();
    or_dash(&roles.join(", "))
}

fn leave(client: &Client, node: &str, is_json: bool) -> Result<(), Failure> {
    let answer = client.ask(Method::POST, &["nodes", node, "leave"])?;
    if is_json {
        return print_json(&answer);
    }
    let node: Member = read(answer)?;
    to_stdout(&format!(
        "node `{}` is leaving: it is gone when `eventflux cluster nodes` does not list it any more\n",
        node.name
    ));
    Ok(())
}

fn remove(client: &Client, node: &str, is_json: bool) -> Result<(), Failure> {
    let answer = client.ask(Method::DELETE, &["nodes", node])?;
    if is_json {
        return print_json(&answer);
    }
    let node: Member = read(answer)?;
    to_stdout(&format!(
        "node `{}` is forgotten; its id {} is never used again\n",
        node.name, node.node
    ));
    Ok(())
}

/// An answer as this program knows it.
pub fn read<T: DeserializeOwned>(answer: Value) -> Result<T, Failure> {
    serde_json::from_value(answer).map_err(|error| Failure::foreign("the node", &error.to_string()))
}

/// An answer as the node gave it.
pub fn print_json(answer: &Value) -> Result<(), Failure> {
    to_stdout(&format!("{answer:#}\n"));
    Ok(())
}

/// What is shown may be old.
pub fn warn_of_age(is_current: bool) {
    if !is_current {
        report::warning("no leader answers: this is what one node knew last");
    }
}

/// A cell is not empty.
pub fn or_dash(text: &str) -> String {
    match text {
        "" => "-".to_owned(),
        text => text.to_owned(),
    }
}
