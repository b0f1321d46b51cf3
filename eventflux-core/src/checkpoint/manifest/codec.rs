//! The stored form of a manifest.
//!
//! ```text
//! eventflux manifest 1\n      what it is, and the format's version
//! {…}\n                       the manifest as JSON
//! crc32c 89abcdef\n           the checksum of everything before this line
//! ```

use super::Manifest;
use crate::error::{Error, Result};

/// The version that this program writes; it reads this one only.
pub const MANIFEST_VERSION: u32 = 1;

const TITLE: &str = "eventflux manifest ";
/// `crc32c 89abcdef\n`.
const LAST_LINE_BYTES: usize = 16;

impl Manifest {
    /// The stored form.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = format!("{TITLE}{MANIFEST_VERSION}\n").into_bytes();
        serde_json::to_writer_pretty(&mut bytes, self)
            .map_err(|error| Error::Bug(format!("a manifest cannot be written: {error}")))?;
        bytes.push(b'\n');
        let last_line = last_line(&bytes);
        bytes.extend_from_slice(last_line.as_bytes());
        Ok(bytes)
    }

    /// Reads the stored form; `object` names it in errors. A truncated or changed one is an error.
    pub fn decode(object: &str, bytes: &[u8]) -> Result<Self> {
        let damaged = |message: &str| Error::damaged(object, message);
        let (content, end) = bytes
            .len()
            .checked_sub(LAST_LINE_BYTES)
            .and_then(|length| bytes.split_at_checked(length))
            .ok_or_else(|| damaged(&format!("it has only {} bytes", bytes.len())))?;
        if end != last_line(content).as_bytes() {
            return Err(damaged("its checksum does not fit its content"));
        }
        let content = std::str::from_utf8(content).map_err(|_| damaged("it is not text"))?;
        let (title, json) = content
            .split_once('\n')
            .ok_or_else(|| damaged("it has one line only"))?;
        let version = title
            .strip_prefix(TITLE)
            .and_then(|version| version.parse::<u32>().ok())
            .ok_or_else(|| damaged("it does not begin as a manifest"))?;
        if version != MANIFEST_VERSION {
            return Err(Error::UnknownFormat {
                object: object.to_owned(),
                version,
                newest: MANIFEST_VERSION,
            });
        }
        serde_json::from_str(json).map_err(|error| damaged(&error.to_string()))
    }
}

fn last_line(content: &[u8]) -> String {
    format!("crc32c {:08x}\n", crc32c::crc32c(content))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::checkpoint::manifest::{
        NoteContent, OperatorIdentity, PlanIdentity, SinkNote, SourceProgress, TimeProgress,
    };
    use crate::state::segment::{SegmentKind, SegmentRef};

    fn manifest() -> Manifest {
        let segment = |kind, epoch| SegmentRef {
            name: format!("segments/{epoch}.segment"),
            size_bytes: 1 << 40,
            crc32c: u32::MAX,
            kind,
            epoch,
            subtask: "totals 1/2".into(),
            operators: vec!["totals#aggregate".into()],
            row_count: 100,
        };
        Manifest {
            sequence: 3,
            generation: 2,
            epoch: 17,
            created_at_us: 1_700_000_000_000_001,
            app: "payments \"eu\"".into(),
            app_id: "b64d".into(),
            plan: PlanIdentity {
                fingerprint: u64::MAX - 1,
                key_groups: 1024,
                operators: vec![OperatorIdentity {
                    operator_id: "totals#aggregate".into(),
                    name: "group aggregate".into(),
                    description: vec![("by".into(), "card".into()), ("errors".into(), "Fail".into())],
                    state_fingerprint: 1 << 63,
                }],
            },
            parallelism: 4,
            segments: vec![segment(SegmentKind::Base, 12), segment(SegmentKind::Delta, 17)],
            sources: vec![SourceProgress {
                operator_id: "trades#source".into(),
                partition: "trades/3".into(),
                position: "42\n".into(),
            }],
            times: vec![
                TimeProgress {
                    operator_id: "trades#source".into(),
                    partition: Some("trades/3".into()),
                    time_us: -1,
                },
                TimeProgress {
                    operator_id: "totals#aggregate".into(),
                    partition: None,
                    time_us: i64::MAX,
                },
            ],
            sinks: vec![
                SinkNote {
                    operator_id: "out#sink".into(),
                    subtask: 1,
                    epoch: 16,
                    content: NoteContent::Inline(Bytes::from_static(&[0, 255, 10])),
                },
                SinkNote {
                    operator_id: "out#sink".into(),
                    subtask: 1,
                    epoch: 17,
                    content: NoteContent::Object {
                        name: "notes/17-1".into(),
                        size_bytes: 5,
                        crc32c: 7,
                    },
                },
            ],
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let manifest = manifest();
        assert_eq!(
            Manifest::decode("m", &manifest.encode().unwrap()).unwrap(),
            manifest
        );
    }

    #[test]
    fn every_truncation_is_detected_and_named() {
        let bytes = manifest().encode().unwrap();
        for length in 0..bytes.len() {
            let error = Manifest::decode("manifests/3", &bytes[..length]).unwrap_err();
            assert!(
                error.to_string().starts_with("manifests/3 is damaged: "),
                "{error}"
            );
        }
    }

    #[test]
    fn every_flipped_bit_is_detected() {
        let bytes = manifest().encode().unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                matches!(Manifest::decode("m", &flipped), Err(Error::Damaged { .. })),
                "bit {bit}"
            );
        }
        let mut longer = bytes;
        longer.push(b'\n');
        assert!(Manifest::decode("m", &longer).is_err());
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let mut bytes = b"eventflux manifest 2\n{}\n".to_vec();
        bytes.extend_from_slice(last_line(&bytes).as_bytes());
        let error = Manifest::decode("manifests/9", &bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "manifests/9 is of format 2; this program reads formats up to 1"
        );
    }
}
