//! Credit: what a receiver did not grant is not sent, and nobody else waits for it.

use eventflux_core::element::StreamElement;
use eventflux_distributed::transport::{ChannelSender, ConnectionConfig};

use super::kit::{Wire, barrier, pair, rows, values};
use super::order::id;

const WINDOW: u64 = 64 << 10;

/// Sends rows until there is no room; says how many batches it were.
fn fill(sender: &mut ChannelSender) -> usize {
    let batch = rows(0, 100);
    (0..)
        .take_while(|_| {
            sender
                .try_send(StreamElement::Batch(batch.clone()))
                .unwrap()
                .is_none()
        })
        .count()
}

pub async fn a_receiver_that_takes_nothing_gets_no_more_than_the_smallest_window(wire: Wire) {
    let config = ConnectionConfig::default();
    let queue_bytes_max = config.queue_bytes_max as u64;
    let (a, b) = pair(wire, config).await;
    let mut sender = a.open(id(0), None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    // Elements that come are not taken, so that what has come is all that was granted.
    let mut batches = fill(&mut sender) as u64;
    let mut came = 0;
    let frame_bytes = loop {
        let received = tokio::select! {
            biased;
            received = receiver.receive() => received.unwrap().unwrap(),
            () = std::future::poll_fn(|context| sender.poll_room(context)) => {
                batches += fill(&mut sender) as u64;
                continue;
            }
        };
        came += received.bytes;
        assert!(came <= WINDOW, "{came} bytes came");
        if came + received.bytes > WINDOW {
            break received.bytes;
        }
    };
    assert!(receiver.waiting_bytes() <= WINDOW);
    batches += fill(&mut sender) as u64;
    let sent = batches * frame_bytes;
    assert!(
        sent <= WINDOW + queue_bytes_max + 2 * frame_bytes,
        "{sent} bytes were taken"
    );
    // What is taken is granted anew.
    receiver.taken(came);
    let more = receiver.receive().await.unwrap().unwrap();
    assert!(matches!(more.element, StreamElement::Batch(_)));
}

pub async fn a_blocked_channel_does_not_stall_others(wire: Wire) {
    let (a, b) = pair(wire, ConnectionConfig::default()).await;
    let mut blocked = a.open(id(0), None).unwrap();
    let mut free = a.open(id(1), None).unwrap();
    let not_read = b.accept().await.unwrap();
    let mut read = b.accept().await.unwrap();
    while not_read.waiting_bytes() < WINDOW - 10_000 {
        fill(&mut blocked);
        tokio::task::yield_now().await;
    }
    fill(&mut blocked);
    let sending = tokio::spawn(async move {
        for batch in 0..500 {
            free.send(StreamElement::Batch(rows(batch * 100, 100)))
                .await
                .unwrap();
        }
        free.send(StreamElement::EndOfInput).await.unwrap();
    });
    let mut numbers = Vec::new();
    while let Some(element) = read.next().await.unwrap() {
        if let StreamElement::Batch(batch) = element {
            numbers.extend(values(&batch));
        }
    }
    assert_eq!(numbers, (0..50_000).collect::<Vec<_>>());
    sending.await.unwrap();
    // What was still on its way may have left room for a little.
    let more = fill(&mut blocked);
    assert!(more < 20, "{more} batches went where nobody reads");
    assert!(not_read.waiting_bytes() <= WINDOW);
}

pub async fn barriers_pass_without_credit(wire: Wire) {
    let (a, b) = pair(wire, ConnectionConfig::default()).await;
    let mut sender = a.open(id(0), None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    // All credit that there is, to the last byte that a frame fits in.
    let batch = rows(0, 100);
    sender.send(StreamElement::Batch(batch.clone())).await.unwrap();
    let first = receiver.receive().await.unwrap().unwrap();
    // The schema went before, and was taken.
    let fit = (WINDOW - receiver.waiting_bytes()) / first.bytes;
    for _ in 0..fit {
        sender.send(StreamElement::Batch(batch.clone())).await.unwrap();
    }
    sender.send(StreamElement::Watermark(1)).await.unwrap();
    sender.send(barrier(3, 1)).await.unwrap();
    for _ in 0..fit {
        let received = receiver.receive().await.unwrap().unwrap();
        assert!(matches!(received.element, StreamElement::Batch(_)));
    }
    let watermark = receiver.receive().await.unwrap().unwrap();
    assert!(matches!(watermark.element, StreamElement::Watermark(1)));
    let barrier = receiver.receive().await.unwrap().unwrap();
    assert!(matches!(barrier.element, StreamElement::Barrier(_)));
    assert_eq!(barrier.bytes, 0);
}
