//! Reading stored state.

use crate::error::{Error, Result};

/// Stored bytes that are being read, front to back. Numbers are big-endian.
#[derive(Debug)]
pub struct Stored<'a> {
    bytes: &'a [u8],
}

impl<'a> Stored<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Checks that nothing is left.
    pub fn finish(self) -> Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        Err(Error::Columns(format!(
            "stored state has {} bytes left over",
            self.bytes.len()
        )))
    }

    /// The next bytes, as many as the array has.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or_else(cut_short)?;
        self.bytes = rest;
        Ok(*taken)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// The next 4 bytes.
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next 8 bytes.
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// The next 8 bytes, signed.
    pub fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// The next 16 bytes, signed.
    pub fn i128(&mut self) -> Result<i128> {
        self.array().map(i128::from_be_bytes)
    }

    /// The next 8 bytes, a float.
    pub fn f64(&mut self) -> Result<f64> {
        self.u64().map(f64::from_bits)
    }

    /// Bytes after their length.
    pub fn delimited(&mut self) -> Result<&'a [u8]> {
        let length = self.u32()? as usize;
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or_else(cut_short)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// A count of elements that take at least a byte each.
    pub fn count(&mut self) -> Result<usize> {
        let count = self.u32()? as usize;
        if count > self.bytes.len() {
            Err(cut_short())
        } else {
            Ok(count)
        }
    }
}

/// Appends bytes after their length.
pub fn write_delimited(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn cut_short() -> Error {
    Error::Columns("stored state is cut short".into())
}
