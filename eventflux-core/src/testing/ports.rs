//! Ports for the servers of tests.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below those that the system gives to whoever asks for any: no connection and no other listener takes one of these before it is used.
const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

/// From process to process, so that those that begin together do not look at the same ones.
const STRIDE: u32 = 331;

/// Ports of the loopback interface that nobody listens on; none is given twice in a process.
///
/// # Panics
/// All are taken.
pub fn free_ports(count: usize) -> Vec<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(STRIDE);
    let mut ports = Vec::with_capacity(count);
    while ports.len() < count {
        let taken = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(taken < COUNT, "no port is free");
        let port = (FIRST + first.wrapping_add(taken) % COUNT) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            ports.push(port);
        }
    }
    ports
}
