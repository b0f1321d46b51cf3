//! Which connections of other nodes belong to which run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::coordinator::Assignment;
use crate::transport::{ConnectedEdges, Connection, Membership, NodeName};

/// The runs that this node has a part of, by pipeline, and who may connect for them.
#[derive(Debug, Default)]
pub(super) struct Routes(Mutex<BTreeMap<String, Route>>);

#[derive(Debug)]
struct Route {
    generation: u64,
    /// Names and incarnations.
    members: BTreeMap<String, u64>,
    edges: Arc<ConnectedEdges>,
    /// Those who have connected.
    arrived: watch::Sender<Vec<String>>,
}

impl Routes {
    /// A run begins: from now on its other nodes are let in. Says who of them has connected.
    pub(super) fn open(
        &self,
        pipeline: &str,
        generation: u64,
        assignment: &Assignment,
        edges: &Arc<ConnectedEdges>,
    ) -> watch::Receiver<Vec<String>> {
        let members = assignment.placements.iter();
        let members = members.map(|placement| (placement.name.clone(), placement.incarnation));
        let (arrived, watched) = watch::channel(Vec::new());
        let route = Route {
            generation,
            members: members.collect(),
            edges: Arc::clone(edges),
            arrived,
        };
        self.lock().insert(pipeline.to_owned(), route);
        watched
    }

    /// A run is over.
    pub(super) fn close(&self, pipeline: &str, generation: u64) {
        let mut routes = self.lock();
        if routes
            .get(pipeline)
            .is_some_and(|route| route.generation == generation)
        {
            routes.remove(pipeline);
        }
    }

    /// Gives a connection to the run that it is for. That run may be over by now: then the connection is, too.
    pub(super) fn take_in(&self, connection: Connection) {
        let hello = connection.hello();
        let (node, pipeline, generation) = (hello.node.id.clone(), hello.pipeline.clone(), hello.generation);
        let mut routes = self.lock();
        let route = routes
            .get_mut(&pipeline)
            .filter(|route| route.generation == generation);
        if let Some(route) = route {
            route.edges.add(connection);
            route.arrived.send_modify(|arrived| arrived.push(node));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Route>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Membership for Routes {
    fn is_member(&self, node: &NodeName) -> bool {
        let routes = self.lock();
        routes
            .values()
            .any(|route| route.members.get(&node.id) == Some(&node.incarnation))
    }

    fn generation(&self, pipeline: &str) -> Option<u64> {
        self.lock().get(pipeline).map(|route| route.generation)
    }
}
