//! Functions of DataFusion whose results are kept within bounds.
//!
//! Some can give many times as much as they are given: they are measured before they are called. Some give NaN or Infinity
//! where PostgreSQL has an error: their results are looked at.
//!
//! **Errors** A row whose result would be larger than [`super::limit`] allows is bad, and nothing is allocated for it; a row
//! whose result is no number is bad.
//!
//! Absent on purpose: functions whose result is at most a few times as large as their arguments (`upper`, `encode`,
//! `string_to_array`), and those of our own that count as they write (`regexp_replace`).

mod argument;
mod array;
mod finite;
mod function;
mod list;
mod series;
mod text;

pub(in crate::function) use function::bounded;
pub(in crate::function) use text::check_concatenation;
