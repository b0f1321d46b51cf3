//! Rows as JSON, and cells as text: what files, `replay` and dead letters show.
//!
//! **Shapes** BOOLEAN and numbers as they are; DOUBLE in the shortest form that reads back to the same value, and what is
//! no number as `"NaN"`, `"Infinity"`, `"-Infinity"`; DECIMAL as a number with all digits of its scale; text as a string;
//! JSON columns as they are; BINARY as base64; DATE, TIME and TIMESTAMP as ISO 8601 in UTC with as many digits as the type
//! has; INTERVAL as an ISO 8601 duration; ARRAY, MAP and STRUCT as arrays and objects; NULL as `null`.

mod cell;
mod decimal;
mod float;
mod interval;
mod nested;
mod rows;
mod text;

pub use cell::Cell;
pub use rows::{JsonRows, is_json, mark_json, write_row};
pub use text::write_string;
