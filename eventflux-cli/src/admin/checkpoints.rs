//! `GET /v1/pipelines/{name}/checkpoints`.

use axum::Json;
use axum::extract::State;
use eventflux::arrow::datatypes::TimeUnit;
use eventflux::checkpoint::{Revision, revisions};
use eventflux::time::iso::write_timestamp;
use eventflux_distributed::coordinator;

use super::body::Named;
use super::model::{CheckpointList, CommittedCheckpoint, Problem, PublishedCheckpoint};
use super::refusal::Refusal;
use super::service::{Service, pipeline};
use crate::config::value::without_passwords;

/// The checkpoints of a pipeline
///
/// What is committed is known to the cluster; which ones can be started from is looked up in the store.
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}/checkpoints",
    operation_id = "list_checkpoints",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name")),
    security(("viewer" = [])),
    responses(
        (status = 200, description = "The checkpoints", body = CheckpointList),
        (status = 404, description = "There is no such pipeline", body = Problem)
    )
)]
pub async fn checkpoints(
    State(service): State<Service>,
    Named(name): Named,
) -> Result<Json<CheckpointList>, Refusal> {
    let view = service.view().await?;
    let found = pipeline(&view.state, &name)?;
    let (published, problem) = match published(&service, found).await {
        Ok(published) => (published, None),
        Err(error) => (Vec::new(), Some(without_passwords(&error.to_string()))),
    };
    let committed = &found.committed;
    Ok(Json(CheckpointList {
        name,
        state_store: found.spec.state_store.clone(),
        committed: (committed.epoch > 0).then_some(CommittedCheckpoint {
            checkpoint: committed.epoch,
            generation: committed.generation,
            sequence: committed.manifest.sequence,
            manifest_bytes: committed.manifest.size_bytes,
        }),
        in_flight: (found.in_flight != 0).then_some(found.in_flight),
        published,
        problem,
    }))
}

async fn published(
    service: &Service,
    pipeline: &coordinator::Pipeline,
) -> eventflux::Result<Vec<PublishedCheckpoint>> {
    let store = service.open_store(&pipeline.spec).await?;
    let revisions = revisions(store).await?;
    Ok(revisions.iter().map(shown).collect())
}

fn shown(revision: &Revision) -> PublishedCheckpoint {
    PublishedCheckpoint {
        checkpoint: revision.id,
        generation: revision.generation,
        written: time(revision.created_at_us),
        parallelism: revision.parallelism,
        state_bytes: revision.state_bytes,
    }
}

/// A moment, in UTC.
pub fn time(time_us: i64) -> String {
    let mut text = Vec::new();
    write_timestamp(time_us, TimeUnit::Microsecond, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
