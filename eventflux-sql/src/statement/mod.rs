//! Statements: what a text says, before anything is looked up.
//!
//! [`parse`] turns a whole text into [`Statement`]s. Names are not resolved, types of expressions are not known, and
//! nothing is dropped: what these types cannot hold is refused.
//!
//! **Shapes**: relations and their clauses are our own types. Queries and expressions are `sqlparser`'s
//! ([`sqlparser::ast::Query`], [`sqlparser::ast::Expr`]) with its own spans, which count lines and columns of the
//! user's text ([`SourceText::span_of`](crate::diagnostic::SourceText::span_of) makes them bytes).
//!
//! **Windows in a query**: every window, in whatever spelling, is taken out of the tree and put into
//! [`Query::windows`]. In its place stands the table factor
//!
//! ```text
//! TableFactor::Table { name: [Ident "__window"], args: Some([Unnamed(Expr(Value(Number "3")))]), alias, .. }
//! ```
//!
//! whose only argument is the index into [`Query::windows`] of the **same statement** (sub-queries share the table of
//! the statement they stand in). [`Window::index_of`] recognises it. [`Window::input`] is again a table factor, to be
//! planned as any other: a named relation without alias, a sub-query, or another window. The user's alias, if there
//! is one, is on the `__window` factor. No text can write the name `__window`: it is refused as reserved.
//!
//! Group functions (`GROUP BY tumble(INTERVAL '1' MINUTE)`) are rewritten to the same shape: the only relation of
//! FROM becomes the window's input, and the group expression becomes `window_start, window_end`.

mod data_type;
mod insert;
mod lower;
mod parse;
mod query;
mod relation;
mod splice;
mod sql_type;
mod value;
mod window;

pub use insert::{EventSelection, Insert};
pub(crate) use lower::instead;
pub use parse::parse;
pub use query::{Emit, EmitMode, OutputLimit, OutputRate, OutputSelection, Query};
pub use relation::{Column, ColumnKind, CreateRelation, CreateView, PrimaryKey, RelationKind, Watermark};
pub use sql_type::{SqlType, SqlTypeKind, StructField};
pub use value::{Describe, DropObject, Explain, ObjectKind, Set, Show, ShowKind, Statement, StatementKind};
pub use window::{WINDOW_FUNCTION, Window, WindowForm, WindowKind};
