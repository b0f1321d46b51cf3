//! A file that is being written.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use crate::byte_stream::Compression;

/// An open file with its compression.
pub struct OutputFile {
    path: PathBuf,
    content: Content,
    /// Whether something was in the file when it was opened.
    has_content: bool,
}

enum Content {
    Plain(Counted),
    Gzip(GzEncoder<Counted>),
    Zstd(zstd::stream::write::Encoder<'static, Counted>),
    /// Nothing more can be written.
    Finished,
}

impl OutputFile {
    /// Opens a file; what is in it stays or goes.
    pub fn open(path: &Path, is_append: bool) -> io::Result<Self> {
        if path.is_dir() {
            let message = "it is a directory; end the path in `/` to write part files in it";
            return Err(io::Error::new(io::ErrorKind::IsADirectory, message));
        }
        let compression = Compression::of(path);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(!is_append)
            .open(path)?;
        let byte_count = file.seek(SeekFrom::End(0))?;
        if byte_count > 0 && compression == Compression::None {
            end_half_record(&mut file)?;
        }
        let counted = Counted { file, byte_count };
        let content = match compression {
            Compression::None => Content::Plain(counted),
            Compression::Gzip => Content::Gzip(GzEncoder::new(counted, flate2::Compression::default())),
            Compression::Zstd => Content::Zstd(zstd::stream::write::Encoder::new(
                counted,
                zstd::DEFAULT_COMPRESSION_LEVEL,
            )?),
        };
        Ok(Self {
            path: path.to_owned(),
            content,
            has_content: byte_count > 0,
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something was in the file when it was opened.
    pub fn has_content(&self) -> bool {
        self.has_content
    }

    /// Bytes in the file; a compressor may hold some back.
    pub fn byte_count(&self) -> u64 {
        match &self.content {
            Content::Plain(file) => file.byte_count,
            Content::Gzip(encoder) => encoder.get_ref().byte_count,
            Content::Zstd(encoder) => encoder.get_ref().byte_count,
            Content::Finished => 0,
        }
    }

    /// Whether the bytes given are the bytes written.
    pub fn is_plain(&self) -> bool {
        matches!(self.content, Content::Plain(_))
    }

    /// Writes what ends the compressed content; nothing can be written afterwards.
    pub fn finish(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.content, Content::Finished) {
            Content::Plain(_) | Content::Finished => Ok(()),
            Content::Gzip(encoder) => encoder.finish().map(drop),
            Content::Zstd(encoder) => encoder.finish().map(drop),
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Plain(file) => file.write(bytes),
            Content::Gzip(encoder) => encoder.write(bytes),
            Content::Zstd(encoder) => encoder.write(bytes),
            Content::Finished => Err(io::Error::other("it is finished")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.content {
            Content::Plain(file) => file.flush(),
            Content::Gzip(encoder) => encoder.flush(),
            Content::Zstd(encoder) => encoder.flush(),
            Content::Finished => Ok(()),
        }
    }
}

/// A run that failed leaves a compressed file that can be read up to where it came.
impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::warn!(path = %self.path.display(), %error, "the compressed file is not complete");
        }
    }
}

/// A killed run may have left half a record: its line ends here, so that the next one is not spoilt too.
fn end_half_record(file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")
    } else {
        Ok(())
    }
}

/// A file and its length.
struct Counted {
    file: File,
    byte_count: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let byte_count = self.file.write(bytes)?;
        self.byte_count += byte_count as u64;
        Ok(byte_count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
