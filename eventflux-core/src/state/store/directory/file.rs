//! Files that are there completely or not at all, also after a crash of the machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use crate::state::store::Payload;

/// Called between the steps of a put, with the step's name.
pub(super) type Step<'a> = &'a dyn Fn(&'static str) -> io::Result<()>;

/// Writes a file beside its place and links it there: whether there was none.
///
/// ```text
/// write temporary -> sync it -> link it to its name -> sync the folder -> remove temporary
/// ```
/// A link is made only if there is no file of that name. Before it nobody sees the file; after it the file is whole and its
/// bytes are on disk.
pub(super) fn create(temporary: &Path, path: &Path, payload: &Payload, step: Step<'_>) -> io::Result<bool> {
    let created = create_steps(temporary, path, payload, step);
    match &created {
        Ok(_) => fs::remove_file(temporary)?,
        // The error that counts is the first one. The next open removes what is left.
        Err(_) => _ = fs::remove_file(temporary),
    }
    created
}

fn create_steps(temporary: &Path, path: &Path, payload: &Payload, step: Step<'_>) -> io::Result<bool> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    step("directory.put.created")?;
    for piece in payload.pieces() {
        file.write_all(piece)?;
    }
    step("directory.put.written")?;
    file.sync_all()?;
    step("directory.put.synced")?;
    let is_new = match fs::hard_link(temporary, path) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
        Err(error) => return Err(error),
    };
    step("directory.put.linked")?;
    // Also if it was there: the put that made it may have died right here.
    sync_parent(path)?;
    step("directory.put.durable")?;
    Ok(is_new)
}

/// Makes the entries of a file's folder durable.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if cfg!(unix) => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// Makes a folder and those above it, durably.
pub(super) fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folders(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(_) => sync_parent(folder),
        None => sync_parent(&Path::new(".").join(folder)),
    }
}

/// The bytes of a range, cut at the file's end; `None` if there is no such file.
pub(super) fn read_range(path: &Path, range: Range<u64>) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Ok(None);
    }
    let start = range.start.min(metadata.len());
    let end = range.end.clamp(start, metadata.len());
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity((end - start) as usize);
    file.take(end - start).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
