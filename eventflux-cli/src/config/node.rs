//! What is wrong with the configuration of a node, over all layers.

use eventflux::sql::diagnostic::Code;

use super::decode::Mistake;
use super::model::{Config, StateStore};
use super::store;

const NODE: &str = "eventflux.distributed.node";

/// Everything that keeps a node from being what its configuration says.
pub(super) fn mistakes(config: &Config) -> Vec<Mistake> {
    let found = [
        endpoints(config),
        capabilities(config),
        shared_state(config),
        memory_limit(config),
    ];
    found.into_iter().flatten().collect()
}

fn endpoints(config: &Config) -> Option<Mistake> {
    let distributed = &config.eventflux.distributed;
    let endpoints = &distributed.node.endpoints.0;
    if endpoints.is_empty()
        && distributed.own_seed().is_none()
        && distributed.seeds_elsewhere().next().is_some()
    {
        let message = format!(
            "none of the seed nodes is this one, `{}`: where do others reach it?",
            distributed.node_name()
        );
        let help = "give `node.endpoints`, or a `node_id` that is the host of one of them";
        let path = "eventflux.distributed.cluster.seed_nodes";
        return Some(Mistake::new(Code::MissingKey, path, message, Some(help)));
    }
    let (message, help) = match endpoints.as_slice() {
        [control, data] if control == data => (
            "the control plane and the data plane cannot have one address".to_owned(),
            "leave the second one out, and the data plane is at the next port",
        ),
        [one] if one.port == u16::MAX => (
            format!("there is no port after {}", one.port),
            "give the data plane a second endpoint",
        ),
        [] | [_] | [_, _] => return None,
        more => (
            format!("a node has two endpoints at the most, not {}", more.len()),
            "the first one is that of its control plane, the second one that of its data plane",
        ),
    };
    let path = format!("{NODE}.endpoints");
    Some(Mistake::new(Code::InvalidValue, &path, message, Some(help)))
}

fn capabilities(config: &Config) -> Option<Mistake> {
    let distributed = &config.eventflux.distributed;
    let capabilities = &distributed.node.capabilities;
    if capabilities.can_coordinate.0 {
        return None;
    }
    let at = |name: &str, code, message, help| {
        let path = format!("{NODE}.capabilities.{name}");
        Some(Mistake::new(code, &path, message, Some(help)))
    };
    if !capabilities.can_process.0 {
        let message = "a node that neither coordinates nor processes does nothing";
        return at(
            "can_process",
            Code::ConflictingKeys,
            message,
            "let it do one of both",
        );
    }
    if distributed.seeds_elsewhere().next().is_none() {
        let message = "a node that does not coordinate needs others that do";
        let help = "name them in `cluster.seed_nodes`";
        return at("can_coordinate", Code::MissingKey, message, help);
    }
    None
}

/// The state of a pipeline is opened by all nodes that run it.
fn shared_state(config: &Config) -> Option<Mistake> {
    let distributed = &config.eventflux.distributed;
    let has_others =
        distributed.seeds_elsewhere().next().is_some() || distributed.cluster.min_nodes.get() > 1;
    let is_memory = distributed.state_backend.implementation == Some(StateStore::Memory);
    if !has_others || !is_memory {
        return None;
    }
    let place = match distributed.state_backend.url {
        Some(_) => "url",
        None => "implementation",
    };
    let message = "nodes of a cluster do not see each other's memory";
    let help = "state has to be where all nodes reach it: in a Redis, an object store, or a directory that all of them have mounted";
    let path = format!("{}.{place}", store::GROUP);
    Some(Mistake::new(Code::ConflictingKeys, &path, message, Some(help)))
}

fn memory_limit(config: &Config) -> Option<Mistake> {
    config.eventflux.run.memory_limit.as_ref()?;
    let message = "`memory_limit` is not supported yet on nodes: it is about one app in one process";
    let help = "leave it out, and give the node a limit from outside (a container's, for example)";
    let path = "eventflux.run.memory_limit";
    Some(Mistake::new(Code::NotSupportedYet, path, message, Some(help)))
}
