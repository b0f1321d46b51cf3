//! How blocks are compressed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::zstd_context;
use crate::error::{Error, Result};

/// How blocks are compressed, each by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// Fast, and fastest to read back.
    #[default]
    Lz4,
    /// Like lz4.
    Snappy,
    /// Smallest.
    Zstd,
}

impl Compression {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Lz4, Self::Snappy, Self::Zstd];

    /// Its name in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Snappy => "snappy",
            Self::Zstd => "zstd",
        }
    }

    /// Its number in stored bytes and in frames; never changed.
    pub fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Lz4 => 1,
            Self::Snappy => 2,
            Self::Zstd => 3,
        }
    }

    /// The compression of a number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|compression| compression.code() == code)
    }

    /// The bytes, compressed as one block.
    pub(super) fn compress(self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        match self {
            Self::None => Ok(bytes),
            _ => self.compressed(&bytes),
        }
    }

    /// A copy of the bytes, compressed as one block.
    ///
    /// **Errors** The compression refuses them.
    pub fn compressed(self, bytes: &[u8]) -> Result<Vec<u8>> {
        if self == Self::Lz4 {
            // Into memory that was never filled with zeros.
            return Ok(lz4_flex::block::compress(bytes));
        }
        let mut compressed = Vec::new();
        self.compress_into(bytes, &mut compressed)?;
        Ok(compressed)
    }

    /// Puts the bytes, compressed as one block, in place of what `compressed` has.
    ///
    /// **Errors** The compression refuses them.
    pub fn compress_into(self, bytes: &[u8], compressed: &mut Vec<u8>) -> Result<()> {
        let failed = |error: &dyn fmt::Display| Error::Bug(format!("a block cannot be compressed: {error}"));
        match self {
            Self::None => {
                compressed.clear();
                compressed.extend_from_slice(bytes);
            }
            Self::Lz4 => {
                compressed.resize(lz4_flex::block::get_maximum_output_size(bytes.len()), 0);
                let length = lz4_flex::block::compress_into(bytes, compressed);
                compressed.truncate(length.map_err(|error| failed(&error))?);
            }
            Self::Snappy => {
                compressed.resize(snap::raw::max_compress_len(bytes.len()), 0);
                let length = snap::raw::Encoder::new().compress(bytes, compressed);
                compressed.truncate(length.map_err(|error| failed(&error))?);
            }
            Self::Zstd => zstd_context::compress(bytes, compressed).map_err(|error| failed(&error))?,
        }
        Ok(())
    }

    /// How many times as many bytes as there are can come out at the most: by their formats, a run of 255 for one byte, 64
    /// bytes for a copy of 2, and a block of 128 KiB for 4 bytes.
    fn expansion_max(self) -> usize {
        match self {
            Self::None => 1,
            Self::Lz4 => 255,
            Self::Snappy => 32,
            Self::Zstd => 32 << 10,
        }
    }

    /// Whether so few bytes can become so many; otherwise what is wrong. To be asked before memory is found for them.
    pub fn check_size(self, compressed_bytes: usize, size: usize) -> Result<(), String> {
        match size <= compressed_bytes.saturating_mul(self.expansion_max()) {
            true => Ok(()),
            false => Err(format!("{compressed_bytes} bytes cannot become {size}")),
        }
    }

    /// The bytes again, `size` of them; otherwise what is wrong.
    pub fn decompress(self, bytes: &[u8], size: usize) -> Result<Vec<u8>, String> {
        self.check_size(bytes.len(), size)?;
        let mut decompressed = vec![0; size];
        self.decompress_into(bytes, &mut decompressed)?;
        Ok(decompressed)
    }

    /// The bytes again, as many as there is room for; otherwise what is wrong.
    pub fn decompress_into(self, bytes: &[u8], decompressed: &mut [u8]) -> Result<(), String> {
        let size = decompressed.len();
        let length = match self {
            Self::None => {
                let length = bytes.len().min(size);
                decompressed[..length].copy_from_slice(&bytes[..length]);
                bytes.len()
            }
            Self::Lz4 => {
                lz4_flex::block::decompress_into(bytes, decompressed).map_err(|error| error.to_string())?
            }
            Self::Snappy => {
                let claimed = snap::raw::decompress_len(bytes).map_err(|error| error.to_string())?;
                if claimed != size {
                    return Err(format!("a block claims {claimed} bytes in place of {size}"));
                }
                let decoded = snap::raw::Decoder::new().decompress(bytes, decompressed);
                decoded.map_err(|error| error.to_string())?
            }
            Self::Zstd => zstd_context::decompress(bytes, decompressed).map_err(|error| error.to_string())?,
        };
        match length == size {
            true => Ok(()),
            false => Err(format!("a block has {length} bytes in place of {size}")),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|compression| compression.name() == text)
            .ok_or_else(|| format!("`{text}` is not one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}
