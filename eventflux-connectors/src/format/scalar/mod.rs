//! Values from their text, straight from bytes: shared by all decoders.
//!
//! **Errors** `None`: the text is not a value of the type. Decoders put the sentence around it.

mod binary;
mod decimal;
mod float;
mod integer;
mod moment;

pub use binary::parse_base64;
pub use decimal::{Rounding, parse_scaled};
pub use float::{ParsedFloat, scan_float};
pub use integer::{parse_integer, scan_integer};
pub use moment::{UnitFactor, parse_date, parse_time, parse_timestamp};
