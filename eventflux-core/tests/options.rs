//! Options: spelling, splitting between connector and format, values, and what a mistake is answered with.

use std::collections::BTreeMap;
use std::time::Duration;

use eventflux_core::connector::{AsciiChar, ByteSize, OptionError, OptionText, Options};

eventflux_core::choices! {
    /// Where reading starts.
    pub enum Start {
        /// At the first record.
        Earliest = "earliest",
        /// Where the group left off.
        GroupOffset = "group-offset",
    }
}

eventflux_core::options! {
    /// A broker's options.
    pub struct BrokerOptions of "kafka" {
        /// Addresses,
        /// separated by commas.
        pub brokers: Vec<String> ["brokers", "bootstrap.servers"],
        /// Where to start.
        pub start: Start ["start"] = "earliest",
        /// How long to wait.
        pub wait: Duration ["wait"] = "500ms",
        /// How much to hold.
        pub size: Option<ByteSize> ["queue.size"],
        /// Handed on.
        pub properties: BTreeMap<String, String> ["properties.*"],
        /// The least value of a field.
        pub least: BTreeMap<String, i64> ["fields.*.min"],
    }
}

eventflux_core::options! {
    /// A table's options.
    pub struct TableOptions of "csv" {
        /// Whether the first row holds names.
        pub header: bool ["csv.header"] = "true",
        /// What parts fields.
        pub delimiter: AsciiChar ["csv.delimiter"] = ",",
        /// The same word as the broker's.
        pub start: u8 ["start"] = "1",
    }
}

fn options(given: &[(&str, &str)]) -> Options {
    Options::new(
        given
            .iter()
            .map(|(key, value)| (key.to_string(), Some(value.to_string())))
            .collect(),
    )
}

fn wrong(given: &[(&str, &str)]) -> String {
    let OptionError { key, message, help } = BrokerOptions::parse(&options(given)).unwrap_err();
    format!("{key}: {message}; {}", help.unwrap_or_default())
}

#[test]
fn bare_prefixed_and_older_spellings_are_the_same_option() {
    for key in [
        "brokers",
        "kafka.brokers",
        "bootstrap.servers",
        "kafka.bootstrap.servers",
    ] {
        assert_eq!(
            BrokerOptions::parse(&options(&[(key, "a:1, b:2")]))
                .unwrap()
                .brokers,
            ["a:1", "b:2"]
        );
    }
    for key in ["header", "csv.header"] {
        assert!(!TableOptions::parse(&options(&[(key, "false")])).unwrap().header);
    }
}

#[test]
fn values_are_read_by_type_and_defaults_stand_in() {
    let given = [
        ("brokers", "a"),
        ("start", "GROUP_OFFSET"),
        ("queue.size", "2MB"),
        ("properties.sasl.mechanism", "PLAIN"),
        ("kafka.properties.x", "1"),
        ("fields.price.usd.min", "-3"),
    ];
    let parsed = BrokerOptions::parse(&options(&given)).unwrap();
    assert_eq!(parsed.start, Start::GroupOffset);
    assert_eq!(parsed.wait, Duration::from_millis(500));
    assert_eq!(parsed.size, Some(ByteSize(2 << 20)));
    assert_eq!(parsed.properties["sasl.mechanism"], "PLAIN");
    assert_eq!(parsed.properties["x"], "1");
    assert_eq!(parsed.least["price.usd"], -3);
}

#[test]
fn mistakes_name_the_key_as_written_and_what_would_help() {
    assert_eq!(
        wrong(&[("kafka.broker", "a")]),
        "kafka.broker: there is no such option of `kafka`; did you mean `brokers`?"
    );
    assert_eq!(
        wrong(&[("server", "a")]),
        "server: there is no such option of `kafka`; the options are brokers, start, wait, queue.size, properties.*, fields.*.min"
    );
    assert_eq!(wrong(&[]), "brokers: is required by `kafka`; ");
    assert_eq!(
        wrong(&[("brokers", "a"), ("bootstrap.servers", "b")]),
        "bootstrap.servers: is the same option as `brokers`, which is given too; "
    );
    assert_eq!(
        wrong(&[("brokers", "a"), ("brokers", "b")]),
        "brokers: is given twice; "
    );
    assert_eq!(
        wrong(&[("brokers", "a"), ("start", "soon")]),
        "start: `soon` is none of earliest, group-offset; "
    );
    assert_eq!(
        wrong(&[("brokers", "a"), ("kafka.wait", "10")]),
        "kafka.wait: `10` needs a unit, such as 10s; "
    );
    assert_eq!(
        wrong(&[("brokers", "a"), ("fields.a.min", "x")]),
        "fields.a.min: `x` is not an integer from -9223372036854775808 to 9223372036854775807; "
    );
    assert_eq!(
        wrong(&[("brokers", "a"), ("fields.a.mim", "1")]),
        "fields.a.mim: there is no such option of `kafka`; did you mean `fields.*.min`?"
    );
}

#[test]
fn options_are_split_between_connector_and_format() {
    let given = options(&[
        ("brokers", "a"),
        ("header", "false"),
        ("start", "earliest"),
        ("csv.start", "3"),
    ]);
    let (own, format) = given.split(BrokerOptions::SET, TableOptions::SET).unwrap();
    assert_eq!(BrokerOptions::parse(&own).unwrap().brokers, ["a"]);
    let table = TableOptions::parse(&format).unwrap();
    assert_eq!(
        (table.header, table.start, table.delimiter),
        (false, 3, AsciiChar(b','))
    );

    let error = options(&[("haeder", "true")])
        .split(BrokerOptions::SET, TableOptions::SET)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "option `haeder`: there is no such option of `kafka` or `csv`"
    );
    assert_eq!(error.help.as_deref(), Some("did you mean `csv.header`?"));
}

#[test]
fn unknown_values_pass_while_a_program_is_only_checked() {
    let reference = OptionText {
        parts: vec![eventflux_core::connector::OptionPart::Env {
            name: "X".into(),
            default: None,
        }],
    };
    let given = ["brokers", "start", "wait"].map(|key| (key.to_owned(), reference.clone()));
    let options = Options::unresolved(&given);
    assert!(!options.is_resolved());
    assert!(BrokerOptions::parse(&options).is_ok());
}

#[test]
fn the_format_is_taken_off_the_connectors_options() {
    let (format, rest) = options(&[("kafka.format", "json"), ("topic", "t")])
        .take_format("kafka")
        .unwrap();
    assert_eq!(format.as_deref(), Some("json"));
    assert_eq!(rest.iter().collect::<Vec<_>>(), [("topic", Some("t"))]);
    assert!(
        options(&[("format", "json"), ("kafka.format", "csv")])
            .take_format("kafka")
            .is_err()
    );
    assert!(
        Options::new(vec![("format".into(), None)])
            .take_format("kafka")
            .is_err()
    );
}

#[test]
fn the_reference_page_shows_what_is_parsed() {
    let [brokers, start, .., least] = BrokerOptions::SET.docs else {
        panic!("too few options")
    };
    assert_eq!(
        (brokers.kind, brokers.is_required, brokers.default),
        ("list", true, None)
    );
    assert_eq!(brokers.doc, "Addresses, separated by commas.");
    assert_eq!(
        (start.kind, start.is_required, start.default),
        ("earliest|group-offset", false, Some("earliest"))
    );
    assert_eq!(
        (least.name, least.kind, least.is_required),
        ("fields.*.min", "integer", false)
    );
}
