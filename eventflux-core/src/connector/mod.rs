//! What connectors and formats implement, and how they are found.

mod decode;
mod doc;
mod encode;
mod exactly_once;
mod format_choice;
mod message;
mod option_error;
mod option_key;
mod option_macro;
mod option_reader;
mod option_text;
mod option_value;
mod options;
mod page;
mod reference;
mod registry;
pub mod secret;
mod sink;
mod source;

pub use crate::{choices, options};
pub use decode::{
    BAD_RECORD_BYTES_MAX, Decode, DecodeFormat, DecodeRequest, DecoderMaker, RECORD_BYTES_MAX, raw_of,
};
pub use doc::{ConnectorDoc, FormatDoc, FormatOption, OptionDoc};
pub use encode::{Encode, EncodeFormat, EncodeRequest, EncoderMaker, SinkInput};
pub use exactly_once::{CommitContext, CommitNote, ExactlyOncePlan, PreCommit, SinkCommitter, StagingSink};
pub use format_choice::ChosenEncoder;
pub use message::{Message, Messages};
pub use option_error::OptionError;
pub use option_key::OptionSet;
pub use option_reader::OptionReader;
pub use option_text::{OptionPart, OptionText};
pub use option_value::{AsciiChar, ByteSize, OptionField, OptionValue};
pub use options::Options;
pub use reference::{ProcessReferences, ResolveReference};
pub use registry::Registry;
pub use sink::{Sink, SinkConnector, SinkContext, SinkPlan, SinkPromise, SinkRequest};
pub use source::{
    CommitPositions, FollowEnd, Source, SourceConnector, SourceContext, SourceEvent, SourcePlan,
    SourcePosition, SourceRequest, SourceRows,
};
