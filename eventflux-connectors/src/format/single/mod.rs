//! Formats of one column, `raw` and `text`: a record is its value.

mod decoder;
mod encoder;
mod layout;

pub use decoder::SingleDecoder;
pub use encoder::SingleEncoder;
pub use layout::{Kind, plan_decoder, plan_encoder};
