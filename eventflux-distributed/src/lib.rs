//! What joins nodes: how frames travel between them, and how they agree.

pub mod transport;
