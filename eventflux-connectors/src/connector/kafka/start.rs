//! At which offset a partition begins.

use std::collections::BTreeMap;

use eventflux_core::connector::SourcePosition;
use eventflux_core::{ErrorKind, Result};

use super::client::failure;
use super::topic::TopicPartition;

/// Offsets of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first message that is there.
    pub low: i64,
    /// After the last message that is there.
    pub high: i64,
}

/// Offsets by partition, as saved.
pub type Saved = BTreeMap<TopicPartition, i64>;

/// Reads positions.
///
/// **Errors** One that this connector did not write.
pub fn saved(positions: &[SourcePosition]) -> Result<Saved> {
    let parse = |position: &SourcePosition| {
        let partition = TopicPartition::from_name(&position.partition)?;
        let offset = position
            .position
            .parse()
            .ok()
            .filter(|offset: &i64| *offset >= 0)?;
        Some((partition, offset))
    };
    let wrong = |position: &SourcePosition| {
        let message = format!("`{}` is not a position in a partition", position.position);
        failure(&position.partition, ErrorKind::Input, message)
    };
    positions
        .iter()
        .map(|position| parse(position).ok_or_else(|| wrong(position)))
        .collect()
}

/// Checks that a saved offset can be continued.
///
/// **Errors** Messages from the offset on have been deleted, or the topic is another one than before.
pub fn check(partition: &TopicPartition, offset: i64, bounds: Bounds) -> Result<()> {
    let Bounds { low, high } = bounds;
    let message = match offset {
        _ if offset < low => {
            format!("offset {offset} is to be read next, but the messages before {low} have been deleted")
        }
        _ if offset > high => {
            format!(
                "offset {offset} is to be read next, but the partition ends at {high}: the topic is not the one that was read"
            )
        }
        _ => return Ok(()),
    };
    Err(failure(&partition.name(), ErrorKind::Runtime, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_that_is_not_there_is_an_error() {
        let partition = TopicPartition {
            topic: "t".into(),
            id: 1,
        };
        let check =
            |offset| check(&partition, offset, Bounds { low: 5, high: 9 }).map_err(|error| error.to_string());
        assert_eq!(check(5), Ok(()));
        assert_eq!(check(9), Ok(()));
        let lost = "kafka `t/1`: offset 4 is to be read next, but the messages before 5 have been deleted";
        assert_eq!(check(4), Err(lost.into()));
        assert!(check(10).unwrap_err().contains("ends at 9"));
    }

    #[test]
    fn positions_of_others_are_refused() {
        let position = |partition: &str, position: &str| {
            saved(&[SourcePosition {
                partition: partition.into(),
                position: position.into(),
            }])
        };
        assert!(position("t/1", "17").is_ok());
        assert!(
            position("t/1", "-1").is_err()
                && position("t", "1").is_err()
                && position("t/1", "1 end").is_err()
        );
    }
}
