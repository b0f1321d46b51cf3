//! A checkpoint that somebody asks for.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use eventflux_distributed::Error;
use serde::Deserialize;
use utoipa::IntoParams;

use super::body::{Asked, Named};
use super::model::{Problem, TakenCheckpoint};
use super::pipelines::reason;
use super::refusal::Refusal;
use super::service::{Service, pipeline};
use super::stopping::WAIT_MAX;

/// How long a checkpoint is waited for.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Patience {
    /// Wait so long, 600 000 at the most; 60 000 unless said otherwise
    wait_ms: Option<u64>,
}

/// Have a checkpoint taken now, and wait until it is there
///
/// It begins after the request, so it holds everything that was read before. The pipeline goes on.
#[utoipa::path(
    post,
    path = "/v1/pipelines/{name}/checkpoints",
    operation_id = "take_checkpoint",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name"), Patience),
    security(("operator" = [])),
    responses(
        (status = 201, description = "It is committed, and can be started from", body = TakenCheckpoint),
        (status = 404, description = "There is no such pipeline", body = Problem),
        (status = 409, description = "The pipeline does not run", body = Problem),
        (status = 503, description = "It is not there in time, or no leader answers", body = Problem)
    )
)]
pub async fn take(
    State(service): State<Service>,
    Named(name): Named,
    Asked(patience): Asked<Patience>,
) -> Result<(StatusCode, Json<TakenCheckpoint>), Refusal> {
    let view = service.view().await?;
    let found = pipeline(&view.state, &name)?;
    let wait = Duration::from_millis(patience.wait_ms.unwrap_or(60_000)).min(WAIT_MAX);
    let taken = service.client().checkpoint(found.id, wait).await;
    let checkpoint = match taken {
        Ok(checkpoint) => checkpoint,
        Err(error @ Error::Late(_)) => return Err(late(&service, &name, error).await),
        Err(error) => return Err(error.into()),
    };
    let state_store = found.spec.state_store.clone();
    Ok((
        StatusCode::CREATED,
        Json(TakenCheckpoint {
            name,
            checkpoint,
            state_store,
        }),
    ))
}

/// It may still come; or there is a reason why it does not.
async fn late(service: &Service, name: &str, error: Error) -> Refusal {
    let view = service.view().await.ok();
    let found = view
        .as_ref()
        .and_then(|view| Some((&view.state, view.state.pipeline_named(name)?)));
    let refusal = Refusal::from(error);
    match found {
        Some((state, found)) if found.assignment.is_none() => refusal.help_opt(reason(state, found)),
        Some((_, found)) if found.in_flight != 0 => {
            refusal.help(format!("checkpoint {} is being taken", found.in_flight))
        }
        _ => refusal,
    }
}
