//! The real binary, as a user meets it.

mod check;
mod command;
mod connector;
mod explain;
mod page;
mod replay;
mod run;
mod signal;
