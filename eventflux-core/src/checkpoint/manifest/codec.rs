//! The stored form of a manifest.

use super::Manifest;
use super::envelope::{Envelope, decode, encode};
use crate::error::Result;

/// The version that this program writes; it reads this one only.
pub const MANIFEST_VERSION: u32 = 1;

const ENVELOPE: Envelope = Envelope {
    title: "eventflux manifest",
    version: MANIFEST_VERSION,
};

impl Manifest {
    /// The stored form.
    pub fn encode(&self) -> Result<Vec<u8>> {
        encode(&ENVELOPE, self)
    }

    /// Reads the stored form; `object` names it in errors. A truncated or changed one is an error.
    pub fn decode(object: &str, bytes: &[u8]) -> Result<Self> {
        decode(&ENVELOPE, object, bytes)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::envelope::last_line;
    use super::*;
    use crate::checkpoint::manifest::{
        NoteContent, OperatorIdentity, PlanIdentity, SinkNote, SourceProgress, TimeProgress,
    };
    use crate::error::Error;
    use crate::state::checksum::ignored::with_checksums_ignored;
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
            key_group_map: Some("0123456789abcdef".into()),
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

    proptest::proptest! {
        #[test]
        fn what_the_checksum_lets_through_is_read_or_refused(
            changes in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 1..4),
        ) {
            let mut bytes = manifest().encode().unwrap();
            for (place, byte) in changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            if let Ok(read) = with_checksums_ignored(|| Manifest::decode("m", &bytes)) {
                proptest::prop_assert_eq!(Manifest::decode("m", &read.encode().unwrap()).unwrap(), read);
            }
        }
    }
}
