//! What the statements so far have declared: streams, tables and views, their columns, times and connectors.
//!
//! **Invariants** Names that differ only in case are one name: a stream or column is found whatever the case of an
//! unquoted name, and keeps the spelling of its declaration in results. A quoted name is found only as it is spelled.

mod catalog;
mod column;
pub(crate) mod connector;
mod data_type;
mod declare;
mod engine_option;
mod error_stream;
mod name;
mod relation;
mod role;
mod watermark;

pub(crate) use catalog::Catalog;
pub(crate) use column::{Column, ColumnOrigin};
pub(crate) use connector::ConnectorUse;
pub use data_type::{TYPE_KEY, TypeName, type_name_of};
pub(crate) use data_type::{canonical, data_type, field, timestamp};
pub(crate) use declare::declare;
pub(crate) use engine_option::EngineOptions;
pub(crate) use error_stream::{error_columns, error_stream};
pub(crate) use name::{Name, find_name};
pub(crate) use relation::{EventTimeColumn, Relation, RelationId, RelationType, View};
pub(crate) use role::{Role, Usage, role};
