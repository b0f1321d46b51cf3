//! Yes or no.

use std::fmt;

use schemars::{Schema, json_schema};

use super::text_value::unexpected;
use super::{TextValue, text_value};

/// Yes or no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl TextValue for Flag {
    const EXPECTED: &'static str = "`true` or `false`";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "True" | "TRUE" => Ok(Self(true)),
            "false" | "False" | "FALSE" => Ok(Self(false)),
            _ => Err(unexpected::<Self>(text)),
        }
    }

    fn schema() -> Schema {
        json_schema!({"type": "boolean"})
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(Flag);
