//! `GET /v1/pipelines/{name}/partitions`.

use axum::Json;
use axum::extract::State;

use super::body::Named;
use super::model::{Partition, PartitionList, Problem};
use super::refusal::Refusal;
use super::service::{Service, name_of, pipeline};

/// Which node owns which key group
#[utoipa::path(
    get,
    path = "/v1/pipelines/{name}/partitions",
    operation_id = "get_partitions",
    tag = "pipelines",
    params(("name" = String, Path, description = "Its name")),
    security(("viewer" = [])),
    responses(
        (status = 200, description = "The key groups, by number", body = PartitionList),
        (status = 404, description = "There is no such pipeline", body = Problem)
    )
)]
pub async fn partitions(
    State(service): State<Service>,
    Named(name): Named,
) -> Result<Json<PartitionList>, Refusal> {
    let view = service.view().await?;
    let found = pipeline(&view.state, &name)?;
    let mut partitions = Vec::new();
    if let Some(assignment) = &found.assignment {
        let names: Vec<String> = assignment
            .placements
            .iter()
            .map(|placement| name_of(&view.state, placement.node))
            .collect();
        let owned = assignment.owners.iter().zip(assignment.subtasks());
        partitions.extend(owned.zip(0..).map(|((owner, subtask), key_group)| Partition {
            key_group,
            node: names.get(*owner as usize).cloned().unwrap_or_default(),
            subtask,
        }));
    }
    Ok(Json(PartitionList {
        name,
        generation: found.generation,
        key_groups: found.spec.key_groups,
        partitions,
    }))
}
