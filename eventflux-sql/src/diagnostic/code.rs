//! The table of every code a diagnostic can carry.
//!
//! A code is a stable kebab-case name with one paragraph that explains it to a user. The reference pages are
//! generated from this table, so a new mistake is one row here and its use.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($( $variant:ident = $name:literal : $explanation:literal, )*) => {
        /// What kind of mistake a diagnostic reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $( #[doc = $explanation] $variant, )*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[ $( Code::$variant, )* ];

            /// The stable kebab-case name.
            pub const fn name(self) -> &'static str {
                match self { $( Code::$variant => $name, )* }
            }

            /// One paragraph for the reference.
            pub const fn explanation(self) -> &'static str {
                match self { $( Code::$variant => $explanation, )* }
            }
        }
    };
}

codes! {
    // The text and its syntax.
    Syntax = "syntax":
        "The text is not SQL as EventFlux reads it: a word or sign stands where something else was expected. \
         The caret shows the first place that cannot be read; the mistake is there or just before it.",
    UnterminatedText = "unterminated-text":
        "A string, a quoted name or a comment is opened and never closed.",
    InvalidCharacter = "invalid-character":
        "A character or an escape that no token of SQL contains.",
    NotSupportedYet = "not-supported-yet":
        "The language has this clause, this version does not run it. It is refused rather than ignored.",
    NotSupported = "not-supported":
        "Other databases have this clause; it has no meaning for streams here. It is refused rather than ignored.",
    ReservedName = "reserved-name":
        "The name is used by the compiler itself and cannot name a column, stream or function.",
    DuplicateColumn = "duplicate-column":
        "A relation declares two columns of one name.",
    DuplicateClause = "duplicate-clause":
        "A clause that may be given once is given twice.",
    DuplicateOption = "duplicate-option":
        "The same key appears twice in `WITH (…)`.",

    // Limits that keep hostile text from costing time or memory.
    TextTooLong = "text-too-long":
        "The SQL text is longer than one mebibyte.",
    TooManyTokens = "too-many-tokens":
        "One SQL text holds more than 20 000 words, literals and signs.",
    NestedTooDeep = "nested-too-deep":
        "Parentheses, brackets, sub-queries, CASE expressions or types are nested more than 100 levels deep, or the \
         expression they build is too deep.",
    ChainTooLong = "chain-too-long":
        "One chain of AND, OR, arithmetic, concatenation or cast has more than 500 terms. A list with IN says \
         the same in a shorter way.",
    TooManyJoins = "too-many-joins":
        "One statement joins more than 64 inputs.",
    TooManyUnions = "too-many-unions":
        "One statement combines more than 500 queries with UNION, INTERSECT or EXCEPT.",
    TooManyColumns = "too-many-columns":
        "A relation, a list of expressions or a row has more than 2 000 entries.",
    CteExpansionTooLarge = "cte-expansion-too-large":
        "The WITH queries refer to each other so often that writing them out would give more than 1 000 copies.",
    ViewExpansionTooLarge = "view-expansion-too-large":
        "A query reads views (or WITH queries) that read each other so often that, written out, it would read streams \
         more than 500 times.",

    // Types, literals and options.
    UnknownType = "unknown-type":
        "No type of this name exists.",
    InvalidType = "invalid-type":
        "The type exists and its parameters are out of range, for instance DECIMAL with more than 38 digits or a time zone \
         that there is not.",
    InvalidDuration = "invalid-duration":
        "A duration cannot be read, is zero or negative where it must be positive, or has months, whose length varies.",
    InvalidOption = "invalid-option":
        "A value in `WITH (…)` cannot be read, for instance a reference `${…` without its end.",
    InvalidColumn = "invalid-column":
        "A column's definition contradicts itself, for instance a computed column that is also NOT NULL.",
    InvalidWatermark = "invalid-watermark":
        "A WATERMARK clause that names no column of the relation, or stands where no watermark can be.",

    // Windows and what a query emits.
    UnknownWindow = "unknown-window":
        "No window function or window clause of this name exists.",
    InvalidWindow = "invalid-window":
        "A window's arguments are missing, too many, or contradict each other.",
    InvalidEmit = "invalid-emit":
        "An EMIT or OUTPUT clause that cannot be read or stands in the wrong place, or asks for results at a time at which the query has none.",

    // Names.
    UnknownRelation = "unknown-relation":
        "No stream, table, view or WITH query of this name is declared at this point of the text.",
    UnknownColumn = "unknown-column":
        "No column of this name is in scope.",
    AmbiguousColumn = "ambiguous-column":
        "The name fits columns of several relations; the relation's name before it says which is meant.",
    UnknownFunction = "unknown-function":
        "No function of this name exists.",
    DuplicateRelation = "duplicate-relation":
        "A stream, table or view of this name exists already; names that differ only in case are one name.",
    InvalidRelation = "invalid-relation":
        "A stream, table or view is declared or used as its kind cannot be, for instance a sink that is read.",
    CyclicStreams = "cyclic-streams":
        "Queries write, directly or through other streams, into a stream that they read.",

    // Queries.
    TypeMismatch = "type-mismatch":
        "An operator, a function or a column is given a value of a type that it does not take.",
    WrongArguments = "wrong-arguments":
        "A function is called with arguments, in number or type, that none of its forms takes.",
    ColumnCount = "column-count":
        "Two lists of columns that belong together differ in length, for instance those of an INSERT and of its query.",
    NotGrouped = "not-grouped":
        "A column is shown beside aggregates, and is neither a key of GROUP BY nor within an aggregate.",
    MisplacedAggregate = "misplaced-aggregate":
        "An aggregate stands where there are no groups yet: in WHERE, in GROUP BY, or within another aggregate.",
    NotEventTime = "not-event-time":
        "A window is given a column that is not the event time of its input. Windows close by watermarks, and only the \
         event time has one.",
    NoEventTime = "no-event-time":
        "`state_ttl` is set, and rows of an operator that keeps something for every key have no event time by which it could \
         be told what is old.",
    NullInNotNull = "null-in-not-null":
        "NULL is inserted into a column that is declared NOT NULL.",

    // Connectors and sinks.
    UnknownConnector = "unknown-connector":
        "No connector of this name is built in or registered.",
    InvalidConnector = "invalid-connector":
        "The connector cannot do what the stream needs, for instance be read from.",
    UnknownOption = "unknown-option":
        "Neither the connector nor its format nor the engine has this option.",
    MissingOption = "missing-option":
        "The connector or format needs an option that is not given.",
    ChangelogToAppend = "changelog-to-append":
        "The query changes rows that it has given before, and the sink can only add rows.",
    KeyMismatch = "key-mismatch":
        "A sink that updates rows by PRIMARY KEY is given rows that another key identifies.",
    LateRows = "late-rows":
        "Late rows cannot be sent to the stream named by `'late'`, since they no longer have the columns of their source.",

    // Settings.
    UnknownSetting = "unknown-setting":
        "SET names a setting that does not exist.",
    InvalidSetting = "invalid-setting":
        "SET gives a setting a value that it cannot have.",

    // Configuration files and what is given in their place.
    ConfigSyntax = "config-syntax":
        "A configuration is not YAML, or not a map of keys.",
    UnknownKey = "unknown-key":
        "A configuration has a key that does not exist, or not at this place.",
    DuplicateKey = "duplicate-key":
        "A configuration has the same key twice.",
    InvalidValue = "invalid-value":
        "A key of a configuration cannot have this value.",
    MissingKey = "missing-key":
        "A key of a configuration needs another one, which is not there.",
    ConflictingKeys = "conflicting-keys":
        "Two keys of a configuration exclude each other.",
    UnresolvedReference = "unresolved-reference":
        "A reference of a configuration, `${env:…}` or `${file:…}`, names what is not there.",

    // Doubts: the text runs, and probably not as its author thinks.
    UnboundedState = "unbounded-state":
        "A query keeps something for every key that it has ever seen, and nothing ever removes it.",
    UnusedOption = "unused-option":
        "An option has no effect, because no query does what it is about.",
    NoInput = "no-input":
        "A stream is read, and nothing in this text writes to it. Rows can come from the program that embeds the engine.",

    // The compiler itself.
    PlanningTooLong = "planning-too-long":
        "The text could not be planned within the time that is allowed for it.",
    CompilerBug = "compiler-bug":
        "The compiler came to a state that it holds to be impossible. The text may be right; please report it.",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_in_kebab_case() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.name()), "{code} appears twice");
            let is_kebab = code
                .name()
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            assert!(is_kebab, "{code} is not in kebab case");
        }
    }

    #[test]
    fn every_code_is_explained_by_sentences() {
        for code in Code::ALL {
            let text = code.explanation();
            assert!(
                text.ends_with('.') && text.len() > 20,
                "{code} is not explained: {text}"
            );
        }
    }
}
