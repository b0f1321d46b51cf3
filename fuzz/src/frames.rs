//! Bytes of a link are frames or refused; the bodies of all but rows and schemas are decoded or refused.

use std::sync::LazyLock;

use eventflux_distributed::transport::Inspect;
use eventflux_distributed::transport::frame::{
    FrameReader, FrameType, Header, decode_barrier, decode_hello, decode_open, encode_barrier, encode_hello,
    encode_open,
};
use tokio::runtime::{Builder, Runtime};

static TOKIO: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// As much as a channel without credit to spare.
struct UpTo(u32);

impl Inspect for UpTo {
    fn admit(&mut self, header: &Header) -> Result<(), String> {
        if header.body_bytes <= self.0 {
            Ok(())
        } else {
            Err("it was not granted".to_owned())
        }
    }

    fn progress(&mut self) {}
}

/// One input.
pub fn run(bytes: &[u8]) {
    let mut reader = FrameReader::new("peer", bytes);
    TOKIO.block_on(async {
        while let Ok(Some(frame)) = reader.next(&mut UpTo(64 << 10)).await {
            let body = frame.bytes();
            match frame.header.frame_type {
                FrameType::Hello | FrameType::Welcome => {
                    if let Ok(hello) = decode_hello(body) {
                        assert_eq!(encode_hello(&hello), body);
                    }
                }
                FrameType::Open => {
                    if let Ok(id) = decode_open(body) {
                        assert_eq!(encode_open(id).as_deref(), Ok(body));
                    }
                }
                FrameType::Barrier => {
                    if let Ok(barrier) = decode_barrier(body) {
                        assert_eq!(encode_barrier(barrier), body);
                    }
                }
                _ => {}
            }
        }
    });
}
