//! Nodes in network namespaces of their own around a router, the namespace that the test is in. `namespaces.sh` lays it.
//!
//! ```text
//! node-1  10.77.0.1 ═══ veth ═══╗
//! node-2  10.77.0.2 ═══ veth ═══╬═ router  10.77.0.254: the checker, the broker, the Redis
//! node-3  10.77.0.3 ═══ veth ═══╝
//! ```
//!
//! What is cut vanishes in the router: nobody is told, connections stay half open, and new ones are neither made nor refused.

use std::process::{Command, Stdio};
use std::time::Duration;

/// The bits of a packet that is as long as packets are here.
const PACKET_BITS: u128 = 1_500 * 8;

/// What nemeses have done to the network.
#[derive(Default)]
pub struct Namespaces {
    /// What undoes it, in the order in which it was done.
    undoing: Vec<String>,
}

impl Namespaces {
    /// Where nodes reach whatever is not a node.
    pub const ROUTER: &str = "10.77.0.254";

    pub fn address(node: usize) -> String {
        format!("10.77.0.{}", node + 1)
    }

    /// The same command in a node's namespace.
    pub fn on(node: usize, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside
            .arg(format!("--net=/run/netns/{}", name(node)))
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null());
        command
            .get_current_dir()
            .map(|directory| inside.current_dir(directory));
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// Packets from one node to another vanish.
    pub fn cut(&mut self, from: usize, to: usize) {
        let (from, to) = (Self::address(from), Self::address(to));
        let rule = format!("from {from} to {to} blackhole pref 100");
        self.change(&format!("ip rule add {rule}"), format!("ip rule del {rule}"));
    }

    /// A node reaches nobody, not even what is not a node.
    pub fn unplug(&mut self, node: usize) {
        let link = format!("ip link set {}", name(node));
        self.change(&format!("{link} down"), format!("{link} up"));
    }

    /// What a node sends and is sent queues up for a link on which each packet takes so long.
    pub fn slow(&mut self, node: usize, per_packet: Duration) {
        let rate = PACKET_BITS * 1_000_000 / per_packet.as_micros();
        let name = name(node);
        for (tc, device) in [
            ("tc".to_owned(), name.as_str()),
            (format!("tc -n {name}"), "eth0"),
        ] {
            self.change(
                &format!("{tc} qdisc add dev {device} root tbf rate {rate}bit burst 2kb latency 1s"),
                format!("{tc} qdisc del dev {device} root"),
            );
        }
    }

    /// Everything is as it was.
    pub fn heal(&mut self) {
        self.undoing.drain(..).rev().for_each(|command| run(&command));
    }

    fn change(&mut self, doing: &str, undoing: String) {
        run(doing);
        self.undoing.push(undoing);
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        self.heal();
    }
}

/// The name of a node's namespace, and of the router's interface to it.
fn name(node: usize) -> String {
    format!("node-{}", node + 1)
}

fn run(command: &str) {
    let mut words = command.split(' ');
    let mut process = Command::new(words.next().unwrap());
    let output = process.args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{command}`: {said}");
}
