//! Carries what comes over a channel into the mailbox of a subtask.

use eventflux_core::runtime::EdgeFeed;

use crate::transport::connection::{ChannelReceiver, Received};

/// Until the channel ends, fails, or the subtask is gone. Credit is granted for what the subtask has taken, not for what lies in its
/// mailbox.
pub(super) async fn pump(mut receiver: ChannelReceiver, feed: EdgeFeed) {
    let mut taken = 0;
    loop {
        tokio::select! {
            biased;
            now_taken = feed.taken(taken) => match now_taken {
                Some(now_taken) => {
                    receiver.taken(now_taken - taken);
                    taken = now_taken;
                }
                // The receiver is dropped, which tells the sender.
                None => return,
            },
            received = receiver.receive() => match received {
                Ok(Some(Received { element, bytes })) => {
                    feed.push(element, usize::try_from(bytes).unwrap_or(usize::MAX));
                }
                Ok(None) => return,
                Err(error) => return feed.fail(error.into()),
            },
        }
    }
}
