//! The admin API over real HTTP, and the commands that use it, against real nodes: real Raft, real gRPC, real files. Only rows are
//! missing: workers acknowledge at once.

mod access;
mod api;
mod command;
mod hostile;
mod http;
mod nodes;
mod test_cluster;
