//! Compressed streams, told by the suffix of their names.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::SkipRead;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// `.gz`: gzip, also several members one after the other.
    Gzip,
    /// `.zst`: zstd, also several frames one after the other.
    Zstd,
}

/// Compressed bytes read at once.
const COMPRESSED_CHUNK_BYTES: usize = 64 << 10;

impl Compression {
    /// The compression that a file's name tells.
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("gz") => Compression::Gzip,
            Some("zst") => Compression::Zstd,
            _ => Compression::None,
        }
    }

    /// The file's content.
    pub fn reader(self, file: File) -> io::Result<Box<dyn SkipRead>> {
        let compressed = |file| BufReader::with_capacity(COMPRESSED_CHUNK_BYTES, file);
        Ok(match self {
            Compression::None => Box::new(file),
            Compression::Gzip => Box::new(Decompressed(MultiGzDecoder::new(compressed(file)))),
            Compression::Zstd => Box::new(Decompressed(zstd::stream::read::Decoder::with_buffer(
                compressed(file),
            )?)),
        })
    }
}

/// A decompressed stream: going forward means decompressing.
struct Decompressed<R>(R);

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.0
            .read(space)
            .map_err(|error| match (error.kind(), error.raw_os_error()) {
                (io::ErrorKind::Interrupted, _) | (_, Some(_)) => error,
                (io::ErrorKind::UnexpectedEof, _) => io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the compressed content ends in the middle",
                ),
                _ => io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the compressed content is damaged: {error}"),
                ),
            })
    }
}

impl<R: Read + Send> SkipRead for Decompressed<R> {
    fn skip(&mut self, byte_count: u64) -> io::Result<()> {
        io::copy(&mut self.take(byte_count), &mut io::sink()).map(drop)
    }
}
