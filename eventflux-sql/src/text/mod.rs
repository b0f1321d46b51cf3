//! Text to tokens, and what has to happen to tokens before `sqlparser` may see them.
//!
//! ```text
//! text ── tokenise ──> tokens ── caps ──> statements' tokens ── splice ──> sqlparser ── refuse ──> syntax tree
//! ```
//!
//! **Invariants**: no parser runs before the [`cap`]s have passed, so recursion and time are bounded by the token
//! stream. Every token keeps its place in the user's text, also the ones a splice puts in, so an error of any later
//! step points at something the user wrote.

pub(crate) mod cap;
pub(crate) mod cursor;
pub(crate) mod delegate;
pub(crate) mod dialect;
pub(crate) mod syntax_error;
pub(crate) mod token;
