//! The 32 bytes in front of every frame, all numbers little-endian.
//!
//! ```text
//!  0  magic       45 46 ("EF")
//!  2  version     u8    1
//!  3  type        u8    see FrameType
//!  4  codec       u8    0 none, 1 lz4, 2 snappy, 3 zstd
//!  5  flags       u8    1 the rows have kinds, 4 they are partial aggregates, 8 integers may be packed
//!  6  channel     u16   numbered by the sender of the elements
//!  8  generation  u32   its low 32 bits
//! 12  epoch       u32   low 32 bits of the last barrier's epoch in the channel
//! 16  seq         u32   counts the frames of a channel that have an order, from 0
//! 20  body bytes  u32   that follow
//! 24  raw bytes   u32   of the body, decompressed and unpacked
//! 28  crc32c      u32   of the bytes before and of the body
//! ```

use eventflux_core::state::segment::Compression;

use super::FrameType;

/// The length of a header.
pub const HEADER_BYTES: usize = 32;

/// The first two bytes.
pub const MAGIC: [u8; 2] = *b"EF";

/// The version that this program writes and reads.
pub const VERSION: u8 = 1;

/// Bytes of a body at the most, before and after compression.
pub const BODY_BYTES_MAX: u32 = 64 << 20;

/// The rows have kinds.
pub const FLAG_KINDS: u8 = 1;

/// The rows are partial aggregates.
pub const FLAG_PARTIAL: u8 = 4;

/// Integers of the rows may be packed.
pub const FLAG_PACKED: u8 = 8;

/// A header without its lengths and checksum, which belong to the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What follows.
    pub frame_type: FrameType,
    /// How the body is compressed.
    pub codec: Compression,
    /// [`FLAG_KINDS`], [`FLAG_PARTIAL`], [`FLAG_PACKED`].
    pub flags: u8,
    /// Which channel it belongs to.
    pub channel: u16,
    /// The generation's low 32 bits.
    pub generation: u32,
    /// The epoch's low 32 bits.
    pub epoch: u32,
    /// The frame's place in its channel.
    pub seq: u32,
    /// Bytes that follow.
    pub body_bytes: u32,
    /// Bytes of the body, decompressed and unpacked.
    pub raw_bytes: u32,
}

impl Header {
    /// A header of a type; all else is nought.
    pub fn new(frame_type: FrameType) -> Self {
        Self {
            frame_type,
            codec: Compression::None,
            flags: 0,
            channel: 0,
            generation: 0,
            epoch: 0,
            seq: 0,
            body_bytes: 0,
            raw_bytes: 0,
        }
    }

    /// What the frame counts in its channel's credit.
    pub fn cost(&self) -> u64 {
        u64::from(self.raw_bytes) + HEADER_BYTES as u64
    }

    /// The bytes of the header of a frame with these pieces as its body.
    pub fn encode<'a>(&self, body: impl IntoIterator<Item = &'a [u8]>) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..2].copy_from_slice(&MAGIC);
        bytes[2] = VERSION;
        bytes[3] = self.frame_type as u8;
        bytes[4] = self.codec.code();
        bytes[5] = self.flags;
        bytes[6..8].copy_from_slice(&self.channel.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.generation.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.seq.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.body_bytes.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.raw_bytes.to_le_bytes());
        let crc = checksum(&bytes, body);
        bytes[28..32].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// A header, and the checksum that it claims; otherwise what is wrong with it.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<(Self, u32), String> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if bytes[0..2] != MAGIC {
            return Err(format!("a frame begins with {:02x} {:02x}", bytes[0], bytes[1]));
        }
        if bytes[2] != VERSION {
            return Err(format!(
                "a frame of version {}; this program speaks {VERSION}",
                bytes[2]
            ));
        }
        let frame_type =
            FrameType::from_code(bytes[3]).ok_or_else(|| format!("a frame of type {}", bytes[3]))?;
        let codec =
            Compression::from_code(bytes[4]).ok_or_else(|| format!("a frame of codec {}", bytes[4]))?;
        let header = Self {
            frame_type,
            codec,
            flags: bytes[5],
            channel: u16::from_le_bytes([bytes[6], bytes[7]]),
            generation: word(8),
            epoch: word(12),
            seq: word(16),
            body_bytes: word(20),
            raw_bytes: word(24),
        };
        header.check()?;
        Ok((header, word(28)))
    }

    fn check(&self) -> Result<(), String> {
        let bytes_max = self.frame_type.body_bytes_max();
        let kind = self.frame_type;
        for bytes in [self.body_bytes, self.raw_bytes] {
            if bytes > bytes_max {
                return Err(format!("a {kind:?} of {bytes} bytes; {bytes_max} are allowed"));
            }
        }
        let is_rows = kind == FrameType::Rows;
        if self.flags & !(FLAG_KINDS | FLAG_PARTIAL | FLAG_PACKED) != 0 || (!is_rows && self.flags != 0) {
            return Err(format!("a {kind:?} with flags {:#04x}", self.flags));
        }
        if !is_rows && self.codec != Compression::None {
            return Err(format!("a {kind:?} that is compressed"));
        }
        let is_as_it_was = self.codec == Compression::None && self.flags & FLAG_PACKED == 0;
        if is_as_it_was && self.body_bytes != self.raw_bytes {
            return Err(format!(
                "a {kind:?} of {} bytes that are to be {}",
                self.body_bytes, self.raw_bytes
            ));
        }
        if self.body_bytes > self.raw_bytes {
            return Err(format!(
                "a {kind:?} of {} bytes that are {} when they are compressed",
                self.raw_bytes, self.body_bytes
            ));
        }
        Ok(())
    }
}

/// The checksum of a header, but for its last four bytes, and a body.
pub(super) fn checksum<'a>(header: &[u8; HEADER_BYTES], body: impl IntoIterator<Item = &'a [u8]>) -> u32 {
    let crc = crc32c::crc32c(&header[..HEADER_BYTES - 4]);
    body.into_iter().fold(crc, crc32c::crc32c_append)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            flags: FLAG_KINDS,
            codec: Compression::Lz4,
            channel: 0x0102,
            generation: 7,
            epoch: 9,
            seq: 11,
            body_bytes: 3,
            raw_bytes: 5,
            ..Header::new(FrameType::Rows)
        }
    }

    /// Stored: what an older program wrote must be read.
    const GOLDEN: &str = include_str!("header_v1.hex");

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn the_bytes_of_a_header_are_the_ones_of_the_fixture() {
        let bytes = header().encode([&b"abc"[..]]);
        assert_eq!(hex(&bytes), GOLDEN.trim());
        let (decoded, crc) = Header::decode(&bytes).unwrap();
        assert_eq!(decoded, header());
        assert_eq!(crc, checksum(&bytes, [&b"a"[..], &b"bc"[..]]));
    }

    #[test]
    fn what_a_type_does_not_allow_is_refused() {
        let refused = |change: fn(&mut Header)| {
            let mut header = header();
            change(&mut header);
            Header::decode(&header.encode([])).expect_err("it is not allowed")
        };
        assert_eq!(
            refused(|header| header.raw_bytes = BODY_BYTES_MAX + 1),
            "a Rows of 67108865 bytes; 67108864 are allowed"
        );
        assert_eq!(
            refused(|header| header.body_bytes = u32::MAX),
            "a Rows of 4294967295 bytes; 67108864 are allowed"
        );
        assert_eq!(refused(|header| header.flags = 2), "a Rows with flags 0x02");
        assert_eq!(
            refused(|header| header.codec = Compression::None),
            "a Rows of 3 bytes that are to be 5"
        );
        assert_eq!(
            refused(|header| header.raw_bytes = 2),
            "a Rows of 2 bytes that are 3 when they are compressed"
        );
        assert_eq!(
            refused(|header| header.frame_type = FrameType::Barrier),
            "a Barrier with flags 0x01"
        );
    }

    #[test]
    fn a_changed_first_byte_version_type_or_codec_is_refused() {
        for (place, message) in [
            (0, "a frame begins with ba 46"),
            (2, "a frame of version 254; this program speaks 1"),
            (3, "a frame of type 249"),
            (4, "a frame of codec 254"),
        ] {
            let mut bytes = header().encode([&b"abc"[..]]);
            bytes[place] = !bytes[place];
            assert_eq!(Header::decode(&bytes).expect_err("it was changed"), message);
        }
    }

    #[test]
    fn every_type_has_a_number_of_its_own() {
        for kind in FrameType::ALL {
            assert_eq!(FrameType::from_code(kind as u8), Some(kind));
        }
        assert_eq!(FrameType::from_code(0), None);
    }
}
