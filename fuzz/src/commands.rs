//! Commands are applied or refused, whatever they say and whatever state they meet: `length u16, protobuf of a stored state`
//! (0: none), and then commands, each as `length u16, protobuf`.

use eventflux_distributed::coordinator::{ClusterState, Command, Outcome, PipelineId, SNAPSHOT_VERSION};
use prost::Message;

/// The bytes behind a length, and the rest.
fn piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}

/// A stored state, with the header that belongs to it.
fn stored(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"EFCLUSTR".to_vec();
    bytes.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(body).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// What only grows.
fn heights(state: &ClusterState) -> Vec<(PipelineId, u64, u64, u64)> {
    let pipelines = state.pipelines();
    pipelines
        .map(|pipeline| {
            (
                pipeline.id,
                pipeline.generation,
                pipeline.last_epoch,
                pipeline.committed.epoch,
            )
        })
        .collect()
}

fn check(before: &[(PipelineId, u64, u64, u64)], state: &ClusterState) {
    for (id, generation, last_epoch, committed) in before {
        let Some(now) = state.pipeline(*id) else { continue };
        assert!(
            now.generation >= *generation
                && now.last_epoch >= *last_epoch
                && now.committed.epoch >= *committed
        );
        assert!(now.committed.epoch <= now.last_epoch);
        assert!(now.in_flight == 0 || now.assignment.is_some());
    }
}

/// One input.
pub fn run(bytes: &[u8]) {
    // Whatever a file holds is refused or read.
    let _ = ClusterState::decode(bytes);
    let Some((body, mut rest)) = piece(bytes) else {
        return;
    };
    let first = match body {
        [] => ClusterState::default(),
        body => match ClusterState::decode(&stored(body)) {
            Ok(state) => state,
            Err(_) => return,
        },
    };
    let mut state = first.clone();
    let mut applied: Vec<(Command, Outcome)> = Vec::new();
    while let Some((command, next)) = piece(rest) {
        rest = next;
        let Ok(command) = Command::decode(command) else {
            continue;
        };
        assert_eq!(
            Command::decode(command.encode_to_vec().as_slice()).as_ref(),
            Ok(&command)
        );
        let before = heights(&state);
        let outcome = state.apply(&command);
        if body.is_empty() {
            check(&before, &state);
        }
        applied.push((command, outcome));
    }
    // What is stored is what is read again.
    let again = ClusterState::decode(&state.encode());
    assert_eq!(again.as_ref(), Ok(&state));
    // The same commands come to the same everywhere.
    let mut other = first;
    for (command, outcome) in &applied {
        assert_eq!(&other.apply(command), outcome);
    }
    assert_eq!(other, state);
}
