//! What nodes said that were asked for the leader, while none of them was it.

use std::collections::BTreeMap;

use crate::consensus::proto::Voter;
use crate::error::Error;

/// The last word of each node that was asked.
#[derive(Debug, Default)]
pub(super) struct Answers {
    said: BTreeMap<String, String>,
    /// Nodes of another protocol do not become leaders of this one by waiting.
    other_protocol: Option<Error>,
}

impl Answers {
    /// A node does not lead, and knows who does, or does not.
    pub(super) fn follows(&mut self, address: &str, leader: Option<&Voter>) {
        let said = match leader {
            None => "knows none".to_owned(),
            Some(leader) if leader.address == address => "is not answered by a majority".to_owned(),
            Some(leader) => format!("names {}", leader.address),
        };
        self.said.insert(address.to_owned(), said);
    }

    /// A node was not reached, or could not answer.
    pub(super) fn failed(&mut self, address: &str, error: Error) {
        match error {
            Error::OtherProtocol { .. } => self.other_protocol = Some(error),
            Error::Unreachable { message, .. } => drop(self.said.insert(address.to_owned(), message)),
            other => drop(self.said.insert(address.to_owned(), other.to_string())),
        }
    }

    /// That there is no leader, as the nodes have it.
    pub(super) fn no_leader(self) -> Error {
        let said = self.said.iter();
        let asked: Vec<String> = said
            .map(|(address, said)| format!("{address} ({said})"))
            .collect();
        let no_leader = Error::NoLeader {
            asked: asked.join(", "),
        };
        self.other_protocol.unwrap_or(no_leader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_is_named_with_what_it_said_last() {
        let mut answers = Answers::default();
        let voter = |address: &str| Voter {
            node: 1,
            address: address.to_owned(),
        };
        let silent = |address: &str| Error::Unreachable {
            address: address.to_owned(),
            message: "does not answer".to_owned(),
        };
        answers.failed("a:1", silent("a:1"));
        answers.follows("a:1", None);
        answers.follows("b:1", Some(&voter("c:1")));
        answers.failed("c:1", silent("c:1"));
        answers.follows("d:1", Some(&voter("d:1")));
        assert_eq!(
            answers.no_leader().to_string(),
            "no leader is known to a:1 (knows none), b:1 (names c:1), c:1 (does not answer), \
             d:1 (is not answered by a majority)"
        );
    }

    #[test]
    fn another_protocol_is_what_has_to_be_mended() {
        let mut answers = Answers::default();
        answers.follows("a:1", None);
        let other = Error::OtherProtocol {
            address: "b:1".to_owned(),
            theirs: 2,
            own: 1,
        };
        answers.failed("b:1", other);
        assert!(matches!(
            answers.no_leader(),
            Error::OtherProtocol { theirs: 2, .. }
        ));
    }
}
