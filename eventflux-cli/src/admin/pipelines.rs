//! `/v1/pipelines`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use eventflux_distributed::coordinator::{self, ClusterState, Desired};
use eventflux_distributed::node::{ProgramError, Submission, SubmitError};

use super::body::{JsonBody, Named};
use super::model::{Pipeline, PipelineList, PipelineState, PipelineText, Problem, Submit, Submitted};
use super::refusal::Refusal;
use super::service::{Service, name_of, pipeline};
use crate::config::value::without_passwords;

/// All pipelines
#[utoipa::path(
    get,
    path = "/v1/pipelines",
    operation_id = "list_pipelines",
    tag = "pipelines",
    security(("viewer" = [])),
    responses(
        (status = 200, description = "The pipelines, by name", body = PipelineList),
        (status = 503, description = "No node that coordinates answers", body = Problem)
    )
)]
pub async fn list(State(service): State<Service>) -> Result<Json<PipelineList>, Refusal> {
    let view = service.view().await?;
    let mut pipelines: Vec<Pipeline> = view
        .state
        .pipelines()
        .map(|pipeline| shown(&view.state, pipeline))
        .collect();
    pipelines.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Json(PipelineList {
        is_current: view.is_current,
        pipelines,
    }))
}

/// One pipeline
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}",
    operation_id = "get_pipeline",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name")),
    security(("viewer" = [])),
    responses(
        (status = 200, description = "The pipeline", body = Pipeline),
        (status = 404, description = "There is no such pipeline", body = Problem)
    )
)]
pub async fn one(State(service): State<Service>, Named(name): Named) -> Result<Json<Pipeline>, Refusal> {
    let view = service.view().await?;
    Ok(Json(shown(&view.state, pipeline(&view.state, &name)?)))
}

/// The program of a pipeline
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}/sql",
    operation_id = "get_program",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name")),
    security(("operator" = [])),
    responses(
        (status = 200, description = "The program, as it was submitted", body = PipelineText),
        (status = 404, description = "There is no such pipeline", body = Problem)
    )
)]
pub async fn sql(State(service): State<Service>, Named(name): Named) -> Result<Json<PipelineText>, Refusal> {
    let view = service.view().await?;
    let found = pipeline(&view.state, &name)?;
    Ok(Json(PipelineText {
        name: found.spec.name.clone(),
        sql: found.spec.sql.clone(),
    }))
}

/// Have the cluster run a program
#[utoipa::path(
    post,
    path = "/v1/pipelines",
    operation_id = "submit_pipeline",
    tag = "pipelines",
    request_body = Submit,
    security(("operator" = [])),
    responses(
        (status = 201, description = "It will be run", body = Submitted),
        (status = 400, description = "The request makes no sense", body = Problem),
        (status = 409, description = "There is a pipeline of that name", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 422, description = "The program cannot be run: `diagnostics` says why, and where", body = Problem),
        (status = 503, description = "No leader answers", body = Problem)
    )
)]
pub async fn submit(
    State(service): State<Service>,
    JsonBody(submit): JsonBody<Submit>,
) -> Result<(StatusCode, Json<Submitted>), Refusal> {
    let submission = Submission {
        name: submit.name.clone(),
        sql: submit.sql,
        parallelism: submit.parallelism.map(|count| count as usize),
        settings: submit.settings.into_iter().collect(),
    };
    let submitted = service.node().submit(submission).await;
    let id = submitted.map_err(|error| refused(&submit.name, error))?;
    let submitted = Submitted {
        id,
        name: submit.name,
    };
    Ok((StatusCode::CREATED, Json(submitted)))
}

fn refused(name: &str, error: SubmitError) -> Refusal {
    let message = without_passwords(&error.to_string());
    let program = |message| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "program", message);
    match error {
        SubmitError::Program(ProgramError::Rejected { json, .. }) => {
            let lines = json.lines().filter_map(|line| serde_json::from_str(line).ok());
            Refusal::program(lines.collect())
        }
        SubmitError::Program(_) => program(message),
        SubmitError::Exists { .. } => Refusal::new(StatusCode::CONFLICT, "exists", message).help(format!(
            "`eventflux pipeline rm {name}` removes it; or choose another name"
        )),
        SubmitError::NoLeader(_) => Refusal::no_leader(message).may_be_done(),
        SubmitError::Unavailable(_) => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message),
        _ => Refusal::invalid(message),
    }
}

/// Where a pipeline is.
pub fn state_of(pipeline: &coordinator::Pipeline) -> PipelineState {
    match pipeline.desired() {
        Desired::Removed => PipelineState::Removing,
        _ if !pipeline.failure.is_empty() => PipelineState::Failed,
        _ if pipeline.is_finished && pipeline.assignment.is_none() => PipelineState::Finished,
        Desired::Stopped if pipeline.assignment.is_some() => PipelineState::Stopping,
        Desired::Stopped => PipelineState::Stopped,
        Desired::Running if pipeline.assignment.is_some() => PipelineState::Running,
        Desired::Running => PipelineState::Waiting,
    }
}

/// Why a pipeline is where it is, where that is not plain.
pub fn reason(state: &ClusterState, pipeline: &coordinator::Pipeline) -> Option<String> {
    match state_of(pipeline) {
        PipelineState::Failed => Some(pipeline.failure.clone()),
        PipelineState::Waiting => Some(missing(state, pipeline).unwrap_or_else(|| {
            "the leader is about to place it; after a failure it waits before it tries again".to_owned()
        })),
        _ => None,
    }
}

/// Who has to come before a pipeline can run, if somebody has.
pub fn missing(state: &ClusterState, pipeline: &coordinator::Pipeline) -> Option<String> {
    let workers = state.workers().count();
    let needed = (state.nodes_min() as usize).max(1);
    if workers < needed {
        return Some(format!(
            "{needed} nodes have to be up that run pipelines, and {workers} are"
        ));
    }
    let home = pipeline.spec.home;
    let is_away = home != 0 && state.workers().all(|member| member.spec.node != home);
    is_away.then(|| format!("its program, node `{}`, has to be up", name_of(state, home)))
}

/// A pipeline as it is shown.
pub fn shown(state: &ClusterState, pipeline: &coordinator::Pipeline) -> Pipeline {
    let spec = &pipeline.spec;
    let placements = pipeline
        .assignment
        .iter()
        .flat_map(|assignment| &assignment.placements);
    let mut nodes: Vec<String> = placements
        .map(|placement| name_of(state, placement.node))
        .collect();
    nodes.sort();
    Pipeline {
        id: pipeline.id,
        name: spec.name.clone(),
        state: state_of(pipeline),
        reason: reason(state, pipeline),
        parallelism: spec.parallelism,
        key_groups: spec.key_groups,
        generation: pipeline.generation,
        checkpoint: pipeline.committed.epoch,
        in_flight: (pipeline.in_flight != 0).then_some(pipeline.in_flight),
        restored: pipeline.restored.epoch,
        delivered: pipeline.delivered.clone(),
        checkpoint_interval_ms: spec.checkpoint_interval_us / 1_000,
        state_store: spec.state_store.clone(),
        nodes,
    }
}

#[cfg(test)]
mod tests {
    use eventflux_distributed::coordinator::{
        Assignment, BeginGeneration, Change, Command, CommandId, Configure, HaltPipeline, NodeSpec,
        PipelineSpec, Placement,
    };

    use super::super::service::pipeline_problem;
    use super::*;

    /// What somebody has to do about the pipeline after these changes.
    fn problem(changes: Vec<Change>) -> Option<String> {
        let mut state = ClusterState::default();
        for (number, change) in (1..).zip(changes) {
            let id = CommandId { client: 1, number };
            let outcome = state.apply(&Command {
                id,
                change: Some(change),
            });
            assert!(outcome.is_done(), "{}", outcome.message);
        }
        pipeline_problem(&state, state.pipelines().next().unwrap())
    }

    fn node(node: u64, name: &str) -> Change {
        Change::Register(NodeSpec {
            node,
            name: name.into(),
            can_process: true,
            ..NodeSpec::default()
        })
    }

    fn submit(home: u64) -> Change {
        Change::Submit(PipelineSpec {
            name: "p".into(),
            key_groups: 1,
            parallelism: 1,
            home,
            ..PipelineSpec::default()
        })
    }

    #[test]
    fn a_pipeline_that_is_about_to_begin_is_no_problem_and_one_that_cannot_is() {
        assert_eq!(problem(vec![node(1, "a"), submit(0)]), None);
        let two = Change::Configure(Configure {
            cluster: "c".into(),
            nodes_min: 2,
        });
        assert_eq!(
            problem(vec![two, node(1, "a"), submit(0)]).unwrap(),
            "pipeline `p`: 2 nodes have to be up that run pipelines, and 1 are"
        );
        let away = problem(vec![node(1, "a"), submit(7)]).unwrap();
        assert_eq!(
            away,
            "pipeline `p`: its program, node `0000000000000007`, has to be up"
        );
        let begin = Change::BeginGeneration(BeginGeneration {
            pipeline: 1,
            after: 0,
            assignment: Assignment {
                placements: vec![Placement {
                    node: 1,
                    incarnation: 1,
                    subtask_count: 1,
                    ..Placement::default()
                }],
                owners: vec![0],
                ..Assignment::default()
            },
        });
        let running = vec![node(1, "a"), submit(0), begin];
        assert_eq!(problem(running.clone()), None);
        let halt = Change::Halt(HaltPipeline {
            pipeline: 1,
            generation: 1,
        });
        let failed = problem([running, vec![halt]].concat()).unwrap();
        assert!(failed.contains("after a failure it waits"), "{failed}");
    }
}
