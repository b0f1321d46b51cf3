//! Names: every name of a query finds the relation, column or function that it means.
//!
//! ```text
//! SELECT Price * 2, count(*) FROM trades GROUP BY 1
//!   -> SELECT trades.price * 2 AS "Price * 2", count(*) AS count FROM trades GROUP BY trades.price * 2
//! ```
//!
//! What comes out is a tree in which every column is written in full and as it was declared, every result column has a
//! unique name, `*` is written out, and a clause window's bounds are among the group's keys. What is not planned yet is
//! refused on the way. So all mistakes with names are found here, each at its place, and the planner behind it only has
//! to know one spelling.

mod binder;
mod bounds;
mod column;
mod expression;
mod from;
mod group;
mod output;
mod refuse;
mod scope;
mod select;
mod star;

pub(crate) use binder::{Binder, BoundQuery, OutputColumn};
pub(crate) use expression::COMPUTED_QUALIFIER;
pub(crate) use from::BoundWindow;
