//! A network, whatever it is made of.

use std::ops::Range;
use std::process::Command;
use std::time::Duration;

use super::kind::Kind;
use super::namespaces::Namespaces;
use super::proxies::{Proxies, Way};

/// What joins nodes with each other.
pub struct Network {
    nodes: Range<usize>,
    links: Links,
}

enum Links {
    Namespaces(Namespaces),
    Proxies(Proxies),
}

impl Network {
    /// Of so many nodes; all ways are open.
    pub fn new(kind: Kind, count: usize) -> Self {
        let links = match kind {
            Kind::Namespaces => Links::Namespaces(Namespaces::default()),
            Kind::Proxies => Links::Proxies(Proxies::default()),
        };
        Self {
            nodes: 0..count,
            links,
        }
    }

    /// Where a node is reached by others, and where it listens.
    pub fn hosts(&self, node: usize) -> [String; 2] {
        match &self.links {
            Links::Namespaces(_) => [Namespaces::address(node), Namespaces::address(node)],
            Links::Proxies(_) => [Proxies::HOST.to_owned(), Proxies::address(node)],
        }
    }

    /// Brings to a node what is sent to one of its ports.
    pub fn carry(&self, to: usize, port: u16) {
        match &self.links {
            // The router does, whatever the port.
            Links::Namespaces(_) => (),
            Links::Proxies(proxies) => proxies.carry(to, port),
        }
    }

    /// The same command where a node is.
    pub fn on(&self, node: usize, command: Command) -> Command {
        match &self.links {
            Links::Namespaces(_) => Namespaces::on(node, &command),
            Links::Proxies(_) => command,
        }
    }

    /// From now on this process is a node.
    pub fn set_process(&self, node: usize, process: u32) {
        match &self.links {
            // A node is whatever is in its namespace.
            Links::Namespaces(_) => (),
            Links::Proxies(proxies) => proxies.set_process(node, process),
        }
    }

    /// A node hears no other.
    pub fn deafen(&mut self, node: usize) {
        self.others(node).for_each(|other| self.cut(other, node));
    }

    /// A node is heard by no other.
    pub fn mute(&mut self, node: usize) {
        self.others(node).for_each(|other| self.cut(node, other));
    }

    /// A node and the next one do not hear each other.
    pub fn part(&mut self, node: usize) {
        let next = (node + 1) % self.nodes.len();
        self.cut(node, next);
        self.cut(next, node);
    }

    /// A node reaches nobody, not even what is not a node.
    ///
    /// # Panics
    /// Of proxies, which are between nodes only: [`Kind::can_unplug`].
    pub fn unplug(&mut self, node: usize) {
        match &mut self.links {
            Links::Namespaces(namespaces) => namespaces.unplug(node),
            Links::Proxies(_) => panic!("proxies are between nodes only"),
        }
    }

    /// What a node sends and is sent comes late.
    pub fn slow(&mut self, node: usize, delay: Duration) {
        let others = self.others(node);
        match &mut self.links {
            Links::Namespaces(namespaces) => namespaces.slow(node, delay),
            Links::Proxies(proxies) => others.for_each(|other| {
                proxies.set(node, other, Way::Slow(delay));
                proxies.set(other, node, Way::Slow(delay));
            }),
        }
    }

    /// All ways are open again.
    pub fn heal(&mut self) {
        match &mut self.links {
            Links::Namespaces(namespaces) => namespaces.heal(),
            Links::Proxies(proxies) => proxies.heal(),
        }
    }

    fn others(&self, node: usize) -> impl Iterator<Item = usize> + use<> {
        self.nodes.clone().filter(move |other| *other != node)
    }

    fn cut(&mut self, from: usize, to: usize) {
        match &mut self.links {
            Links::Namespaces(namespaces) => namespaces.cut(from, to),
            Links::Proxies(proxies) => proxies.set(from, to, Way::Cut),
        }
    }
}
