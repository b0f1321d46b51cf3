//! The column's values, as they are.

use arrow::array::cast::AsArray;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{Encode, Messages};
use eventflux_core::{Error, Result};

/// Encodes the value of the only column, one per line or message.
#[derive(Debug, Clone, Copy)]
pub struct SingleEncoder;

impl Encode for SingleEncoder {
    fn encode_stream(&mut self, batch: &EventBatch, out: &mut Vec<u8>) -> Result<()> {
        for_each_value(batch.column(0), |_, value| {
            out.extend_from_slice(value.unwrap_or_default());
            out.push(b'\n');
        })
    }

    fn encode_messages(&mut self, batch: &EventBatch, messages: &mut Messages) -> Result<()> {
        for_each_value(batch.column(0), |row, value| {
            if let Some(value) = value {
                messages.value(|out| out.extend_from_slice(value));
            }
            messages.end(row);
        })
    }
}

fn for_each_value(array: &ArrayRef, mut take: impl FnMut(usize, Option<&[u8]>)) -> Result<()> {
    match array.data_type() {
        DataType::Utf8 => {
            let values = array
                .as_string::<i32>()
                .iter()
                .map(|value| value.map(str::as_bytes));
            values.enumerate().for_each(|(row, value)| take(row, value));
        }
        DataType::Binary => array
            .as_binary::<i32>()
            .iter()
            .enumerate()
            .for_each(|(row, value)| take(row, value)),
        other => {
            return Err(Error::Bug(format!(
                "a column of {other} was planned as text or bytes"
            )));
        }
    }
    Ok(())
}
