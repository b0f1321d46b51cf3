//! The struct that parses options is the struct that documents them.

/// Declares a struct of options: its fields, their spellings, defaults and documentation in one place.
///
/// Each field names its option in brackets, with older spellings behind it; `*` in the name of a map stands for any text.
/// Without a default, an option is required unless its type is `Option` or a map. The struct gets
///
/// - `SET: OptionSet`: the owner's name and the `&'static [OptionDoc]` of the reference page;
/// - `parse(&Options) -> Result<Self, OptionError>`: unknown keys, keys given twice, missing and malformed values are errors.
///   Values that are not known yet (references, while a program is only checked) pass, with a stand-in.
///
/// ```
/// use std::collections::BTreeMap;
/// use eventflux_core::connector::{Options, choices};
///
/// choices! {
///     /// How a file is read.
///     pub enum Mode {
///         /// To its end.
///         Once = "once",
///         /// And what is added to it.
///         Follow = "follow",
///     }
/// }
///
/// eventflux_core::options! {
///     /// Options of the file source.
///     pub struct FileOptions of "file" {
///         /// The file to read.
///         pub path: String ["path", "uri"],
///         /// Whether to wait for more at the end.
///         pub mode: Mode ["mode"] = "once",
///         /// Passed through.
///         pub properties: BTreeMap<String, String> ["properties.*"],
///     }
/// }
///
/// let given = [("file.path", "a.json"), ("properties.x.y", "1")];
/// let given = given.map(|(key, value)| (key.to_owned(), Some(value.to_owned())));
/// let options = FileOptions::parse(&Options::new(given.to_vec())).unwrap();
/// assert_eq!(options.path, "a.json");
/// assert_eq!(options.properties["x.y"], "1");
/// assert_eq!(FileOptions::SET.docs[1].kind, "once|follow");
/// ```
#[macro_export]
macro_rules! options {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident of $owner:literal {
            $(
                $(#[doc = $doc:literal])+
                $field_vis:vis $field:ident : $kind:ty [ $option:literal $(, $alias:literal)* $(,)? ] $(= $default:literal)?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        $vis struct $name {
            $( $(#[doc = $doc])+ $field_vis $field: $kind, )*
        }

        impl $name {
            /// The options' documentation.
            pub const SET: $crate::connector::OptionSet = $crate::connector::OptionSet {
                owner: $owner,
                docs: &[$(
                    $crate::connector::OptionDoc {
                        name: $option,
                        aliases: &[$($alias),*],
                        kind: <$kind as $crate::connector::OptionField>::KIND,
                        default: $crate::options!(@default $($default)?),
                        is_required: <$kind as $crate::connector::OptionField>::IS_NEEDED
                            && $crate::options!(@default $($default)?).is_none(),
                        doc: concat!($($doc),+).trim_ascii(),
                    }
                ),*],
            };

            /// Parses the given options.
            ///
            /// **Errors** Unknown, repeated, missing or malformed options.
            pub fn parse(
                options: &$crate::connector::Options,
            ) -> ::core::result::Result<Self, $crate::connector::OptionError> {
                let reader = $crate::connector::OptionReader::new(Self::SET, options)?;
                let _ = &reader;
                Ok(Self { $( $field: reader.read($option)?, )* })
            }
        }
    };
    (@default) => { ::core::option::Option::<&'static str>::None };
    (@default $default:literal) => { ::core::option::Option::Some($default) };
}

/// Declares an enum whose variants are the words that an option can be. Case and `-` against `_` do not matter in what the
/// user writes.
#[macro_export]
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $(#[$first_meta:meta])* $first:ident = $first_word:literal
            $(, $(#[$rest_meta:meta])* $rest:ident = $rest_word:literal)* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        $vis enum $name {
            $(#[$first_meta])* $first,
            $( $(#[$rest_meta])* $rest, )*
        }

        impl $crate::connector::OptionValue for $name {
            const KIND: &'static str = concat!($first_word $(, "|", $rest_word)*);

            fn parse(text: &str) -> ::core::result::Result<Self, ::std::string::String> {
                let plain = |word: &str| word.trim().to_ascii_lowercase().replace('_', "-");
                let word = plain(text);
                if word == plain($first_word) {
                    return Ok(Self::$first);
                }
                $( if word == plain($rest_word) { return Ok(Self::$rest); } )*
                Err(::std::format!("`{text}` is none of {}", Self::KIND.replace('|', ", ")))
            }

            fn unknown() -> Self {
                Self::$first
            }
        }
    };
}
