//! The pipeline in the cluster whose home this process is.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use eventflux_core::runtime::InProcessEnds;
use eventflux_distributed::Error;
use eventflux_distributed::cluster_node::{ClusterClient, ClusterView};
use eventflux_distributed::coordinator::{
    Change, ClusterState, Desired, NodeId, Pipeline, PipelineId, Refusal, SetDesired,
};
use eventflux_distributed::node::SubmitError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::DistributedError;

/// The coordinator may be away for so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A checkpoint that somebody asked for takes no longer.
const PERSIST_WITHIN: Duration = Duration::from_secs(600);

/// Between two looks at a cluster that tells nothing by itself.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How a pipeline ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// All its inputs have ended, and everything is committed.
    Finished,
    /// This process has stopped it.
    Stopped,
    /// It has failed for good.
    Failed(String),
    /// Somebody has removed it.
    Removed,
    /// It may go on, but this process's node cannot.
    NodeFailed(String),
}

impl End {
    /// How a pipeline has ended, if it has. One that somebody else has stopped may go on.
    fn of(pipeline: &Pipeline, is_stopping: bool) -> Option<Self> {
        if !pipeline.failure.is_empty() {
            return Some(Self::Failed(pipeline.failure.clone()));
        }
        if pipeline.assignment.is_some() {
            return None;
        }
        match pipeline.desired() {
            _ if pipeline.is_finished => Some(Self::Finished),
            Desired::Stopped if is_stopping => Some(Self::Stopped),
            Desired::Removed => Some(Self::Removed),
            Desired::Running | Desired::Stopped => None,
        }
    }
}

/// The pipeline, as its home asks for changes of it.
#[derive(Debug, Clone)]
pub(super) struct OwnPipeline {
    /// 0: it is not submitted yet.
    pub(super) id: PipelineId,
    pub(super) name: String,
    pub(super) client: ClusterClient,
}

impl OwnPipeline {
    /// Takes what an earlier process with this home has left under the name from the cluster. Its state stays.
    ///
    /// **Errors** Another node has a pipeline of this name; the coordinator is away.
    pub(super) async fn clear(&self, home: NodeId) -> Result<(), DistributedError> {
        let view = self.client.view(PATIENCE).await?;
        match view.state.pipeline_named(&self.name) {
            None => Ok(()),
            Some(left) if left.spec.home == home => self.remove(left.id).await,
            Some(_) => Err(SubmitError::Exists {
                name: self.name.clone(),
            }
            .into()),
        }
    }

    /// Has it take a last checkpoint and stop.
    pub(super) async fn stop(&self) -> Result<(), DistributedError> {
        self.want(self.id, Desired::Stopped).await
    }

    /// Has it take a checkpoint that begins now, waits until it can be started from, and gives its number.
    pub(super) async fn persist(&self) -> Result<u64, DistributedError> {
        Ok(self.client.checkpoint(self.id, PERSIST_WITHIN).await?)
    }

    /// Whether it has ended by itself, or was removed. Not as far as anybody knows, if nobody leads.
    pub(super) async fn is_over(&self) -> bool {
        let view = self.client.view(PATIENCE).await.ok();
        let known = view.and_then(|view| current(&view, self.id));
        known.is_some_and(|pipeline| {
            pipeline.is_none_or(|pipeline| {
                pipeline.desired() == Desired::Removed || End::of(&pipeline, false).is_some()
            })
        })
    }

    /// Takes it from the cluster. Its state stays.
    pub(super) async fn retire(&self) -> Result<(), DistributedError> {
        self.remove(self.id).await
    }

    async fn remove(&self, id: PipelineId) -> Result<(), DistributedError> {
        match self.want(id, Desired::Removed).await {
            // Somebody else was faster.
            Err(DistributedError::Cluster(Error::Refused(outcome)))
                if outcome.refusal() == Refusal::Unknown =>
            {
                return Ok(());
            }
            wanted => wanted?,
        }
        let until = Instant::now() + PATIENCE;
        while !matches!(current(&self.client.view(PATIENCE).await?, id), Some(None)) {
            if Instant::now() >= until {
                let message = format!("the pipeline `{}` does not come to rest", self.name);
                return Err(Error::Stopped(message).into());
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn want(&self, pipeline: PipelineId, desired: Desired) -> Result<(), DistributedError> {
        let change = Change::SetDesired(SetDesired {
            pipeline,
            desired: desired.into(),
        });
        self.client.propose(change, PATIENCE).await?;
        Ok(())
    }
}

/// Follows the pipeline to its end.
pub(super) struct Followed {
    pub(super) pipeline: OwnPipeline,
    /// What this node has heard, if it coordinates; otherwise others are asked.
    pub(super) state: Option<watch::Receiver<Arc<ClusterState>>>,
    /// This process wants it to stop.
    pub(super) stopping: watch::Receiver<bool>,
    /// Why the node ends by itself, if it does.
    pub(super) failure: Pin<Box<dyn Future<Output = Error> + Send>>,
    pub(super) ends: Arc<InProcessEnds>,
    pub(super) told: watch::Sender<Option<End>>,
}

impl Followed {
    /// Tells how it ended, and ends what this process has of it. Gives up with the node.
    pub(super) async fn follow(mut self) {
        let failure = std::mem::replace(&mut self.failure, Box::pin(std::future::pending()));
        let end = tokio::select! {
            end = self.end() => end,
            error = failure => Some(End::NodeFailed(error.to_string())),
        };
        let Some(end) = end else {
            return;
        };
        match end {
            End::Finished => self.ends.end_inputs(),
            // Windows that are open stay open.
            _ => self.ends.close_inputs(),
        }
        self.ends.end_outputs();
        self.told.send_replace(Some(end));
    }

    /// Waits for the end; `None`: there is nobody to hear of it from.
    async fn end(&mut self) -> Option<End> {
        let mut was_seen = false;
        loop {
            let is_stopping = *self.stopping.borrow_and_update();
            let end = match self.look().await {
                None => None,
                Some(Some(pipeline)) => {
                    was_seen = true;
                    End::of(&pipeline, is_stopping)
                }
                Some(None) if was_seen => Some(End::Removed),
                Some(None) => None,
            };
            if end.is_some() || !self.changed().await {
                return end;
            }
        }
    }

    /// The pipeline, if it is there; `None`: nobody answers who knows.
    async fn look(&mut self) -> Option<Option<Pipeline>> {
        let id = self.pipeline.id;
        match &mut self.state {
            Some(state) => Some(state.borrow_and_update().pipeline(id).cloned()),
            None => current(&self.pipeline.client.view(PATIENCE).await.ok()?, id),
        }
    }

    /// Waits until there may be something new. Whether there is anybody to hear it from.
    async fn changed(&mut self) -> bool {
        let Self { state, stopping, .. } = self;
        let heard = async {
            match state {
                Some(state) => state.changed().await.is_ok(),
                None => {
                    sleep(LOOK_EVERY).await;
                    true
                }
            }
        };
        tokio::select! {
            is_there = heard => is_there,
            asked = stopping.changed() => asked.is_ok(),
        }
    }
}

/// The pipeline, if it is there. `None`: whoever has answered may have missed that it was submitted.
fn current(view: &ClusterView, id: PipelineId) -> Option<Option<Pipeline>> {
    view.is_current.then(|| view.state.pipeline(id).cloned())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use eventflux_core::checkpoint::manifest::PlanIdentity;
    use eventflux_distributed::cluster_node::{ClusterConfig, ClusterNode};
    use eventflux_distributed::coordinator::{Assignment, PipelineSpec};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_pipeline_that_somebody_else_has_removed_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = Arc::new(|_: &PipelineSpec| Err(eventflux_core::Error::NoStore));
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = ClusterConfig::new("test", "node", listen, folder.path().join("node"), nothing);
        let node = ClusterNode::start(config).await.unwrap();
        let client = node.client().apart();
        let identity = PlanIdentity {
            fingerprint: 5,
            key_groups: 1,
            operators: Vec::new(),
        };
        let submit = Change::Submit(PipelineSpec {
            name: "p".into(),
            key_groups: 1,
            parallelism: 1,
            plan_fingerprint: identity.fingerprint,
            plan_identity: serde_json::to_vec(&identity).unwrap(),
            ..PipelineSpec::default()
        });
        let submitted = client.propose(submit, PATIENCE).await.unwrap();
        let pipeline = OwnPipeline {
            id: submitted.granted,
            name: "p".into(),
            client,
        };
        pipeline.retire().await.unwrap();
        pipeline.retire().await.unwrap();
        node.stop().await;
    }

    #[test]
    fn a_node_that_is_behind_does_not_say_that_a_pipeline_is_gone() {
        let view = |is_current: bool| ClusterView {
            state: ClusterState::default(),
            is_current,
            term: 1,
            leader: None,
            voters: Vec::new(),
        };
        assert_eq!(current(&view(false), 7), None);
        assert_eq!(current(&view(true), 7), Some(None));
    }

    #[test]
    fn a_pipeline_is_over_when_it_is_at_rest_for_good() {
        let resting = Pipeline::default();
        let running = Pipeline {
            assignment: Some(Assignment::default()),
            ..Pipeline::default()
        };
        let wanted = |desired: Desired, pipeline: &Pipeline| Pipeline {
            desired: desired.into(),
            ..pipeline.clone()
        };
        let finished = |pipeline: &Pipeline| Pipeline {
            is_finished: true,
            ..pipeline.clone()
        };
        let of = |pipeline: &Pipeline| End::of(pipeline, false);
        assert_eq!(of(&resting), None);
        assert_eq!(of(&finished(&running)), None);
        assert_eq!(of(&finished(&resting)), Some(End::Finished));
        let stopped = wanted(Desired::Stopped, &resting);
        assert_eq!(of(&stopped), None, "somebody else has stopped it");
        assert_eq!(End::of(&stopped, true), Some(End::Stopped));
        assert_eq!(End::of(&wanted(Desired::Stopped, &running), true), None);
        assert_eq!(of(&wanted(Desired::Removed, &resting)), Some(End::Removed));
        let failed = Pipeline {
            failure: "no disk".into(),
            ..resting
        };
        assert_eq!(of(&failed), Some(End::Failed("no disk".into())));
    }
}
