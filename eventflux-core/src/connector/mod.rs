//! What connectors and formats implement, and how they are found.

mod decode;
mod doc;
mod encode;
mod option_text;
mod registry;
mod sink;
mod source;

pub use decode::{BAD_RECORD_BYTES_MAX, Decode, DecodeFormat, DecodeRequest, raw_of};
pub use doc::{ConnectorDoc, FormatDoc, OptionDoc};
pub use encode::{Encode, EncodeFormat, EncodeRequest, Message, SinkInput};
pub use option_text::{OptionError, OptionPart, OptionText, Options};
pub use registry::Registry;
pub use sink::{Sink, SinkConnector, SinkPlan, SinkRequest};
pub use source::{Source, SourceConnector, SourceContext, SourceEvent, SourcePlan, SourcePosition, SourceRequest, SourceRows};
