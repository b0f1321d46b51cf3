//! Plans for people: what a query does before it is cut into operators.

mod logical;

pub(crate) use logical::logical_text;
