//! What fails while nodes agree.

use eventflux_core::ErrorKind;

use crate::coordinator::Outcome;

/// A result of this crate's coordination.
pub type Result<T> = std::result::Result<T, Error>;

/// What failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration makes no sense.
    #[error("{0}")]
    Configuration(String),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or directory.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// An address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what was written to it.
    #[error("{path} is damaged: {message}; remove this node from the cluster and let it join as a new one")]
    Damaged {
        /// The file or directory.
        path: String,
        /// How it is seen.
        message: String,
    },
    /// What has to be kept cannot be written any more, or not read.
    #[error("what the cluster agrees on cannot be kept in {path}: {message}")]
    Storage {
        /// The data directory.
        path: String,
        /// Why.
        message: String,
    },
    /// Raft has stopped.
    #[error("the coordinator has stopped: {0}")]
    Stopped(String),
    /// A node does not answer as it should.
    #[error("node at {address}: {message}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why.
        message: String,
    },
    /// A node speaks another version of what nodes say to each other.
    #[error(
        "the node at {address} speaks protocol {theirs} between nodes, this node {own}: stop all nodes of the cluster, and start them with one \
         version of the program"
    )]
    OtherProtocol {
        /// Where.
        address: String,
        /// Its version; 0: of before there were any.
        theirs: u32,
        /// The version of who asks.
        own: u32,
    },
    /// A cluster is formed when all seed nodes answer, and these do not.
    #[error("waiting for all seed nodes: {}", listed(.0))]
    Unready(Vec<Error>),
    /// No leader was found in time.
    #[error("no leader is known to {asked}")]
    NoLeader {
        /// Who was asked, and what each of them said.
        asked: String,
    },
    /// Somebody was asked for something, and it is not there in time.
    #[error("{0}")]
    Late(String),
    /// The coordinator has refused a command.
    #[error("{}", .0.message)]
    Refused(Outcome),
}

impl Error {
    /// Whose fault it is, and whether it is worth trying again.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Configuration(_) | Self::Refused(_) | Self::OtherProtocol { .. } => ErrorKind::Input,
            Self::File { .. }
            | Self::Listen { .. }
            | Self::Damaged { .. }
            | Self::Storage { .. }
            | Self::Unreachable { .. }
            | Self::Unready(_)
            | Self::NoLeader { .. }
            | Self::Late(_) => ErrorKind::Environment,
            Self::Stopped(_) => ErrorKind::Runtime,
        }
    }

    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }
}

fn listed(errors: &[Error]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
