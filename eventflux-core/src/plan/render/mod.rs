//! A plan for people and programs: one format per file.

mod dot;
mod json;
mod label;
mod mermaid;
mod svg;
mod text;

pub use dot::dot;
pub use json::json;
pub use mermaid::mermaid;
pub use svg::svg;
pub use text::text;

#[cfg(test)]
mod tests;
