//! The bodies of all frames but rows and schemas. Numbers are little-endian; a text is its length as `u16` and UTF-8.

use eventflux_core::element::Barrier;
use eventflux_core::runtime::EdgeId;

use crate::transport::peer::{Hello, NodeName};

/// `generation u64, epoch u64`.
pub fn encode_barrier(barrier: Barrier) -> Vec<u8> {
    [barrier.generation.to_le_bytes(), barrier.epoch.to_le_bytes()].concat()
}

/// The barrier again.
pub fn decode_barrier(bytes: &[u8]) -> Result<Barrier, String> {
    let mut bytes = Reader(bytes);
    let barrier = Barrier {
        generation: bytes.u64()?,
        epoch: bytes.u64()?,
    };
    bytes.end().map(|()| barrier)
}

/// `edge u32, sender u32, receiver u32`.
pub fn encode_open(id: EdgeId) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(12);
    for part in [id.edge, id.sender, id.receiver] {
        let part = u32::try_from(part).map_err(|_| format!("{id} is out of bounds"))?;
        bytes.extend(part.to_le_bytes());
    }
    Ok(bytes)
}

/// The channel's name again.
pub fn decode_open(bytes: &[u8]) -> Result<EdgeId, String> {
    let mut bytes = Reader(bytes);
    let id = EdgeId {
        edge: bytes.u32()? as usize,
        sender: bytes.u32()? as usize,
        receiver: bytes.u32()? as usize,
    };
    bytes.end().map(|()| id)
}

/// `generation u64, incarnation u64, cluster text, node text, pipeline text`.
pub fn encode_hello(hello: &Hello) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(hello.generation.to_le_bytes());
    bytes.extend(hello.node.incarnation.to_le_bytes());
    for text in [&hello.cluster, &hello.node.id, &hello.pipeline] {
        put_text(&mut bytes, text);
    }
    bytes
}

/// The hello again.
pub fn decode_hello(bytes: &[u8]) -> Result<Hello, String> {
    let mut bytes = Reader(bytes);
    let generation = bytes.u64()?;
    let incarnation = bytes.u64()?;
    let hello = Hello {
        cluster: bytes.text()?,
        node: NodeName {
            id: bytes.text()?,
            incarnation,
        },
        pipeline: bytes.text()?,
        generation,
    };
    bytes.end().map(|()| hello)
}

/// A text, cut where it gets too long for its frame.
pub(crate) fn encode_text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut end = text.len().min(1 << 10);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    put_text(&mut bytes, &text[..end]);
    bytes
}

/// A text again.
pub(crate) fn decode_text(bytes: &[u8]) -> Result<String, String> {
    let mut bytes = Reader(bytes);
    let text = bytes.text()?;
    bytes.end().map(|()| text)
}

/// A single number.
pub(crate) fn decode_u64(bytes: &[u8]) -> Result<u64, String> {
    let mut bytes = Reader(bytes);
    let number = bytes.u64()?;
    bytes.end().map(|()| number)
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_le_bytes());
    bytes.extend(&text.as_bytes()[..usize::from(length)]);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or("a body that ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("a body that ends too early")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<String, String> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(usize::from(length))?;
        let text = std::str::from_utf8(bytes).map_err(|_| "a text that is not UTF-8")?;
        Ok(text.to_owned())
    }

    fn end(&self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(format!("{} bytes behind a body's end", self.0.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(generation: u64, incarnation: u64, texts in prop::array::uniform3("\\PC{0,40}")) {
            let [cluster, id, pipeline] = texts;
            let hello = Hello { cluster, node: NodeName { id, incarnation }, pipeline, generation };
            prop_assert_eq!(decode_hello(&encode_hello(&hello)), Ok(hello));
            let barrier = Barrier { generation, epoch: incarnation };
            prop_assert_eq!(decode_barrier(&encode_barrier(barrier)), Ok(barrier));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(hello) = decode_hello(&bytes) {
                prop_assert_eq!(encode_hello(&hello), bytes.clone());
            }
            if let Ok(id) = decode_open(&bytes) {
                prop_assert_eq!(encode_open(id), Ok(bytes.clone()));
            }
            if let Ok(text) = decode_text(&bytes) {
                prop_assert_eq!(encode_text(&text), bytes.clone());
            }
            prop_assert_eq!(decode_barrier(&bytes).is_ok(), bytes.len() == 16);
            prop_assert_eq!(decode_u64(&bytes).is_ok(), bytes.len() == 8);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "ä".repeat(1_000);
        let decoded = decode_text(&encode_text(&text)).unwrap();
        assert_eq!(decoded.len(), 1_024);
        assert!(text.starts_with(&decoded));
    }
}
