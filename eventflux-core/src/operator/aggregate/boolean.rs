//! `bool_and` and `bool_or`.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};

use super::function::Function;
use super::stored::Stored;
use super::value::first_argument;
use super::{AggregateRows, Evaluated};
use crate::error::{Error, Result};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connective {
    And,
    Or,
}

/// Counts what is true and what is false, so that rows can be taken back.
pub(super) struct BooleanFold {
    pub(super) connective: Connective,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Truths {
    yes: i64,
    no: i64,
}

impl BooleanFold {
    fn change(state: &mut Truths, column: &BooleanArray, row: usize, times: i64) {
        if column.is_valid(row) {
            let count = if column.value(row) {
                &mut state.yes
            } else {
                &mut state.no
            };
            *count += times;
        }
    }
}

impl Function for BooleanFold {
    type State = Truths;
    type Column<'a> = &'a BooleanArray;
    type Value = Option<bool>;

    fn column<'a>(&self, rows: &AggregateRows<'a>) -> Result<Self::Column<'a>> {
        let array = first_argument(rows.arguments)?;
        array
            .as_boolean_opt()
            .ok_or_else(|| Error::Bug(format!("values of {} are not boolean", array.data_type())))
    }

    fn add(&self, state: &mut Truths, column: &Self::Column<'_>, row: usize) {
        Self::change(state, column, row, 1);
    }

    fn subtract(&self, state: &mut Truths, column: &Self::Column<'_>, row: usize) {
        Self::change(state, column, row, -1);
    }

    fn merge(&self, state: &mut Truths, other: &Truths) -> Result<()> {
        state.yes += other.yes;
        state.no += other.no;
        Ok(())
    }

    fn result(&self, state: &Truths) -> Option<bool> {
        match (self.connective, state.yes > 0, state.no > 0) {
            (_, false, false) => None,
            (Connective::And, _, no) => Some(!no),
            (Connective::Or, yes, _) => Some(yes),
        }
    }

    fn finish(&self, values: Vec<Option<bool>>) -> Result<Evaluated> {
        Ok(Evaluated::fits(Arc::new(BooleanArray::from(values))))
    }

    fn encode(&self, state: &Truths, out: &mut Vec<u8>) {
        out.extend_from_slice(&state.yes.to_be_bytes());
        out.extend_from_slice(&state.no.to_be_bytes());
    }

    fn decode(&self, input: &mut Stored<'_>) -> Result<Truths> {
        Ok(Truths {
            yes: input.i64()?,
            no: input.i64()?,
        })
    }
}
