//! How nodes agree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::value::Period;

/// How nodes agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Coordination {
    /// The protocol
    #[schemars(extend("x-env" = "EVENTFLUX_COORDINATION"))]
    pub implementation: Consensus,

    /// A leader that is silent for so long is none any more; another one is elected within as much again
    #[schemars(extend("x-env" = "EVENTFLUX_ELECTION_TIMEOUT"))]
    pub election_timeout: Period,

    /// How many nodes must know of a decision
    #[schemars(extend("x-env" = "EVENTFLUX_CONSENSUS_LEVEL"))]
    pub consensus_level: ConsensusLevel,
}

impl Default for Coordination {
    fn default() -> Self {
        Self {
            implementation: Consensus::Raft,
            election_timeout: Period::milliseconds(500),
            consensus_level: ConsensusLevel::Majority,
        }
    }
}

/// Protocols by which nodes agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Consensus {
    /// Raft.
    Raft,
}

/// How many nodes must know of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConsensusLevel {
    /// More than half.
    Majority,
}
