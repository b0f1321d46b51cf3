//! Made-up rows: each column after a rule, each value known by the row's index, the seed and the column's name alone.

mod connector;
mod field;
mod number;
mod options;
mod rule;
mod text;

pub use connector::Datagen;
