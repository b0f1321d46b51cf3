//! Pipelines that are stopped, started again and removed.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use eventflux_distributed::cluster_node::ClusterView;
use eventflux_distributed::coordinator::{self, Change, Desired, PipelineId, PipelineRef, SetDesired};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use utoipa::IntoParams;

use super::body::{Asked, Named};
use super::model::{Pipeline, PipelineState, Problem, Removed, Stopped};
use super::pipelines::{shown, state_of};
use super::refusal::Refusal;
use super::service::{Service, pipeline};

/// Between two looks at a pipeline that is to come to rest.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A request waits no longer.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(600);

/// What is removed is gone at once, unless nobody leads.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// A restart of a running pipeline gets so long to stop it.
const REST_WITHIN: Duration = Duration::from_secs(60);

/// How a pipeline is stopped.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Stop {
    /// Answer when the last checkpoint is taken and its rows are visible, and say which one it is
    savepoint: bool,
    /// With `savepoint`: wait so long, 600 000 at the most; 60 000 unless said otherwise
    wait_ms: Option<u64>,
}

/// Stop a pipeline with a last checkpoint
#[utoipa::path(
    post,
    path = "/v1/pipelines/{name}/stop",
    operation_id = "stop_pipeline",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name"), Stop),
    security(("operator" = [])),
    responses(
        (status = 200, description = "It is at rest", body = Stopped),
        (status = 202, description = "It is stopping", body = Stopped),
        (status = 404, description = "There is no such pipeline", body = Problem),
        (status = 409, description = "It is being removed, or there is no checkpoint to name", body = Problem)
    )
)]
pub async fn stop(
    State(service): State<Service>,
    Named(name): Named,
    Asked(how): Asked<Stop>,
) -> Result<(StatusCode, Json<Stopped>), Refusal> {
    let view = service.view().await?;
    let before = pipeline(&view.state, &name)?;
    if before.desired() == Desired::Removed {
        return Err(Refusal::unready(format!("pipeline `{name}` is being removed")));
    }
    set_desired(&service, before.id, Desired::Stopped).await?;
    let wait = match how.savepoint {
        true => Duration::from_millis(how.wait_ms.unwrap_or(60_000)).min(WAIT_MAX),
        false => Duration::ZERO,
    };
    let found = rest(&service, before, wait).await?;
    if how.savepoint && found.desired() != Desired::Stopped {
        return Err(Refusal::unready(format!(
            "pipeline `{name}` was started again meanwhile"
        )));
    }
    if how.savepoint && !found.failure.is_empty() {
        let message = format!("pipeline `{name}` has failed: {}", found.failure);
        return Err(Refusal::unready(message).help_opt(newest(&found)));
    }
    if how.savepoint && found.assignment.is_none() && found.committed.epoch == 0 {
        return Err(Refusal::unready(format!(
            "pipeline `{name}` is stopped, and has no checkpoint: it never ran long enough for one"
        )));
    }
    let status = match found.assignment.is_none() {
        true => StatusCode::OK,
        false => StatusCode::ACCEPTED,
    };
    Ok((status, Json(stopped(&found, before.last_epoch))))
}

fn newest(pipeline: &coordinator::Pipeline) -> Option<String> {
    let epoch = pipeline.committed.epoch;
    (epoch > 0)
        .then(|| format!("its newest checkpoint is {epoch}; `eventflux pipeline restart` goes on from it"))
}

/// `last_epoch` was the largest epoch that had begun before the stop.
fn stopped(pipeline: &coordinator::Pipeline, last_epoch: u64) -> Stopped {
    let name = &pipeline.spec.name;
    let checkpoint = pipeline.committed.epoch;
    let is_at_rest = pipeline.assignment.is_none();
    let is_taken_for_stop = is_at_rest && checkpoint > last_epoch;
    let message = match (is_at_rest, is_taken_for_stop, checkpoint) {
        (false, _, _) => format!("pipeline `{name}` is stopping: its last checkpoint is being taken"),
        (true, true, _) => format!("pipeline `{name}` is stopped; checkpoint {checkpoint} holds everything"),
        (true, false, 0) => format!("pipeline `{name}` is stopped; it has no checkpoint"),
        (true, false, _) => format!(
            "pipeline `{name}` is stopped; it was not running, so no checkpoint was taken: the newest is {checkpoint}"
        ),
    };
    Stopped {
        name: name.clone(),
        state: state_of(pipeline),
        checkpoint,
        is_taken_for_stop,
        message,
    }
}

/// Start a pipeline again from its newest checkpoint
///
/// One that runs is stopped first, with a last checkpoint. The reason of a failure is forgotten.
#[utoipa::path(
    post,
    path = "/v1/pipelines/{name}/restart",
    operation_id = "restart_pipeline",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name")),
    security(("operator" = [])),
    responses(
        (status = 202, description = "It is about to run", body = Pipeline),
        (status = 404, description = "There is no such pipeline", body = Problem),
        (status = 409, description = "It has finished, is being removed, or does not stop", body = Problem)
    )
)]
pub async fn restart(
    State(service): State<Service>,
    Named(name): Named,
) -> Result<(StatusCode, Json<Pipeline>), Refusal> {
    // Whoever asked may hang up: what is stopped is started again all the same.
    let restarted = tokio::spawn(async move { stop_and_start(&service, &name).await });
    restarted.await.unwrap_or_else(|error| {
        Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            error.to_string(),
        ))
    })
}

async fn stop_and_start(service: &Service, name: &str) -> Result<(StatusCode, Json<Pipeline>), Refusal> {
    let view = service.view().await?;
    let found = pipeline(&view.state, name)?;
    let id = found.id;
    match state_of(found) {
        PipelineState::Removing => {
            return Err(Refusal::unready(format!("pipeline `{name}` is being removed")));
        }
        PipelineState::Finished => {
            return Err(Refusal::unready(format!(
                "pipeline `{name}` has finished: all its inputs have ended"
            ))
            .help(format!(
                "to run it once more: `eventflux pipeline rm {name}`, then submit it again"
            )));
        }
        PipelineState::Running | PipelineState::Stopping => {
            set_desired(service, id, Desired::Stopped).await?;
            let resting = rest(service, found, REST_WITHIN).await?;
            if resting.assignment.is_some() {
                return Err(Refusal::unready(format!(
                    "pipeline `{name}` does not come to rest: its last checkpoint takes too long"
                ))
                .help("it goes on stopping; restart it again when it is stopped"));
            }
        }
        PipelineState::Waiting | PipelineState::Stopped | PipelineState::Failed => {}
    }
    service
        .propose(Change::Restart(PipelineRef { pipeline: id }))
        .await?;
    let view = service.view().await?;
    let now = pipeline(&view.state, name)?;
    Ok((StatusCode::ACCEPTED, Json(shown(&view.state, now))))
}

/// Stop a pipeline where it is, and forget it
///
/// What it read since its newest checkpoint has no effect. Its checkpoints stay in the store.
#[utoipa::path(
    delete,
    path = "/v1/pipelines/{name}",
    operation_id = "remove_pipeline",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name")),
    security(("operator" = [])),
    responses(
        (status = 200, description = "It is forgotten", body = Removed),
        (status = 202, description = "Nodes are letting go of it", body = Removed),
        (status = 404, description = "There is no such pipeline", body = Problem)
    )
)]
pub async fn remove(
    State(service): State<Service>,
    Named(name): Named,
) -> Result<(StatusCode, Json<Removed>), Refusal> {
    let view = service.view().await?;
    let found = pipeline(&view.state, &name)?;
    let id = found.id;
    let state_store = found.spec.state_store.clone();
    set_desired(&service, id, Desired::Removed).await?;
    let until = Instant::now() + GONE_WITHIN;
    let is_gone = loop {
        let view = service.view().await?;
        match view.state.pipeline(id) {
            // A node that is behind may never have heard of it.
            None if view.is_current => break true,
            _ if Instant::now() >= until => break false,
            _ => sleep(LOOK_EVERY).await,
        }
    };
    let status = match is_gone {
        true => StatusCode::OK,
        false => StatusCode::ACCEPTED,
    };
    Ok((
        status,
        Json(Removed {
            name,
            is_gone,
            state_store,
        }),
    ))
}

async fn set_desired(service: &Service, pipeline: PipelineId, desired: Desired) -> Result<(), Refusal> {
    let change = Change::SetDesired(SetDesired {
        pipeline,
        desired: desired.into(),
    });
    service.propose(change).await.map(drop)
}

/// A pipeline when nobody runs it any more, or as it is when the time is up.
async fn rest(
    service: &Service,
    told: &coordinator::Pipeline,
    wait: Duration,
) -> Result<coordinator::Pipeline, Refusal> {
    let until = Instant::now() + wait;
    loop {
        let (found, is_over) = look(&service.view().await?, told)?;
        if is_over || Instant::now() >= until {
            return Ok(found);
        }
        sleep(LOOK_EVERY).await;
    }
}

/// A pipeline that was told to stop, and whether that is over: it is at rest, or somebody else wants something else. A node that is behind
/// may not know that it was told, or that there is such a pipeline.
fn look(view: &ClusterView, told: &coordinator::Pipeline) -> Result<(coordinator::Pipeline, bool), Refusal> {
    let found = view.state.pipeline(told.id);
    if !view.is_current {
        let mut found = found.unwrap_or(told).clone();
        found.set_desired(Desired::Stopped);
        return Ok((found, false));
    }
    let Some(found) = found.cloned() else {
        let name = &told.spec.name;
        return Err(Refusal::unready(format!(
            "pipeline `{name}` was removed meanwhile"
        )));
    };
    let is_over = found.assignment.is_none() || found.desired() != Desired::Stopped;
    Ok((found, is_over))
}

#[cfg(test)]
mod tests {
    use eventflux_distributed::coordinator::{ClusterState, Command, CommandId, PipelineSpec};

    use super::*;

    #[test]
    fn a_node_that_is_behind_does_not_say_that_a_pipeline_was_started_again_or_removed() {
        let mut state = ClusterState::default();
        let submit = Change::Submit(PipelineSpec {
            name: "p".into(),
            key_groups: 1,
            parallelism: 1,
            ..PipelineSpec::default()
        });
        let id = CommandId { client: 1, number: 1 };
        let submitted = state.apply(&Command {
            id,
            change: Some(submit),
        });
        let told = state.pipeline(submitted.granted).unwrap();
        let look = |state: &ClusterState, is_current: bool| {
            let view = ClusterView {
                state: state.clone(),
                is_current,
                term: 1,
                leader: None,
                voters: Vec::new(),
            };
            look(&view, told).map(|(found, is_over)| (found.desired(), is_over))
        };
        assert_eq!(look(&state, false).unwrap(), (Desired::Stopped, false));
        assert_eq!(look(&state, true).unwrap(), (Desired::Running, true));
        let without = ClusterState::default();
        assert_eq!(look(&without, false).unwrap(), (Desired::Stopped, false));
        assert!(look(&without, true).is_err());
    }
}
