//! A look at the cluster from outside.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::ClusterClient;
use super::answers::Answers;
use super::client::{ANSWER_WITHIN, ROUND_EVERY, SILENT, unreachable};
use crate::consensus::proto::{MetricsRequest, StateRequest, StateResponse, Voter};
use crate::coordinator::{ClusterState, NodeId};
use crate::error::Result;

/// What the cluster has agreed on.
#[derive(Debug, Clone)]
pub struct ClusterView {
    /// The agreed state.
    pub state: ClusterState,
    /// Whether nothing newer was agreed on when it was asked for. Otherwise no leader was found, and this is what one coordinator
    /// knew last.
    pub is_current: bool,
    /// The newest term that was heard of.
    pub term: u64,
    /// Who leads.
    pub leader: Option<Voter>,
    /// Who votes.
    pub voters: Vec<NodeId>,
}

impl ClusterView {
    fn of(address: &str, response: StateResponse) -> Result<Self> {
        let state = ClusterState::decode(&response.state).map_err(|error| unreachable(address, error))?;
        Ok(Self {
            // Before its name is agreed on there is no cluster.
            is_current: response.is_current && !state.cluster().is_empty(),
            state,
            term: response.term,
            leader: response.leader,
            voters: response.voters,
        })
    }
}

impl ClusterClient {
    /// What the cluster has agreed on, from its leader; from another coordinator if none is found in time.
    ///
    /// **Errors** No coordinator answers in time.
    pub async fn view(&self, patience: Duration) -> Result<ClusterView> {
        let until = Instant::now() + patience;
        let mut older: Option<ClusterView> = None;
        let mut answers = Answers::default();
        loop {
            let mut round = self.round(until, |mut control| async move {
                control.state(StateRequest {}).await
            })?;
            while let Some((address, answer)) = round.next().await {
                let view = match answer {
                    Ok(response) => ClusterView::of(&address, response),
                    Err(status) => Err(self.failed(&address, &status)),
                };
                match view {
                    Ok(view) if view.is_current => {
                        self.add_coordinators(&view.state);
                        return Ok(view);
                    }
                    Ok(view) => {
                        answers.follows(&address, view.leader.as_ref());
                        if let Some(leader) = view.leader.clone() {
                            self.ask_first(leader.address);
                        }
                        if older.as_ref().is_none_or(|older| older.term <= view.term) {
                            older = Some(view);
                        }
                    }
                    Err(error) => answers.failed(&address, error),
                }
            }
            if Instant::now() >= until {
                return older.ok_or_else(|| answers.no_leader());
            }
            tokio::time::sleep(ROUND_EVERY).await;
        }
    }

    /// The metrics of one node, in Prometheus' text format.
    pub async fn metrics(&self, address: &str) -> Result<String> {
        let mut client = self.dialer().control(address)?;
        match timeout(ANSWER_WITHIN, client.metrics(MetricsRequest {})).await {
            Ok(Ok(response)) => Ok(response.into_inner().text),
            Ok(Err(status)) => Err(self.failed(address, &status)),
            Err(_) => Err(unreachable(address, SILENT)),
        }
    }

    /// Those that joined later can be asked, too.
    pub(super) fn add_coordinators(&self, state: &ClusterState) {
        let coordinators = state.members().filter(|member| member.spec.can_coordinate);
        coordinators.for_each(|member| self.add(member.spec.control_address.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordinator::{Change, Command, CommandId, Configure};

    #[test]
    fn there_is_nothing_to_show_before_the_name_of_the_cluster_is_agreed_on() {
        let view = |state: &ClusterState| {
            let response = StateResponse {
                state: state.encode().into(),
                is_current: true,
                ..StateResponse::default()
            };
            ClusterView::of("a:1", response).unwrap()
        };
        let mut state = ClusterState::default();
        assert!(!view(&state).is_current);
        let configure = Change::Configure(Configure {
            cluster: "prod".into(),
            nodes_min: 2,
        });
        state.apply(&Command {
            id: CommandId { client: 1, number: 1 },
            change: Some(configure),
        });
        assert!(view(&state).is_current);
    }
}
