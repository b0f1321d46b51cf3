//! How blocks are compressed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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

/// Higher levels cost more than they save on rows of state.
const ZSTD_LEVEL: i32 = 1;

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
        let failed = |error: &dyn fmt::Display| Error::Bug(format!("a block cannot be compressed: {error}"));
        match self {
            Self::None => Ok(bytes.to_vec()),
            Self::Lz4 => Ok(lz4_flex::block::compress(bytes)),
            Self::Snappy => snap::raw::Encoder::new()
                .compress_vec(bytes)
                .map_err(|error| failed(&error)),
            Self::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL).map_err(|error| failed(&error)),
        }
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

    /// The bytes again, `size` of them; otherwise what is wrong.
    pub fn decompress(self, bytes: &[u8], size: usize) -> Result<Vec<u8>, String> {
        if size > bytes.len().saturating_mul(self.expansion_max()) {
            return Err(format!("{} bytes cannot become {size}", bytes.len()));
        }
        let decompressed = match self {
            Self::None => bytes.to_vec(),
            Self::Lz4 => lz4_flex::block::decompress(bytes, size).map_err(|error| error.to_string())?,
            Self::Snappy => {
                let claimed = snap::raw::decompress_len(bytes).map_err(|error| error.to_string())?;
                if claimed != size {
                    return Err(format!("a block claims {claimed} bytes in place of {size}"));
                }
                snap::raw::Decoder::new()
                    .decompress_vec(bytes)
                    .map_err(|error| error.to_string())?
            }
            Self::Zstd => zstd::bulk::decompress(bytes, size).map_err(|error| error.to_string())?,
        };
        if decompressed.len() == size {
            Ok(decompressed)
        } else {
            Err(format!(
                "a block has {} bytes in place of {size}",
                decompressed.len()
            ))
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
