//! One question to all nodes.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::{Response, Status};

use super::ClusterClient;
use super::client::{ANSWER_WITHIN, SILENT};
use crate::consensus::Control;
use crate::error::Result;

/// A node that takes longer is not the only one that is waited for.
const NEXT_AFTER: Duration = Duration::from_millis(300);

/// What a node answers, given where it is.
type Answer<T> = (String, Said<T>);

type Said<T> = std::result::Result<T, Status>;

type Asking<T> = Pin<Box<dyn Future<Output = Answer<T>> + Send>>;

/// Asks nodes one after the other: the next one when one has answered, or takes its time. Nobody is asked when time is over.
pub(super) struct Round<T> {
    waiting: VecDeque<Asking<T>>,
    asked: FuturesUnordered<Asking<T>>,
    until: Instant,
    next_after: Duration,
}

impl ClusterClient {
    /// Asks all nodes that are known, up to a time.
    pub(super) fn round<T, F>(&self, until: Instant, ask: impl Fn(Control) -> F) -> Result<Round<T>>
    where
        T: Send + 'static,
        F: Future<Output = Said<Response<T>>> + Send + 'static,
    {
        let mut waiting: VecDeque<Asking<T>> = VecDeque::new();
        for address in self.nodes() {
            let asking = ask(self.dialer().control(&address)?);
            waiting.push_back(Box::pin(async move {
                let within = (Instant::now() + ANSWER_WITHIN).min(until);
                let answer = timeout_at(within, asking).await;
                let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded(SILENT)));
                (address, answer.map(Response::into_inner))
            }));
        }
        // All of them get their turn, however many are silent.
        let turns = u32::try_from(waiting.len()).unwrap_or(u32::MAX).max(1);
        let left = until.saturating_duration_since(Instant::now());
        Ok(Round {
            waiting,
            asked: FuturesUnordered::new(),
            until,
            next_after: NEXT_AFTER.min(left / 2 / turns),
        })
    }
}

impl<T> Round<T> {
    /// The next answer; `None`: all have answered that were asked.
    pub(super) async fn next(&mut self) -> Option<Answer<T>> {
        loop {
            match self.waiting.pop_front().filter(|_| Instant::now() < self.until) {
                Some(asking) => self.asked.push(asking),
                None => return self.asked.next().await,
            }
            if let Ok(answer) = timeout(self.next_after, self.asked.next()).await {
                return answer;
            }
        }
    }
}
