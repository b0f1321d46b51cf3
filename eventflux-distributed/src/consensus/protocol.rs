//! The version of what nodes say to each other.

use tonic::metadata::MetadataMap;
use tonic::service::Interceptor;
use tonic::{Code, Request, Status};

/// What all nodes of a cluster have in common; nodes of another version are refused.
///
/// **When it grows** Whenever a node from before a change and one from after it must not run a pipeline together, or must not agree on
/// something together: messages, orders and reports that mean something else; what loops store and take over; frames between loops, also if
/// their layout stays as it is; which subtask a key belongs to; what a command does to the agreed state.
pub const PROTOCOL: u32 = 2;

/// With every call, and with the answer to one that is refused for it.
const HEADER: &str = "eventflux-protocol";

/// Says the version with every call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SayProtocol(pub(crate) u32);

impl Interceptor for SayProtocol {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert(HEADER, self.0.into());
        Ok(request)
    }
}

/// Refuses calls of another version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckProtocol(pub(crate) u32);

impl Interceptor for CheckProtocol {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        // Who does not say it is older than that.
        let said = protocol(request.metadata()).unwrap_or_default();
        if said == self.0 {
            return Ok(request);
        }
        let mut metadata = MetadataMap::new();
        metadata.insert(HEADER, self.0.into());
        let message = format!("this node speaks protocol {}, the caller {said}", self.0);
        Err(Status::with_metadata(Code::FailedPrecondition, message, metadata))
    }
}

/// The version of who has refused a call for it.
pub(crate) fn refused_by(status: &Status) -> Option<u32> {
    protocol(status.metadata())
}

fn protocol(metadata: &MetadataMap) -> Option<u32> {
    metadata.get(HEADER)?.to_str().ok()?.parse().ok()
}
