//! What the user of a sink may ask it to promise.

use eventflux_core::{Error, Result};

eventflux_core::choices! {
    /// What is promised.
    pub enum Delivery {
        /// No row is lost.
        AtLeastOnce = "at-least-once",
        /// No row is lost, none comes twice.
        ExactlyOnce = "exactly-once",
    }
}

impl Delivery {
    /// Whether a run with checkpoints writes exactly once: unless the user asks for less.
    pub fn is_exactly_once(asked: Option<Self>) -> bool {
        asked != Some(Delivery::AtLeastOnce)
    }

    /// Refuses what a run without checkpoints cannot promise.
    pub fn check_without_checkpoints(asked: Option<Self>, stream: &str) -> Result<()> {
        match asked {
            Some(Delivery::ExactlyOnce) => Err(Error::Option {
                key: "delivery".to_owned(),
                message: format!("`exactly-once` of `{stream}` needs a run with checkpoints"),
            }),
            Some(Delivery::AtLeastOnce) | None => Ok(()),
        }
    }
}
