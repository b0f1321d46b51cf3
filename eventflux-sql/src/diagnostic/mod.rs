//! What is wrong with the user's text, as values.
//!
//! A [`Diagnostic`] has a stable [`Code`], one lower-case sentence, the [`Span`] it is about, further labelled
//! places and help lines. It is made anywhere in the compiler, collected, and turned into text by exactly one of
//! the renderers in [`render`]. Nothing here prints.
//!
//! **Units**: a [`Span`] counts bytes of UTF-8 text from its beginning; lines and columns are one-based and
//! columns count characters, as `sqlparser` does.

mod code;
pub mod render;
mod source;
mod span;
mod suggest;
mod value;

pub use code::Code;
pub use source::{LineColumn, SourceText};
pub use span::Span;
pub use suggest::{closest, did_you_mean};
pub use value::{Diagnostic, Diagnostics, Label, Severity};
