//! The configuration of librdkafka. Values may be secrets: no message shows them where a name says so.

use std::collections::BTreeMap;

use eventflux_core::connector::OptionError;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

/// Properties that have an option of ours, and which; an empty name: the connector needs its own value.
pub type Managed = &'static [(&'static str, &'static str)];

/// Checks properties one by one, without I/O.
///
/// **Errors** One that librdkafka does not know or whose value it refuses, or one that is not the user's to set.
pub fn check(properties: &BTreeMap<String, String>, managed: Managed) -> Result<(), OptionError> {
    for (name, value) in properties {
        let key = format!("properties.{name}");
        if let Some((_, option)) = managed.iter().find(|(managed, _)| managed == name) {
            return Err(match *option {
                "" => OptionError::new(key, "is set by the connector"),
                option => {
                    OptionError::new(key, "is set by the connector").with_help(format!("use `{option}`"))
                }
            });
        }
        let mut config = ClientConfig::new();
        config.set(name, value);
        if let Err(error) = config.create_native_config() {
            return Err(OptionError::new(key, message(name, error)));
        }
    }
    Ok(())
}

/// The configuration of a client: what we set, and over it what the user sets.
pub fn config(brokers: &str, ours: &[(&str, &str)], properties: &BTreeMap<String, String>) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config.set("client.id", "eventflux");
    for (name, value) in ours.iter().copied() {
        config.set(name, value);
    }
    for (name, value) in properties {
        config.set(name, value);
    }
    config
}

fn message(name: &str, error: KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, description, ..)
            if description.contains("not supported in this build") =>
        {
            lower(&description)
        }
        _ if is_secret(name) => "has a value that cannot be used".to_owned(),
        KafkaError::ClientConfig(_, description, ..) if description.starts_with("No such configuration") => {
            "is no property of librdkafka".to_owned()
        }
        KafkaError::ClientConfig(_, description, ..) => lower(&description),
        _ => "has a value that cannot be used".to_owned(),
    }
}

/// Whether a property's value must not be shown.
fn is_secret(name: &str) -> bool {
    [
        "password",
        "secret",
        "token",
        "key",
        "pem",
        "jaas",
        "oauthbearer",
        "username",
        "certificate",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// A sentence of librdkafka's in our style.
pub fn lower(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars
        .next()
        .map(|first| first.to_lowercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(name: &str, value: &str) -> String {
        let properties = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let error = check(
            &properties,
            &[("group.id", "group_id"), ("enable.partition.eof", "")],
        )
        .unwrap_err();
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    }

    #[test]
    fn properties_are_checked_without_a_broker() {
        let good = BTreeMap::from([("linger.ms".to_owned(), "7".to_owned())]);
        assert_eq!(check(&good, &[]), Ok(()));
        assert_eq!(
            wrong("linger.mss", "7"),
            "option `properties.linger.mss`: is no property of librdkafka; "
        );
        assert_eq!(
            wrong("group.id", "g"),
            "option `properties.group.id`: is set by the connector; use `group_id`"
        );
        assert_eq!(
            wrong("enable.partition.eof", "true"),
            "option `properties.enable.partition.eof`: is set by the connector; "
        );
        assert_eq!(
            wrong("message.max.bytes", "many"),
            "option `properties.message.max.bytes`: invalid value for configuration property \"message.max.bytes\"; "
        );
    }

    #[test]
    fn what_this_build_lacks_is_said() {
        assert!(wrong("ssl.ca.location", "/ca").contains("not supported in this build"));
    }

    #[test]
    fn secrets_are_not_shown() {
        for name in [
            "ssl.key.pem",
            "ssl.key.password",
            "ssl.keystore.password",
            "sasl.oauthbearer.client.secret",
        ] {
            assert!(!wrong(name, "hunter2\0").contains("hunter2"), "{name}");
        }
    }
}
