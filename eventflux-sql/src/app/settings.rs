//! Settings: `SET key = value` in the text, `--set key=value` from outside.

use std::fmt;

use eventflux_core::plan::DEFAULT_KEY_GROUPS;

use crate::diagnostic::closest;
use crate::duration::parse_text;

/// The settings of an app. What is not set is the runtime's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Subtasks per operator.
    pub parallelism: Option<usize>,
    /// Rows per batch at the most.
    pub batch_size: Option<usize>,
    /// Key groups of the app: fixed when it is created.
    pub key_groups: Option<u32>,
    /// How long a silent partition holds back the watermark, microseconds; streams may have their own.
    pub idle_timeout_us: Option<i64>,
    /// When state of keys that are written no more is forgotten.
    pub state_ttl: Option<TtlSetting>,
}

/// What `state_ttl` is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TtlSetting {
    /// Nothing is forgotten.
    Never,
    /// What was not written for longer than so many microseconds of event time is.
    After(i64),
}

/// As a value of the setting.
impl fmt::Display for TtlSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TtlSetting::Never => f.write_str("none"),
            TtlSetting::After(us) => write!(f, "{us}us"),
        }
    }
}

/// A setting's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingDoc {
    /// Its key.
    pub key: &'static str,
    /// What values look like.
    pub kind: &'static str,
    /// The value without it.
    pub default: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// All settings.
pub const SETTINGS: &[SettingDoc] = &[
    SettingDoc {
        key: "parallelism",
        kind: "integer, 1 to 1024",
        default: "the number of cores",
        doc: "Subtasks per operator.",
    },
    SettingDoc {
        key: "batch_size",
        kind: "integer, 1 to 65536",
        default: "4096",
        doc: "Rows that travel together at the most. Results do not depend on it.",
    },
    SettingDoc {
        key: "key_groups",
        kind: "integer, 1 to 32768",
        default: "1024",
        doc: "Into how many groups keys are hashed: the unit in which state moves. Fixed when the app is created.",
    },
    SettingDoc {
        key: "idle_timeout",
        kind: "duration",
        default: "30s",
        doc: "A source partition that is silent for so long does not hold back the watermark. A stream's own \
              `'idle_timeout'` goes first.",
    },
    SettingDoc {
        key: "state_ttl",
        kind: "duration, or `none`",
        default: "`none`",
        doc: "A key of GROUP BY or DISTINCT without a window that was not written for longer, in event time, is forgotten; its \
              next row begins anew.",
    },
];

/// Settings of later versions: known, and refused.
const LATER: &[&str] = &["checkpoint_interval", "state_dir", "checkpoint_store"];

/// Why a setting cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is no such setting.
    #[error("there is no setting `{key}`")]
    Unknown {
        /// The key.
        key: String,
        /// What would help.
        help: String,
    },
    /// The setting belongs to a later version.
    #[error("the setting `{key}` is not supported yet")]
    NotYet {
        /// The key.
        key: String,
    },
    /// The value cannot be used.
    #[error("setting `{key}`: {message}")]
    Invalid {
        /// The key.
        key: String,
        /// What is wrong.
        message: String,
    },
}

impl Settings {
    /// Sets one setting.
    ///
    /// **Errors** There is no such setting, or it cannot have the value.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        let value = value.trim();
        match key {
            "parallelism" => self.parallelism = Some(integer(key, value, 1024)?),
            "batch_size" => self.batch_size = Some(integer(key, value, 65_536)?),
            "key_groups" => {
                let groups = integer(key, value, 32_768)?;
                self.key_groups = Some(u32::try_from(groups).unwrap_or(DEFAULT_KEY_GROUPS));
            }
            "idle_timeout" => self.idle_timeout_us = Some(duration(key, value)?),
            "state_ttl" if value.eq_ignore_ascii_case("none") => self.state_ttl = Some(TtlSetting::Never),
            "state_ttl" => self.state_ttl = Some(TtlSetting::After(duration(key, value)?)),
            _ if LATER.contains(&key) => return Err(SettingError::NotYet { key: key.to_owned() }),
            _ => {
                let keys = SETTINGS.iter().map(|setting| setting.key);
                let help = match closest(key, keys.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the settings are {}", keys.collect::<Vec<_>>().join(", ")),
                };
                return Err(SettingError::Unknown {
                    key: key.to_owned(),
                    help,
                });
            }
        }
        Ok(())
    }

    /// These settings, and where they are silent, those.
    #[must_use]
    pub fn or(&self, other: &Settings) -> Settings {
        Settings {
            parallelism: self.parallelism.or(other.parallelism),
            batch_size: self.batch_size.or(other.batch_size),
            key_groups: self.key_groups.or(other.key_groups),
            idle_timeout_us: self.idle_timeout_us.or(other.idle_timeout_us),
            state_ttl: self.state_ttl.or(other.state_ttl),
        }
    }

    /// When state of keys that are written no more is forgotten, if it is.
    pub fn state_ttl_us(&self) -> Option<i64> {
        match self.state_ttl {
            Some(TtlSetting::After(us)) => Some(us),
            Some(TtlSetting::Never) | None => None,
        }
    }
}

fn integer(key: &str, value: &str, max: usize) -> Result<usize, SettingError> {
    let number = value
        .replace('_', "")
        .parse::<usize>()
        .ok()
        .filter(|number| (1..=max).contains(number));
    number.ok_or_else(|| SettingError::Invalid {
        key: key.to_owned(),
        message: format!("`{value}` is no integer from 1 to {max}"),
    })
}

fn duration(key: &str, value: &str) -> Result<i64, SettingError> {
    let invalid = |message: String| SettingError::Invalid {
        key: key.to_owned(),
        message,
    };
    let us = parse_text(value).map_err(|error| invalid(error.message))?;
    if us > 0 {
        Ok(us)
    } else {
        Err(invalid(format!("`{value}` is not longer than nothing")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_when_they_are_set() {
        let mut settings = Settings::default();
        settings.set("idle_timeout", "5s").unwrap();
        settings.set("key_groups", "32768").unwrap();
        assert_eq!(settings.idle_timeout_us, Some(5_000_000));
        assert_eq!(settings.key_groups, Some(32_768));
        assert!(matches!(
            settings.set("key_groups", "0"),
            Err(SettingError::Invalid { .. })
        ));
        settings.set("state_ttl", "1h").unwrap();
        assert_eq!(settings.state_ttl_us(), Some(3_600_000_000));
        let written = settings.state_ttl.unwrap().to_string();
        settings.set("state_ttl", &written).unwrap();
        assert_eq!(settings.state_ttl_us(), Some(3_600_000_000));
        settings.set("state_ttl", "none").unwrap();
        assert_eq!(settings.state_ttl.unwrap().to_string(), "none");
        assert_eq!(settings.state_ttl_us(), None);
        assert!(matches!(
            settings.set("state_ttl", "0s"),
            Err(SettingError::Invalid { .. })
        ));
        assert!(matches!(
            settings.set("state_dir", "s"),
            Err(SettingError::NotYet { .. })
        ));
        let unknown = settings.set("paralelism", "2").unwrap_err();
        assert!(matches!(unknown, SettingError::Unknown { help, .. } if help.contains("parallelism")));
    }

    #[test]
    fn settings_from_outside_win() {
        let mut outside = Settings::default();
        outside.set("parallelism", "3").unwrap();
        let mut inside = Settings::default();
        inside.set("parallelism", "8").unwrap();
        inside.set("batch_size", "16").unwrap();
        let both = outside.or(&inside);
        assert_eq!((both.parallelism, both.batch_size), (Some(3), Some(16)));
    }
}
