//! Exchanges: the rows of one subtask on their way to those of the next operator.

mod exchange;
mod pending;
mod route;

pub(crate) use exchange::Exchange;
pub(crate) use route::{KeyRoute, Route};
