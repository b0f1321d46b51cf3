//! A checkpoint that somebody asks for.

use std::time::Duration;

use prost::Message;
use tokio::time::{Instant, sleep, timeout};

use super::ClusterClient;
use super::client::{ROUND_EVERY, unreachable};
use crate::consensus::proto::CheckpointRequest;
use crate::coordinator::{Outcome, PipelineId};
use crate::error::{Error, Result};

impl ClusterClient {
    /// Has a checkpoint of a pipeline taken that begins from now on, and waits until it is committed and can be started from. Gives its
    /// number. If the leader is lost meanwhile, the next one is asked.
    ///
    /// **Errors** The coordinator refuses it: the pipeline does not run. There is none in time, or no leader is found.
    pub async fn checkpoint(&self, pipeline: PipelineId, patience: Duration) -> Result<u64> {
        let until = Instant::now() + patience;
        let mut last = None;
        loop {
            for address in self.nodes() {
                let mut client = self.dialer().control(&address)?;
                let asking = client.checkpoint(CheckpointRequest { pipeline });
                // A leader that is gone ends the call: its connection is watched.
                let Ok(asked) = timeout(until.saturating_duration_since(Instant::now()), asking).await else {
                    let message = format!("no checkpoint was finished within {} s", patience.as_secs());
                    return Err(last.unwrap_or(Error::Late(message)));
                };
                match asked {
                    Ok(response) if response.get_ref().is_leader => {
                        return granted(&address, &response.into_inner().outcome);
                    }
                    Ok(response) => {
                        if let Some(leader) = response.into_inner().leader {
                            self.ask_first(leader.address);
                        }
                    }
                    Err(status) => last = Some(self.failed(&address, &status)),
                }
            }
            if Instant::now() >= until {
                let asked = self.nodes().join(", ");
                return Err(last.unwrap_or(Error::NoLeader { asked }));
            }
            sleep(ROUND_EVERY).await;
        }
    }
}

fn granted(address: &str, outcome: &[u8]) -> Result<u64> {
    let outcome = Outcome::decode(outcome).map_err(|error| unreachable(address, error))?;
    match outcome.is_done() {
        true => Ok(outcome.granted),
        false => Err(Error::Refused(outcome)),
    }
}
