//! The functions of the language: which there are, under which names, and how they become what the engine runs.
//!
//! Most are DataFusion's. What is wrong for streams is left out by name, with the reason ([`FunctionRegistry::refusal`]).

mod aggregate;
mod alias;
mod argument_error;
mod compile;
#[cfg(test)]
mod golden;
mod guard;
mod reference;
mod refusal;
mod registry;
mod scalar;
mod text;
mod user;

pub use aggregate::aggregate_function;
pub(crate) use argument_error::ArgumentError;
pub use compile::{compile_expression, compile_filters};
pub use guard::{guard_expression, guard_plan};
pub use reference::{Chapter, FunctionDoc};
pub use registry::FunctionRegistry;
pub(crate) use scalar::TIME_PARTS;
pub use text::expression_text;
pub use user::RegistrationError;
