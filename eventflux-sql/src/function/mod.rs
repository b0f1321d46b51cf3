//! The functions of the language: which there are, under which names, and how they become what the engine runs.
//!
//! Most are DataFusion's. What is wrong for streams is left out by name, with the reason ([`FunctionRegistry::refusal`]).

mod aggregate;
mod alias;
mod refusal;
mod registry;

pub use aggregate::aggregate_function;
pub use registry::FunctionRegistry;
