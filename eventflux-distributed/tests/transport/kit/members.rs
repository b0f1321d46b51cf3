//! Who belongs to the tests' cluster.

use std::sync::atomic::{AtomicU64, Ordering};

use eventflux_distributed::transport::{Membership, NodeName};

/// Nodes `a` and `b` in their first incarnation, pipeline `p`.
#[derive(Debug)]
pub struct Members {
    generation: AtomicU64,
}

impl Members {
    pub fn at(generation: u64) -> Self {
        Self {
            generation: AtomicU64::new(generation),
        }
    }

    pub fn move_to(&self, generation: u64) {
        self.generation.store(generation, Ordering::SeqCst);
    }
}

impl Membership for Members {
    fn is_member(&self, node: &NodeName) -> bool {
        ["a", "b"].contains(&node.id.as_str()) && node.incarnation == 1
    }

    fn generation(&self, pipeline: &str) -> Option<u64> {
        (pipeline == "p").then(|| self.generation.load(Ordering::SeqCst))
    }
}
