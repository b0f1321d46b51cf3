//! Functions whose result can be many times as large as what they are given: they are measured before they are called.
//!
//! **Errors** A row whose result would be larger than [`super::limit`] allows is bad; nothing is allocated for it.
//!
//! Absent on purpose: functions whose result is at most a few times as large as their arguments (`upper`, `encode`,
//! `string_to_array`), and those of our own that count as they write (`regexp_replace`).

mod argument;
mod array;
mod function;
mod list;
mod series;
mod text;

pub(in crate::function) use function::bounded;
pub(in crate::function) use text::check_concatenation;
