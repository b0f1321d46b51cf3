//! Frames within one process: batches are moved, not copied. For tests, and for nodes that share a process.

mod in_process;

pub use in_process::InProcess;
