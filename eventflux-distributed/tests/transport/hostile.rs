//! Peers that break the protocol.

use eventflux_core::element::Barrier;
use eventflux_core::state::segment::Compression;
use eventflux_distributed::transport::frame::{
    BODY_BYTES_MAX, Body, Frame, FrameType, Header, encode_barrier, encode_hello, encode_open,
};
use eventflux_distributed::transport::{
    Acceptor, Connection, Hello, Inspect, Link, NodeName, TransportError,
};

use super::kit::{Net, Wire, peer, rows};
use super::order::id;

/// Lets everything in.
pub struct Anything;

impl Inspect for Anything {
    fn admit(&mut self, _: &Header) -> Result<(), String> {
        Ok(())
    }

    fn progress(&mut self) {}
}

fn header(frame_type: FrameType) -> Header {
    Header {
        generation: 3,
        ..Header::new(frame_type)
    }
}

/// A link over which `a` was let in by `b`, and `b`'s end.
pub async fn greeted(net: &Net, acceptor: &mut Acceptor) -> (Link, Connection) {
    let mut link = net.transport("a").dial(&peer(acceptor)).await.unwrap();
    let hello = Hello {
        cluster: "c".to_owned(),
        node: NodeName {
            id: "a".to_owned(),
            incarnation: 1,
        },
        pipeline: "p".to_owned(),
        generation: 3,
    };
    let frame = Frame::new(header(FrameType::Hello), encode_hello(&hello));
    link.sink.send(vec![frame]).await.unwrap();
    let welcome = link.stream.next(&mut Anything).await.unwrap().unwrap();
    assert_eq!(welcome.header.frame_type, FrameType::Welcome);
    (link, acceptor.accept().await.unwrap())
}

/// What comes after the handshake and the opening of channel 0.
fn attacks(wire: Wire) -> Vec<(Vec<Frame>, &'static str)> {
    let plain = |kind| Frame::new(header(kind), Vec::new());
    let with = |change: &dyn Fn(&mut Header), body: Vec<u8>| {
        let mut header = header(FrameType::Rows);
        change(&mut header);
        Frame::new(header, body)
    };
    let barrier = |generation, epoch| encode_barrier(Barrier { generation, epoch });
    let claim = |bytes: u32| {
        // A frame that says that it is large: nothing may be allocated for it.
        let header = Header {
            codec: Compression::Lz4,
            raw_bytes: bytes,
            ..header(FrameType::Rows)
        };
        Frame {
            header,
            body: Body::Batch(rows(0, 1)),
        }
    };
    let seq = |seq: u32| {
        Frame::new(
            Header {
                seq,
                ..header(FrameType::Idle)
            },
            Vec::new(),
        )
    };
    let mut attacks = vec![
        (
            vec![with(&|header| header.channel = 9, vec![0; 8])],
            "a Rows of channel 9, which is not open",
        ),
        (vec![plain(FrameType::Hello)], "a Hello within a connection"),
        (
            vec![Frame::new(header(FrameType::Open), encode_open(id(0)).unwrap())],
            "channel 0 is opened twice",
        ),
        (
            vec![Frame::new(header(FrameType::Open), vec![1])],
            "a body that ends too early",
        ),
        (
            vec![Frame::new(header(FrameType::Credit), Vec::new())],
            "a body that ends too early",
        ),
        (
            vec![Frame::new(
                header(FrameType::Need),
                u64::MAX.to_le_bytes().to_vec(),
            )],
            "a frame of 18446744073709551615 bytes to come",
        ),
        (vec![seq(1)], "frame 1 of a channel in place of 0"),
        (vec![seq(0), seq(0)], "frame 0 of a channel in place of 1"),
        (
            vec![Frame::new(header(FrameType::EndOfInput), Vec::new()), seq(1)],
            "a Idle behind the end of a channel",
        ),
        (
            vec![Frame::new(
                Header {
                    generation: 2,
                    ..header(FrameType::Idle)
                },
                Vec::new(),
            )],
            "a Idle of generation 2; this is generation 3",
        ),
        (
            vec![Frame::new(
                Header {
                    epoch: 1,
                    ..header(FrameType::Barrier)
                },
                barrier(2, 1),
            )],
            "a barrier of generation 2; this is generation 3",
        ),
        (
            vec![Frame::new(
                Header {
                    epoch: 1,
                    ..header(FrameType::Idle)
                },
                Vec::new(),
            )],
            "a Idle of epoch 1 in epoch 0",
        ),
    ];
    if wire != Wire::InProcess {
        let granted = 65_536;
        attacks.extend([
            (
                vec![with(&|_| (), vec![7; granted])],
                "65568 bytes where 65536 were granted",
            ),
            (
                vec![with(&|_| (), vec![7; 100])],
                "edge 7 from 0 to 2: rows before their columns",
            ),
            (
                vec![Frame::new(header(FrameType::Schema), vec![7; 100])],
                "edge 7 from 0 to 2: a schema: ",
            ),
        ]);
    } else {
        attacks.push((
            vec![claim(BODY_BYTES_MAX)],
            "67108896 bytes where 65536 were granted",
        ));
    }
    attacks
}

pub async fn what_breaks_the_protocol_ends_the_connection(wire: Wire) {
    let net = Net::new(wire);
    let mut acceptor = net.listen().await;
    for (frames, message) in attacks(wire) {
        let (mut link, b) = greeted(&net, &mut acceptor).await;
        let open = Frame::new(header(FrameType::Open), encode_open(id(0)).unwrap());
        link.sink.send(vec![open]).await.unwrap();
        let mut receiver = b.accept().await.unwrap();
        let credit = link.stream.next(&mut Anything).await.unwrap().unwrap();
        assert_eq!(credit.header.frame_type, FrameType::Credit);
        link.sink.send(frames).await.unwrap();
        let reading = async { while let Ok(Some(_)) = receiver.receive().await {} };
        let ((), error) = tokio::join!(reading, b.over());
        assert!(
            matches!(error, TransportError::Protocol { .. }),
            "{message}: {error}"
        );
        assert!(error.to_string().contains(message), "{message}: {error}");
        // The peer is told, and whoever comes next is served.
        let told = link.stream.next(&mut Anything).await;
        if let Ok(Some(told)) = told {
            assert_eq!(told.header.frame_type, FrameType::Goodbye);
            assert!(String::from_utf8_lossy(told.bytes()).contains(message));
        }
    }
    let (a, _b) = net.connect(&mut acceptor).await;
    assert!(a.failure().is_none());
}
