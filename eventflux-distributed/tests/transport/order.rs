//! Order, loss, and ends of channels.

use std::time::Duration;

use eventflux_core::element::StreamElement;
use eventflux_core::runtime::EdgeId;
use eventflux_core::time::VirtualClock;
use eventflux_distributed::transport::{ChannelReceiver, Coalesce, ConnectionConfig, TransportError};
use std::sync::Arc;

use super::kit::{Net, Wire, assert_rows, barrier, pair, rows, values};

pub fn id(sender: usize) -> EdgeId {
    EdgeId {
        edge: 7,
        sender,
        receiver: 2,
    }
}

/// All elements until the end, rows put together between others.
async fn read_all(mut receiver: ChannelReceiver) -> Vec<StreamElement> {
    let mut elements: Vec<StreamElement> = Vec::new();
    while let Some(element) = receiver.next().await.unwrap() {
        if let (Some(StreamElement::Batch(last)), StreamElement::Batch(batch)) =
            (elements.last_mut(), &element)
        {
            *last = eventflux_core::batch::EventBatch::concat(&[last.clone(), batch.clone()]).unwrap();
        } else {
            elements.push(element);
        }
    }
    elements
}

pub async fn elements_keep_their_order_and_none_is_lost(wire: Wire) {
    for compression in wire.compressions() {
        let config = ConnectionConfig {
            compression: *compression,
            ..ConnectionConfig::default()
        };
        let (a, b) = pair(wire, config).await;
        let mut sender = a.open(id(0), None).unwrap();
        let receiver = b.accept().await.unwrap();
        assert_eq!(receiver.id(), id(0));
        let reading = tokio::spawn(read_all(receiver));
        let mut expected = Vec::new();
        let mut first = 0;
        for round in 1..=40_u64 {
            let count = (round as usize * 37) % 1_500 + 1;
            let batch = rows(first, count);
            first += count as i64;
            expected.push(StreamElement::Batch(batch));
            expected.push(match round % 4 {
                0 => barrier(3, u64::from(u32::MAX) + round),
                1 => StreamElement::Idle,
                _ => StreamElement::Watermark(first),
            });
        }
        expected.push(StreamElement::EndOfInput);
        for element in &expected {
            sender.send(element.clone()).await.unwrap();
        }
        let received = reading.await.unwrap();
        assert_eq!(received.len(), expected.len(), "{compression}");
        for (received, expected) in received.iter().zip(&expected) {
            match (received, expected) {
                (StreamElement::Batch(received), StreamElement::Batch(expected)) => {
                    assert_rows(received, expected)
                }
                (received, expected) => assert_eq!(format!("{received:?}"), format!("{expected:?}")),
            }
        }
        drop(sender);
        assert!(a.failure().is_none() && b.failure().is_none());
        let ((left, _), (_, came)) = (a.bytes(), b.bytes());
        assert!(came > 0 && left >= came, "{came} of {left} bytes");
    }
}

pub async fn many_channels_go_both_ways_at_once(wire: Wire) {
    const CHANNELS: usize = 200;
    let (a, b) = pair(wire, ConnectionConfig::default()).await;
    let (a, b) = (Arc::new(a), Arc::new(b));
    let mut tasks = Vec::new();
    for (from, to) in [(&a, &b), (&b, &a)] {
        for channel in 0..CHANNELS {
            let mut sender = from.open(id(channel), None).unwrap();
            tasks.push(tokio::spawn(async move {
                for batch in 0..10 {
                    let rows = rows((channel * 1_000 + batch * 10) as i64, 10);
                    sender.send(StreamElement::Batch(rows)).await.unwrap();
                }
                sender.send(StreamElement::EndOfInput).await.unwrap();
            }));
        }
        for _ in 0..CHANNELS {
            let receiver = to.accept().await.unwrap();
            tasks.push(tokio::spawn(async move {
                let first = receiver.id().sender as i64 * 1_000;
                let elements = read_all(receiver).await;
                let [StreamElement::Batch(batch), StreamElement::EndOfInput] = &elements[..] else {
                    panic!("{elements:?}");
                };
                assert_eq!(values(batch), (first..first + 100).collect::<Vec<_>>());
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
}

pub async fn small_batches_wait_for_company_but_overtake_nothing(wire: Wire) {
    let clock = Arc::new(VirtualClock::at(0));
    let net = Net {
        clock: Arc::clone(&clock) as _,
        ..Net::new(wire)
    };
    let mut acceptor = net.listen().await;
    let (a, b) = net.connect(&mut acceptor).await;
    let coalesce = Coalesce {
        rows_max: 100,
        ..Coalesce::default()
    };
    let mut sender = a.open(id(0), Some(coalesce)).unwrap();
    let mut receiver = b.accept().await.unwrap();
    let mut next = async || match receiver.next().await.unwrap() {
        Some(StreamElement::Batch(batch)) => values(&batch),
        Some(StreamElement::Watermark(watermark)) => vec![-watermark],
        other => panic!("{other:?}"),
    };
    let small = |number: i64| StreamElement::Batch(rows(number, 1));
    for number in 0..100 {
        sender.send(small(number)).await.unwrap();
    }
    assert_eq!(next().await, (0..100).collect::<Vec<_>>(), "there are enough");
    sender.send(small(100)).await.unwrap();
    sender.send(small(101)).await.unwrap();
    sender.send(StreamElement::Watermark(5)).await.unwrap();
    assert_eq!(next().await, [100, 101], "a watermark does not wait");
    assert_eq!(next().await, [-5]);
    sender.send(small(102)).await.unwrap();
    let mut waiting = Box::pin(next());
    let early = tokio::time::timeout(Duration::from_millis(30), &mut waiting).await;
    assert!(early.is_err(), "it is not due: {early:?}");
    clock.advance_to(5_000);
    assert_eq!(waiting.await, [102], "it is due");
}

pub async fn a_sender_that_goes_away_fails_its_receiver(wire: Wire) {
    let (a, b) = pair(wire, ConnectionConfig::default()).await;
    let mut gone = a.open(id(0), None).unwrap();
    let mut other = a.open(id(1), None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    let mut unharmed = b.accept().await.unwrap();
    gone.send(StreamElement::Batch(rows(0, 1))).await.unwrap();
    assert!(matches!(
        receiver.next().await.unwrap(),
        Some(StreamElement::Batch(_))
    ));
    drop(gone);
    let error = receiver.next().await.expect_err("its sender is gone");
    let TransportError::Aborted { peer, reason, .. } = &error else {
        panic!("{error}");
    };
    assert!(peer.starts_with("a ("), "{peer}");
    assert_eq!(reason, "its sender is gone");
    other.send(StreamElement::EndOfInput).await.unwrap();
    assert!(matches!(
        unharmed.next().await.unwrap(),
        Some(StreamElement::EndOfInput)
    ));
    assert!(unharmed.next().await.unwrap().is_none());
}

pub async fn a_receiver_that_goes_away_lets_its_sender_go_on(wire: Wire) {
    let (a, b) = pair(wire, ConnectionConfig::default()).await;
    let mut sender = a.open(id(0), None).unwrap();
    let receiver = b.accept().await.unwrap();
    let sending = tokio::spawn(async move {
        // Far more than any credit that it was granted.
        for batch in 0..100 {
            sender
                .send(StreamElement::Batch(rows(batch, 1_000)))
                .await
                .unwrap();
        }
        sender.send(StreamElement::EndOfInput).await.unwrap();
    });
    drop(receiver);
    sending.await.unwrap();
    let mut next = a.open(id(1), None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    next.send(StreamElement::EndOfInput).await.unwrap();
    assert!(matches!(
        receiver.next().await.unwrap(),
        Some(StreamElement::EndOfInput)
    ));
}

pub async fn what_waits_still_leaves_when_a_connection_is_closed(wire: Wire) {
    let (a, b) = pair(wire, ConnectionConfig::default()).await;
    let mut sender = a.open(id(0), None).unwrap();
    let receiver = b.accept().await.unwrap();
    let reading = tokio::spawn(read_all(receiver));
    for batch in 0..20 {
        sender
            .send(StreamElement::Batch(rows(batch * 1_000, 1_000)))
            .await
            .unwrap();
    }
    sender.send(StreamElement::EndOfInput).await.unwrap();
    drop(sender);
    a.close().await;
    let elements = reading.await.unwrap();
    let [StreamElement::Batch(batch), StreamElement::EndOfInput] = &elements[..] else {
        panic!("{} elements", elements.len());
    };
    assert_eq!(values(batch), (0..20_000).collect::<Vec<_>>());
    let error = b.over().await;
    assert!(matches!(error, TransportError::Closed { .. }), "{error}");
}
