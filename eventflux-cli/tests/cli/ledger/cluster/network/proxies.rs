//! Between nodes without namespaces: whatever one node sends another goes through here, and may be held back or slowed down.
//!
//! ```text
//! node i ──► 127.0.0.1:PORT (here) ──rule i to j──► 127.0.1.j:PORT node j
//!        ◄──────────────────────── ◄──rule j to i──
//! ```
//!
//! Bytes that are held back are not lost: they come when the way is open again, as TCP has it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What becomes of bytes on their way from one node to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They arrive.
    Open,
    /// They are held back.
    Cut,
    /// Each lot of them takes so much longer.
    Slow(Duration),
}

/// Ways between nodes. Cheap to clone.
#[derive(Clone, Default)]
pub struct Proxies(Arc<Shared>);

#[derive(Default)]
struct Shared {
    rules: Mutex<Rules>,
    changed: Condvar,
}

#[derive(Default)]
struct Rules {
    ways: BTreeMap<(usize, usize), Way>,
    /// The process of each node.
    processes: BTreeMap<usize, u32>,
}

impl Proxies {
    /// Where they listen for everybody.
    pub const HOST: &str = "127.0.0.1";

    /// Where a node listens: they listen at the same port of their host.
    pub fn address(node: usize) -> String {
        format!("127.0.1.{}", node + 1)
    }

    /// From now on this process is a node.
    pub fn set_process(&self, node: usize, process: u32) {
        self.rules().processes.insert(node, process);
    }

    /// Sets the way from one node to another.
    pub fn set(&self, from: usize, to: usize, way: Way) {
        self.rules().ways.insert((from, to), way);
        self.0.changed.notify_all();
    }

    /// Opens all ways.
    pub fn heal(&self) {
        self.rules().ways.clear();
        self.0.changed.notify_all();
    }

    /// Carries what comes for a node at one of its ports, as long as this process lives.
    pub fn carry(&self, to: usize, port: u16) {
        let listener = TcpListener::bind((Self::HOST, port)).unwrap();
        let proxies = self.clone();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (proxies, socket) = (proxies.clone(), socket.unwrap());
                thread::spawn(move || proxies.join(to, port, socket));
            }
        });
    }

    fn join(&self, to: usize, port: u16, socket: TcpStream) {
        // Nobody else connects to nodes here. Whose process is gone, or is not seen in the system's table while that changes, may try
        // again: what is let through must not be what is cut.
        let Some(from) = self.node_of(&socket) else {
            return;
        };
        let Ok(onward) = TcpStream::connect((Self::address(to), port)) else {
            // Nobody listens there: whoever has connected learns it by the end of the connection.
            return;
        };
        let _ = (socket.set_nodelay(true), onward.set_nodelay(true));
        let back = (onward.try_clone().unwrap(), socket.try_clone().unwrap());
        let proxies = self.clone();
        thread::spawn(move || proxies.pump(to, from, back.0, back.1));
        self.pump(from, to, socket, onward);
    }

    fn pump(&self, from: usize, to: usize, mut source: TcpStream, mut target: TcpStream) {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(count @ 1..) = source.read(&mut bytes) {
            self.pass(from, to);
            if target.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        // One end is gone, so the other one goes, too.
        let _ = (source.shutdown(Shutdown::Both), target.shutdown(Shutdown::Both));
    }

    /// Waits until the next bytes may arrive.
    fn pass(&self, from: usize, to: usize) {
        let way = |rules: &Rules| rules.ways.get(&(from, to)).copied().unwrap_or(Way::Open);
        let mut rules = self.rules();
        while way(&rules) == Way::Cut {
            rules = self.0.changed.wait(rules).unwrap_or_else(PoisonError::into_inner);
        }
        let way = way(&rules);
        drop(rules);
        if let Way::Slow(delay) = way {
            // The delay is the fault.
            thread::sleep(delay);
        }
    }

    /// The node whose process has opened a connection.
    fn node_of(&self, socket: &TcpStream) -> Option<usize> {
        let inode = inode_of(socket.peer_addr().ok()?.port(), socket.local_addr().ok()?.port())?;
        let processes = self.rules().processes.clone();
        let link = format!("socket:[{inode}]");
        processes
            .into_iter()
            .find(|(_, process)| has_open(*process, &link))
            .map(|(node, _)| node)
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.0.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The inode of the socket at 127.0.0.1 and this port, to the other one: the system gives one port to sockets that go to different places.
fn inode_of(port: u16, to: u16) -> Option<String> {
    let [local, remote] = [port, to].map(|port| format!("0100007F:{port:04X}"));
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let mut sockets = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let socket = sockets.find(|columns| columns.get(1..3) == Some(&[local.as_str(), remote.as_str()]))?;
    socket.get(9).map(|inode| (*inode).to_owned())
}

fn has_open(process: u32, link: &str) -> bool {
    // A process that is gone has nothing open.
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    files
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == link))
}
