//! What can happen to a cluster.

use std::fmt;
use std::thread::sleep;
use std::time::Duration;

use eventflux_core::testing::RedisServer;

use super::network::{Kind, Network};
use super::nodes::Nodes;
use crate::broker_kit::Broker;
use crate::ledger::transfers::Dice;

/// Something that happens to a cluster, and is over after a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nemesis {
    /// `kill -9` of a node that does not lead; it is started again.
    KillWorker,
    /// `kill -9` of the leader; it is started again.
    KillLeader,
    /// `kill -9` of all nodes but one; they are started again.
    KillMost,
    /// A node stands still, and goes on.
    Freeze,
    /// One half does not hear the other, nor the other it.
    Halves,
    /// Two nodes do not hear each other; others hear both.
    Apart,
    /// A node is heard by the others, and does not hear them.
    Deaf,
    /// A node hears the others, and is not heard by them.
    Mute,
    /// A node reaches nobody, neither other nodes nor brokers nor stores.
    Unplug,
    /// What a node sends and is sent comes late.
    Slow,
    /// The broker is killed and started again.
    Broker,
    /// The Redis that the state is in is killed and started again.
    Redis,
}

impl Nemesis {
    pub const ALL: [Self; 12] = [
        Self::KillWorker,
        Self::KillLeader,
        Self::KillMost,
        Self::Freeze,
        Self::Halves,
        Self::Apart,
        Self::Deaf,
        Self::Mute,
        Self::Unplug,
        Self::Slow,
        Self::Broker,
        Self::Redis,
    ];

    /// Whether it can happen where nodes are joined so and have their state there.
    pub fn is_possible(self, kind: Kind, is_in_redis: bool) -> bool {
        match self {
            Self::Redis => is_in_redis,
            Self::Unplug => kind.can_unplug(),
            _ => true,
        }
    }

    /// Separates a node, from all others or from its neighbour, until the network is healed.
    ///
    /// # Panics
    /// Of what is no partition.
    pub fn separate(self, network: &mut Network, node: usize) {
        match self {
            Self::Halves => {
                network.deafen(node);
                network.mute(node);
            }
            Self::Apart => network.part(node),
            Self::Deaf => network.deafen(node),
            Self::Mute => network.mute(node),
            Self::Unplug => network.unplug(node),
            _ => panic!("{self} separates nobody"),
        }
    }
}

impl fmt::Display for Nemesis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Everything that a nemesis may strike.
pub struct World {
    pub nodes: Nodes,
    pub broker: Broker,
    pub redis: Option<RedisServer>,
}

impl World {
    /// Lets it happen, up to its end.
    ///
    /// How long it lasts is drawn: moments are the point of it, nothing is waited for.
    pub fn strike(&mut self, nemesis: Nemesis, dice: &mut Dice) {
        let count = self.nodes.count();
        let victim = usize::try_from(dice.below(count as u64)).unwrap();
        let leader = self.nodes.leader().unwrap_or(victim);
        let other = (leader + 1 + usize::try_from(dice.below(count as u64 - 1)).unwrap()) % count;
        let lasting = Duration::from_millis(500 + dice.below(4_000));
        let others = (0..count).filter(|node| *node != victim);
        match nemesis {
            Nemesis::KillWorker => self.kill(&[other], lasting / 4),
            Nemesis::KillLeader => self.kill(&[leader], lasting / 4),
            Nemesis::KillMost => self.kill(&others.collect::<Vec<_>>(), lasting / 4),
            Nemesis::Freeze => {
                self.nodes.signal(victim, "STOP");
                sleep(lasting);
                self.nodes.signal(victim, "CONT");
            }
            Nemesis::Halves | Nemesis::Apart | Nemesis::Deaf | Nemesis::Mute | Nemesis::Unplug => {
                nemesis.separate(&mut self.nodes.network, victim);
                sleep(lasting);
                self.nodes.network.heal();
            }
            Nemesis::Slow => {
                let delay = Duration::from_millis(5 + dice.below(60));
                self.nodes.network.slow(victim, delay);
                sleep(lasting);
                self.nodes.network.heal();
            }
            Nemesis::Broker => {
                self.broker.kill();
                self.broker.start_again();
            }
            Nemesis::Redis => {
                if let Some(redis) = &mut self.redis {
                    redis.kill();
                    sleep(lasting / 4);
                    redis.restart();
                }
            }
        }
    }

    fn kill(&mut self, nodes: &[usize], away: Duration) {
        nodes.iter().for_each(|node| self.nodes.kill(*node));
        sleep(away);
        nodes.iter().for_each(|node| self.nodes.start_node(*node));
    }
}
