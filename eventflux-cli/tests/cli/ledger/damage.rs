//! State that is damaged: each file of a state directory, at several places.

use std::path::{Path, PathBuf};

use super::file::{books, prepare};
use super::killer::{Held, command};
use super::transfers::{Dice, Transfers};
use crate::command::{Outcome, Workplace, copy_directory};

/// The files of a directory and those below it, but for the store's own.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            _ if path.file_name().unwrap().to_str().unwrap().starts_with('.') => {}
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// What may have become of a file, each with a name.
pub fn damages(whole: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
    let length = whole.len();
    let flipped = |at: usize| {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 1 << (at % 8);
        (format!("bit flipped in byte {at} of {length}"), Some(bytes))
    };
    let cut = |at: usize| {
        (
            format!("cut to {at} of {length} bytes"),
            Some(whole[..at].to_vec()),
        )
    };
    let mut damages: Vec<_> = [0, length / 2, length - 1].map(flipped).into();
    damages.extend([0, length - 1].map(cut));
    damages.push(("gone".to_owned(), None));
    damages
}

#[test]
fn damage_anywhere_in_a_state_directory_is_named_and_never_gives_a_wrong_result() {
    let transfers = Transfers::draw(1_500, &mut Dice(11));
    let place = Workplace::new();
    prepare(&place, &transfers);
    Held::start(&place, 1, "coordinator.committed", 2).kill();
    let untouched = Workplace::new();
    copy_directory(&place.path(""), &untouched.path("all"));
    let mut named_count = 0;
    let mut kinds = std::collections::BTreeSet::new();
    for path in files(&place.path("state")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let kind = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let whole = std::fs::read(&path).unwrap();
        for (damage, bytes) in damages(&whole) {
            match bytes {
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            let ended = Outcome::of(command(&place, 1).output().unwrap());
            let what = format!("{kind}/{name}: {damage}: exit {:?}: {}", ended.code, ended.stderr);
            match ended.code {
                Some(1) => {
                    assert!(
                        ended.stderr.contains(&name) && ended.stderr.contains("is damaged"),
                        "{what}"
                    );
                    named_count += 1;
                    kinds.insert(kind.clone());
                    std::fs::write(&path, &whole).unwrap();
                }
                // The one before it is the newest now, and may be older than the output.
                Some(2) if kind == "manifests" && damage == "gone" => {
                    assert!(ended.stderr.contains("older than the"), "{what}");
                    std::fs::write(&path, &whole).unwrap();
                }
                // It was not needed, or is not missed: then the result is right.
                Some(0) => {
                    books(&place).check(&transfers);
                    std::fs::remove_dir_all(place.path("")).unwrap();
                    copy_directory(&untouched.path("all"), &place.path(""));
                }
                _ => panic!("{what}"),
            }
        }
    }
    assert!(
        named_count > 20,
        "only {named_count} damages were named, of {kinds:?}"
    );
    for kind in ["segments", "manifests", "generations"] {
        assert!(kinds.contains(kind), "no damage in {kind} was named");
    }
    // All those that were refused have done no harm.
    Outcome::of(command(&place, 2).output().unwrap()).exits(0);
    books(&place).check(&transfers);
}
