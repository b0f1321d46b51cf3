//! A directory for what nobody drops: values of statics, and what a process that is killed has. The next process removes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The directory of this process, in the target's.
pub fn directory() -> &'static Path {
    static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli");
        let own = all.join(std::process::id().to_string());
        fs::create_dir_all(&own).unwrap();
        remove_of_ended_processes(&all);
        own
    });
    &DIRECTORY
}

fn remove_of_ended_processes(all: &Path) {
    for entry in fs::read_dir(all).unwrap().flatten() {
        if !Path::new("/proc").join(entry.file_name()).exists() {
            // Somebody else may be removing it, too.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[test]
fn what_a_process_leaves_is_removed_when_it_has_ended() {
    let all = tempfile::tempdir().unwrap();
    let mut process = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let left = all.path().join(process.id().to_string());
    fs::create_dir_all(left.join("more")).unwrap();
    remove_of_ended_processes(all.path());
    assert!(left.exists());
    drop(process.stdin.take());
    process.wait().unwrap();
    remove_of_ended_processes(all.path());
    assert!(!left.exists());
}
