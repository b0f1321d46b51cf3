//! Bounds on the token stream, checked before any parser recurses into it.
//!
//! The syntax tree of an expression is as deep as its brackets are nested and its chains are long (`a AND b AND c` is
//! `(a AND b) AND c`), and everything behind the parser walks that tree. So besides nesting and each chain, their sum
//! along the deepest path is bounded.
//!
//! The counts are upper bounds taken from tokens alone: a word that looks like an operator counts as one.

mod level;
mod limit;
mod scan;

pub(crate) use scan::check;
