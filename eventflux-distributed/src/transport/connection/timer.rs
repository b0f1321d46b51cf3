//! The timer of a connection: signs of life, and small batches that have waited long enough.

use std::sync::{Arc, Weak};

use super::shared::{Shared, lock};
use crate::transport::credit::Pulse;
use crate::transport::error::TransportError;
use crate::transport::frame::FrameType;

/// Keeps time until the connection is over.
pub(super) async fn keep_time(shared: Arc<Shared>) {
    loop {
        let now_us = shared.clock.now_us();
        flush_due(&shared, now_us);
        let pulse = lock(&shared.liveness).pulse(now_us);
        let until_us = match pulse {
            Pulse::Dead { silent_us } => {
                return shared.fail(TransportError::Silent {
                    peer: shared.peer.clone(),
                    silent_ms: silent_us / 1_000,
                });
            }
            Pulse::Beat => {
                shared.send_urgent(FrameType::Heartbeat, 0, Vec::new());
                lock(&shared.liveness).sent(now_us);
                continue;
            }
            Pulse::Wait { until_us } => until_us,
        };
        let due_us = lock(&shared.deadlines).due.first().map(|(due_us, _)| *due_us);
        let until_us = due_us.map_or(until_us, |due_us| due_us.min(until_us));
        tokio::select! {
            biased;
            _ = shared.failed() => return,
            () = shared.due.notified() => {}
            () = shared.clock.reached(until_us) => {}
        }
    }
}

fn flush_due(shared: &Shared, now_us: i64) {
    loop {
        let lane = {
            let mut deadlines = lock(&shared.deadlines);
            let Some((_, channel)) = deadlines
                .due
                .first()
                .copied()
                .filter(|(due_us, _)| *due_us <= now_us)
            else {
                return;
            };
            deadlines.due.pop_first();
            deadlines.lanes.get(&channel).and_then(Weak::upgrade)
        };
        if let Some(lane) = lane {
            lock(&lane).flush_due(shared, now_us);
        }
    }
}
