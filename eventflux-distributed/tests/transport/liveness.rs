//! Connections that break, and peers that fall silent.

use std::sync::Arc;
use std::time::Duration;

use eventflux_core::element::StreamElement;
use eventflux_core::time::VirtualClock;
use eventflux_distributed::transport::frame::FrameType;
use eventflux_distributed::transport::{ConnectionConfig, TransportError};

use super::hostile::{Anything, greeted};
use super::kit::{Net, Wire, rows};
use super::order::id;

pub async fn a_broken_connection_fails_both_ends_and_another_can_be_made(wire: Wire) {
    let net = Net::new(wire);
    let mut acceptor = net.listen().await;
    let (a, b) = net.connect(&mut acceptor).await;
    let mut sender = a.open(id(0), None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    sender.send(StreamElement::Batch(rows(0, 1))).await.unwrap();
    receiver.next().await.unwrap();
    drop(b);
    let error = receiver.next().await.expect_err("the connection is over");
    assert!(error.to_string().starts_with("the connection to a ("), "{error}");
    // The sender learns it at the latest when it is out of room.
    let error = loop {
        match sender.send(StreamElement::Batch(rows(0, 1_000))).await {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("b ("), "{error}");
    assert!(
        matches!(
            error,
            TransportError::Closed { .. } | TransportError::Broken { .. }
        ),
        "{error}"
    );
    let core = eventflux_core::Error::from(error);
    assert_eq!(core.kind(), eventflux_core::ErrorKind::Environment);
    let (a, b) = net.connect(&mut acceptor).await;
    let mut sender = a.open(id(0), None).unwrap();
    sender.send(StreamElement::EndOfInput).await.unwrap();
    let mut receiver = b.accept().await.unwrap();
    assert!(matches!(
        receiver.next().await.unwrap(),
        Some(StreamElement::EndOfInput)
    ));
}

fn config() -> ConnectionConfig {
    ConnectionConfig {
        heartbeat_interval: Duration::from_secs(1),
        silence_max: Duration::from_secs(3),
        ..ConnectionConfig::default()
    }
}

pub async fn a_peer_that_falls_silent_is_gone(wire: Wire) {
    let clock = Arc::new(VirtualClock::at(0));
    let net = Net {
        clock: Arc::clone(&clock) as _,
        config: config(),
        ..Net::new(wire)
    };
    let mut acceptor = net.listen().await;
    // A peer that reads and says nothing: half of the connection is open.
    let (mut link, b) = greeted(&net, &mut acceptor).await;
    let mut sender = b.open(id(0), None).unwrap();
    let opened = link.stream.next(&mut Anything).await.unwrap().unwrap();
    assert_eq!(opened.header.frame_type, FrameType::Open);
    for second in 1..3 {
        clock.advance_to(second * 1_000_000);
        let beat = link.stream.next(&mut Anything).await.unwrap().unwrap();
        assert_eq!(beat.header.frame_type, FrameType::Heartbeat);
        assert!(b.failure().is_none());
    }
    clock.advance_to(3_000_000);
    let error = b.over().await;
    assert!(error.to_string().starts_with("a ("), "{error}");
    assert!(
        error.to_string().ends_with("has been silent for 3000 ms"),
        "{error}"
    );
    sender
        .send(StreamElement::Idle)
        .await
        .expect_err("the connection is over");
    let last = link.stream.next(&mut Anything).await;
    if let Ok(Some(last)) = last {
        assert_eq!(last.header.frame_type, FrameType::Goodbye);
    }
}

pub async fn a_quiet_connection_lives_on(wire: Wire) {
    let clock = Arc::new(VirtualClock::at(0));
    let net = Net {
        clock: Arc::clone(&clock) as _,
        config: config(),
        ..Net::new(wire)
    };
    let mut acceptor = net.listen().await;
    let (a, b) = net.connect(&mut acceptor).await;
    for second in 1..20 {
        let (_, before) = a.bytes();
        let (_, before_b) = b.bytes();
        clock.advance_to(second * 1_000_000);
        // Each hears the other's heart before time goes on.
        while a.bytes().1 == before || b.bytes().1 == before_b {
            assert!(a.failure().is_none() && b.failure().is_none());
            tokio::task::yield_now().await;
        }
    }
    assert!(a.failure().is_none() && b.failure().is_none());
}
