//! A file that is being written.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use xxhash_rust::xxh3::Xxh3Default;

use super::directory;
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
    Finished(Option<Counted>),
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// How many bytes.
    pub byte_count: u64,
    /// Their xxh3 hash.
    pub hash: u64,
}

/// A file that is complete, though not yet on disk.
#[derive(Debug)]
#[must_use]
pub struct Unsynced(File);

impl Unsynced {
    /// Waits until the disk has it.
    pub fn sync(self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl OutputFile {
    /// Opens a file; what is in it stays or goes.
    pub fn open(path: &Path, is_append: bool) -> io::Result<Self> {
        let (file, byte_count) = open(path, is_append)?;
        let counted = Counted {
            file,
            byte_count,
            hash: None,
        };
        Self::with(path, counted)
    }

    /// Makes a new file whose bytes are hashed.
    pub fn create_hashed(path: &Path) -> io::Result<Self> {
        let counted = Counted {
            file: File::create(path)?,
            byte_count: 0,
            hash: Some(Box::default()),
        };
        Self::with(path, counted)
    }

    fn with(path: &Path, counted: Counted) -> io::Result<Self> {
        let byte_count = counted.byte_count;
        let content = match Compression::of(path) {
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
            Content::Finished(file) => file.as_ref().map_or(0, |file| file.byte_count),
        }
    }

    /// Whether the bytes given are the bytes written.
    pub fn is_plain(&self) -> bool {
        matches!(self.content, Content::Plain(_))
    }

    /// Writes what ends the compressed content; nothing can be written afterwards.
    pub fn finish(&mut self) -> io::Result<()> {
        let file = match std::mem::replace(&mut self.content, Content::Finished(None)) {
            Content::Plain(file) => Some(file),
            Content::Finished(file) => file,
            Content::Gzip(encoder) => Some(encoder.finish()?),
            Content::Zstd(encoder) => Some(encoder.finish()?),
        };
        self.content = Content::Finished(file);
        Ok(())
    }

    /// Finishes a file that was made with [`OutputFile::create_hashed`]. What is returned with it waits until the disk has it.
    pub fn seal(mut self) -> io::Result<(Extent, Unsynced)> {
        self.finish()?;
        let Content::Finished(Some(counted)) = std::mem::replace(&mut self.content, Content::Finished(None))
        else {
            return Err(io::Error::other("it was finished before"));
        };
        let hash = counted.hash.ok_or_else(|| io::Error::other("it is not hashed"))?;
        let extent = Extent {
            byte_count: counted.byte_count,
            hash: hash.digest(),
        };
        Ok((extent, Unsynced(counted.file)))
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Plain(file) => file.write(bytes),
            Content::Gzip(encoder) => encoder.write(bytes),
            Content::Zstd(encoder) => encoder.write(bytes),
            Content::Finished(_) => Err(io::Error::other("it is finished")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.content {
            Content::Plain(file) => file.flush(),
            Content::Gzip(encoder) => encoder.flush(),
            Content::Zstd(encoder) => encoder.flush(),
            Content::Finished(_) => Ok(()),
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

/// Opens a file to write at its end, and says where that is. What is in it stays or goes. Its directory is made if it is not there.
pub fn open(path: &Path, is_append: bool) -> io::Result<(File, u64)> {
    if path.is_dir() {
        let message = "it is a directory; end the path in `/` to write part files in it";
        return Err(io::Error::new(io::ErrorKind::IsADirectory, message));
    }
    directory::make(&directory::of(path))?;
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(!is_append)
        .open(path)?;
    let byte_count = file.seek(SeekFrom::End(0))?;
    if byte_count > 0 && Compression::of(path) == Compression::None {
        end_half_record(&mut file)?;
    }
    let byte_count = file.stream_position()?;
    Ok((file, byte_count))
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

/// A file, its length, and the hash of what was written, if it is wanted.
struct Counted {
    file: File,
    byte_count: u64,
    hash: Option<Box<Xxh3Default>>,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let byte_count = self.file.write(bytes)?;
        self.byte_count += byte_count as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(&bytes[..byte_count]);
        }
        Ok(byte_count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
