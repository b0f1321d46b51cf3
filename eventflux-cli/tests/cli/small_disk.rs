//! A real file system that is small, to be filled.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A tmpfs in a mount namespace of its own, which goes with the process that holds it.
pub struct SmallDisk {
    holder: Child,
    directory: tempfile::TempDir,
}

/// Mounts, says so, and holds the namespace until its input ends.
const HOLD: &str = r#"mount -t tmpfs -o "size=$1" tmpfs "$0" && echo mounted && exec cat >/dev/null"#;

impl SmallDisk {
    /// One of so many bytes. It needs user namespaces or root, and fails without.
    pub fn new(size_bytes: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut said = String::new();
        // As any user; as root where users have no namespaces.
        for namespaces in ["-rm", "-m"] {
            let mut holder = Command::new("unshare")
                .args([namespaces, "sh", "-c", HOLD])
                .arg(directory.path())
                .arg(size_bytes.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("`unshare` is needed to mount a small disk: it is in util-linux");
            let mut line = String::new();
            BufReader::new(holder.stdout.take().unwrap())
                .read_line(&mut line)
                .unwrap();
            if line.trim() == "mounted" {
                return Self { holder, directory };
            }
            let output = holder.wait_with_output().unwrap();
            said += &String::from_utf8_lossy(&output.stderr);
        }
        panic!("a small disk cannot be mounted here, neither with user namespaces nor as root: {said}");
    }

    /// A path on it, as every process sees it.
    pub fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        let directory = self.directory.path().strip_prefix("/").unwrap();
        root.join(directory).join(name)
    }

    /// Fills it but for so many bytes.
    pub fn fill(&self, left_bytes: u64) {
        let path = self.path("ballast");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[7; 4096]).is_ok() {}
        let full_bytes = file.metadata().unwrap().len();
        assert!(
            full_bytes > left_bytes && full_bytes < 1 << 30,
            "{full_bytes} bytes were written"
        );
        file.set_len(full_bytes - left_bytes).unwrap();
    }

    /// Makes room again.
    pub fn clear(&self) {
        fs::remove_file(self.path("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

#[test]
fn a_small_disk_is_full_when_it_is_filled_and_has_room_when_it_is_cleared() {
    let disk = SmallDisk::new(1 << 20);
    disk.fill(8 << 10);
    let write = |path: &Path| fs::write(path, [1; 64 << 10]);
    let error = write(&disk.path("a")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    disk.clear();
    write(&disk.path("a")).unwrap();
}
