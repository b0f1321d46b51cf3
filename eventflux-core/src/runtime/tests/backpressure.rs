//! Memory stays bounded when those behind are slow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::*;
use crate::plan::{Exchange, Parallelism};
use crate::runtime::testing::{PlanBuilder, pass, rows};

const BATCH_ROWS: i64 = 1_000;
const BATCHES: u64 = 400;

/// in -> by k: pass -> out, with small budgets everywhere.
fn small() -> Runtime {
    let mut plan = PlanBuilder::new();
    let (input, work) = (plan.input("in"), plan.operator("pass", Parallelism::Any));
    let out = plan.outlet("out");
    plan.edge(input, work, 0, Exchange::Hash(vec![1]));
    plan.chain(&[work, out]);
    let config = RuntimeConfig {
        edge_bytes_max: 100_000,
        input_bytes_max: 100_000,
        ..wide(2)
    };
    runtime(plan.build(), config, |_, _| pass())
}

#[test]
fn a_fast_sender_and_a_slow_reader_keep_a_bounded_number_of_rows_in_flight() {
    let runtime = small();
    let mut reader = runtime.outlet("out").unwrap().open_stream(100_000);
    let running = runtime.start().unwrap();
    let input = running.input("in").unwrap().clone();
    let sent = Arc::new(AtomicU64::new(0));
    let has_waited = Arc::new(AtomicBool::new(false));
    let sender = {
        let (sent, has_waited) = (Arc::clone(&sent), Arc::clone(&has_waited));
        thread::spawn(move || {
            for batch in 0..BATCHES as i64 {
                let batch: Vec<_> = (0..BATCH_ROWS)
                    .map(|row| (batch * BATCH_ROWS + row, row, batch * BATCH_ROWS + row))
                    .collect();
                let batch = rows(&batch);
                let mut send = Box::pin(input.send_batch_async(batch.clone()));
                match send.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(result) => result.unwrap(),
                    Poll::Pending => {
                        has_waited.store(true, Ordering::SeqCst);
                        drop(send);
                        input.send_batch(batch).unwrap();
                    }
                }
                sent.fetch_add(BATCH_ROWS as u64, Ordering::SeqCst);
            }
            input.end();
        })
    };
    // Nothing is read until the sender has had to wait, or was never made to.
    while !has_waited.load(Ordering::SeqCst) && !sender.is_finished() {
        thread::yield_now();
    }
    assert!(has_waited.load(Ordering::SeqCst), "the sender never had to wait");
    // A row is three columns of eight bytes, a time, and behind the exchange a hash: a budget of 100 000 holds some 3 000
    // rows, or one batch of 1 000. Budgets: the handler, two edges, two gathering edges, the reader.
    let bound = 6 * 3_200 + 6 * BATCH_ROWS as u64;
    let mut read = 0;
    let mut values = Vec::new();
    while let Some(batch) = reader.next_blocking() {
        let in_flight = sent.load(Ordering::SeqCst).saturating_sub(read);
        assert!(in_flight <= bound, "{in_flight} rows in flight");
        read += batch.num_rows() as u64;
        values.extend(triples([&batch]).into_iter().map(|row| row.2));
    }
    sender.join().unwrap();
    values.sort_unstable();
    assert_eq!(values, (0..BATCHES as i64 * BATCH_ROWS).collect::<Vec<_>>());
    let metrics = running.wait().unwrap().metrics;
    let waited: u64 = metrics
        .subtasks
        .iter()
        .map(|subtask| subtask.backpressured_us)
        .sum();
    assert!(waited > 0, "no backpressure was measured");
    assert!(metrics.subtasks.iter().all(|subtask| subtask.queued_bytes == 0));
}
