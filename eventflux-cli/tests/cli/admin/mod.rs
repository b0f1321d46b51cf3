//! The admin API over real HTTP, and the commands that use it, against real nodes in this process.

mod access;
mod api;
mod command;
mod hostile;
mod http;
mod nodes;
mod state;
mod test_cluster;
