//! A checkpoint that somebody asks for.

use std::time::Duration;

use prost::Message;
use tokio::time::{Instant, sleep, timeout_at};

use super::ClusterClient;
use super::answers::Answers;
use super::client::{ROUND_EVERY, unreachable};
use crate::consensus::proto::{CheckpointRequest, DescribeRequest, Voter};
use crate::coordinator::{Outcome, PipelineId};
use crate::error::{Error, Result};

impl ClusterClient {
    /// Has a checkpoint of a pipeline taken that begins from now on, and waits until it is committed and can be started from. Gives its
    /// number. If the leader is lost meanwhile, the next one is asked.
    ///
    /// **Errors** The coordinator refuses it: the pipeline does not run. There is none in time, or no leader is found.
    pub async fn checkpoint(&self, pipeline: PipelineId, patience: Duration) -> Result<u64> {
        let until = Instant::now() + patience;
        let mut answers = Answers::default();
        loop {
            let mut round = self.round(until, |mut control| async move {
                control.describe(DescribeRequest {}).await
            })?;
            while let Some((address, answer)) = round.next().await {
                let leader = match answer {
                    Ok(described) => {
                        answers.follows(&address, described.leader.as_ref());
                        described.leader
                    }
                    Err(status) => {
                        answers.failed(&address, self.failed(&address, &status));
                        None
                    }
                };
                let Some(Voter { address: leader, .. }) = leader else {
                    continue;
                };
                let mut control = self.dialer().control(&leader)?;
                let asking = control.checkpoint(CheckpointRequest { pipeline });
                // A leader that is gone ends the call: its connection is watched.
                let Ok(asked) = timeout_at(until, asking).await else {
                    let message = format!("no checkpoint was finished within {} s", patience.as_secs());
                    return Err(Error::Late(message));
                };
                match asked {
                    Ok(response) if response.get_ref().is_leader => {
                        return granted(&leader, &response.into_inner().outcome);
                    }
                    Ok(response) => answers.follows(&leader, response.into_inner().leader.as_ref()),
                    Err(status) => answers.failed(&leader, self.failed(&leader, &status)),
                }
            }
            if Instant::now() >= until {
                return Err(answers.no_leader());
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
