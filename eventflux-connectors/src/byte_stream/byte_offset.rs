//! Positions that are byte offsets.

use eventflux_core::connector::SourcePosition;
use eventflux_core::{Error, ErrorKind, Result};

/// Where reading of a partition continues; 0 if it was not read before.
///
/// **Errors** The position is not an offset: it was written by another connector.
pub fn byte_offset(connector: &'static str, positions: &[SourcePosition], partition: &str) -> Result<u64> {
    let Some(found) = positions.iter().find(|position| position.partition == partition) else {
        return Ok(0);
    };
    found.position.parse().map_err(|_| Error::Connector {
        connector,
        object: partition.to_owned(),
        message: format!("the position `{}` is not a byte offset", found.position),
        kind: ErrorKind::Input,
        source: None,
    })
}
