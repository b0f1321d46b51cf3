//! What expressions give: tables of expressions and their values, each evaluated in every way in which it can be.

mod check;
mod coverage;
mod extreme;
mod hostile;
mod session;
mod table;

pub(super) use check::value_of;
