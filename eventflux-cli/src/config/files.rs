//! The files with configuration, and the layers in them.

use std::path::{Path, PathBuf};

use super::layer::{Layer, Refused};
use super::yaml;

/// The file that is read without being asked for.
pub(crate) const DEFAULT: &str = "eventflux.yaml";

/// Why there is no configuration.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// A file or a folder cannot be read.
    Unreadable(String),
    /// What is written is wrong.
    Refused(Vec<Refused>),
}

/// The default file: beside the app, or else in the working folder.
pub(crate) fn default_file(app: Option<&Path>) -> Option<PathBuf> {
    let beside = app
        .filter(|app| *app != Path::new("-"))
        .and_then(Path::parent)
        .map(|folder| folder.join(DEFAULT));
    let candidates = beside.into_iter().chain([PathBuf::from(DEFAULT)]);
    candidates.into_iter().find(|file| file.is_file())
}

/// The layers of files and folders, in their order; every file is read, whatever is wrong with others.
pub(crate) fn layers(paths: &[PathBuf]) -> Result<Vec<Layer>, LoadError> {
    let mut layers = Vec::new();
    let mut refused = Vec::new();
    for path in paths {
        for file in files_of(path)? {
            let name = file.display().to_string();
            match Layer::of_file(&name, &text_of(&file)?) {
                Ok(more) => layers.extend(more),
                Err(wrong) => refused.push(wrong),
            }
        }
    }
    match refused.is_empty() {
        true => Ok(layers),
        false => Err(LoadError::Refused(refused)),
    }
}

/// A file itself; the YAML files of a folder by name. Kubernetes keeps what it mounts behind names that begin with a dot.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error| LoadError::Unreadable(format!("cannot list {}: {error}", path.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let is_yaml = file
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        let is_hidden = file
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_yaml && !is_hidden && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    match files.is_empty() {
        true => Err(LoadError::Unreadable(format!(
            "there is no `*.yaml` file in {}",
            path.display()
        ))),
        false => Ok(files),
    }
}

fn text_of(file: &Path) -> Result<String, LoadError> {
    let name = file.display();
    let unreadable = |why: String| LoadError::Unreadable(why);
    let size = std::fs::metadata(file)
        .map_err(|error| unreadable(format!("cannot read {name}: {error}")))?
        .len();
    if size > yaml::BYTES_MAX as u64 {
        return Err(unreadable(format!(
            "{name} is too large for a configuration: {size} bytes"
        )));
    }
    let bytes = std::fs::read(file).map_err(|error| unreadable(format!("cannot read {name}: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        unreadable(format!("{name} is not UTF-8 from byte {place} on"))
    })
}
