//! What single values of a configuration may be. Each is read from text, wherever the text comes from.

mod endpoint;
mod flag;
mod ip_address;
mod list;
mod period;
mod place;
mod secret;
mod size;
mod text_value;
mod whole;

pub use endpoint::Endpoint;
pub use flag::Flag;
pub use ip_address::IpAddress;
pub use list::List;
pub use period::Period;
pub use place::{RedisEndpoint, StoreUrl};
pub(crate) use place::{takes_no_password, with_password};
pub(crate) use secret::{MASK, hidden_parts, shown_address};
pub use secret::{Secret, without_passwords};
pub use size::Size;
pub use text_value::TextValue;
pub(crate) use text_value::{deserialize as text_value_of, text_value};
pub use whole::Whole;
