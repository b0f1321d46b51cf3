//! `GET /v1/pipelines/{name}/placement`.

use axum::Json;
use axum::extract::State;

use super::body::Named;
use super::model::{NodePlacement, Placement, Problem, SourceSplit};
use super::refusal::Refusal;
use super::service::{Service, name_of, pipeline, shown_id};

/// Which node runs which subtasks, and reads what
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}/placement",
    operation_id = "get_placement",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name")),
    security(("viewer" = [])),
    responses(
        (status = 200, description = "Who runs what", body = Placement),
        (status = 404, description = "There is no such pipeline", body = Problem)
    )
)]
pub async fn placement(
    State(service): State<Service>,
    Named(name): Named,
) -> Result<Json<Placement>, Refusal> {
    let view = service.view().await?;
    let found = pipeline(&view.state, &name)?;
    let mut nodes = Vec::new();
    if let Some(assignment) = &found.assignment {
        for (place, part) in assignment.placements.iter().enumerate() {
            let is_here = |placement: u32| placement as usize == place;
            let splits = assignment.splits.iter().filter(|split| is_here(split.placement));
            nodes.push(NodePlacement {
                node: shown_id(part.node),
                name: name_of(&view.state, part.node),
                incarnation: part.incarnation,
                subtasks: (part.first_subtask..part.first_subtask.saturating_add(part.subtask_count))
                    .collect(),
                key_groups: assignment.owners.iter().filter(|owner| is_here(**owner)).count(),
                splits: splits
                    .map(|split| SourceSplit {
                        source: split.operator_id.clone(),
                        split: split.split.clone(),
                    })
                    .collect(),
            });
        }
    }
    Ok(Json(Placement {
        name,
        generation: found.generation,
        parallelism: found.spec.parallelism,
        nodes,
    }))
}
