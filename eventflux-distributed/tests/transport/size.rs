//! Batches larger than a frame.

use eventflux_core::element::StreamElement;
use eventflux_distributed::transport::{ConnectionConfig, TransportError};

use super::kit::{Wire, pair, rows, texts, values};
use super::order::id;

pub async fn large_batches_are_cut_and_large_rows_pass(wire: Wire) {
    for compression in wire.compressions() {
        let config = ConnectionConfig {
            compression: *compression,
            ..ConnectionConfig::default()
        };
        large_batches(wire, config).await;
    }
}

async fn large_batches(wire: Wire, config: ConnectionConfig) {
    let (a, b) = pair(wire, config).await;
    let mut sender = a.open(id(0), None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    let large: Vec<String> = ["x", "y"].map(|text| text.repeat(3 << 20)).to_vec();
    let sending = tokio::spawn({
        let large = large.clone();
        async move {
            sender.send(StreamElement::Batch(rows(0, 100_000))).await.unwrap();
            // Each row is more than the smallest window, and less than a frame.
            sender.send(StreamElement::Batch(texts(&large))).await.unwrap();
            sender.send(StreamElement::EndOfInput).await.unwrap();
        }
    });
    let (mut numbers, mut lengths, mut frames) = (Vec::new(), Vec::new(), 0);
    while let Some(element) = receiver.next().await.unwrap() {
        let StreamElement::Batch(batch) = element else {
            continue;
        };
        frames += 1;
        if batch.rows().num_columns() == 2 {
            assert!(batch.num_rows() < 5_000, "{} rows in a frame", batch.num_rows());
            numbers.extend(values(&batch));
        } else {
            let column = arrow::array::AsArray::as_string::<i32>(batch.column(0));
            lengths.extend(column.iter().flatten().map(str::len));
        }
    }
    sending.await.unwrap();
    assert_eq!(numbers, (0..100_000).collect::<Vec<_>>());
    assert_eq!(lengths, [3 << 20, 3 << 20]);
    assert!(frames > 50, "{frames} frames");
}

pub async fn a_row_larger_than_a_frame_fails_its_channel_only(wire: Wire) {
    let (a, b) = pair(wire, ConnectionConfig::default()).await;
    let mut sender = a.open(id(0), None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    let huge = texts(&["x".repeat(65 << 20)]);
    let error = sender
        .send(StreamElement::Batch(huge))
        .await
        .expect_err("it is too large");
    assert!(matches!(error, TransportError::TooLarge { .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("edge 7 from 0 to 2 to b ("), "{text}");
    sender
        .send(StreamElement::EndOfInput)
        .await
        .expect_err("the channel has failed");
    let error = receiver.next().await.expect_err("the channel has failed");
    assert!(matches!(error, TransportError::Aborted { .. }), "{error}");
    let mut next = a.open(id(1), None).unwrap();
    let mut receiver = b.accept().await.unwrap();
    next.send(StreamElement::EndOfInput).await.unwrap();
    assert!(matches!(
        receiver.next().await.unwrap(),
        Some(StreamElement::EndOfInput)
    ));
}
