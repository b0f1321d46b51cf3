//! Values that are read from text.

use std::fmt;
use std::marker::PhantomData;

use schemars::Schema;
use serde::de::{Deserializer, Error, Visitor};

/// A value that is read from text, also where YAML would have a number.
pub trait TextValue: Sized {
    /// What is expected, for messages: `a duration such as 10s`.
    const EXPECTED: &'static str;

    /// Reads it.
    ///
    /// **Errors** Says what was expected and, unless it may be secret, what was found.
    fn parse(text: &str) -> Result<Self, String>;

    /// What it looks like to an editor.
    fn schema() -> Schema;
}

/// The message of a value that cannot be read.
pub(super) fn unexpected<T: TextValue>(found: &str) -> String {
    format!("expected {}, found `{found}`", T::EXPECTED)
}

/// For `Deserialize` of a [`TextValue`].
pub(crate) fn deserialize<'de, T: TextValue, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);

    impl<T: TextValue> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            T::parse(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text(PhantomData))
}

/// Implements what serde and schemars ask for by [`TextValue`] and `Display`.
macro_rules! text_value {
    ($type:ty $(, $parameter:ident: $kind:ty)*) => {
        impl<'de $(, const $parameter: $kind)*> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::config::value::text_value_of(deserializer)
            }
        }

        impl<$(const $parameter: $kind),*> serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<$(const $parameter: $kind),*> schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <Self as $crate::config::value::TextValue>::schema()
            }
        }
    };
}

pub(crate) use text_value;
