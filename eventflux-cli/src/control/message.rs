//! What is asked and answered, as JSON of one line.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A line that is longer is none of these.
pub const LINE_BYTES_MAX: u64 = 64 * 1024;

/// What may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// Take a checkpoint that begins from now on, and say which one it is.
    Checkpoint {
        /// Wait no longer than this.
        #[serde(default = "minute")]
        wait_ms: u64,
    },
}

fn minute() -> u64 {
    60_000
}

impl Question {
    /// A checkpoint, within a time.
    pub fn checkpoint(wait: Duration) -> Self {
        Question::Checkpoint {
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// It is committed.
    Checkpoint {
        /// Its number.
        checkpoint: u64,
    },
    /// It is not.
    Refused {
        /// Why, for programs.
        refused: Refusal,
        /// Why, for people.
        message: String,
    },
}

/// Why there is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The app takes its last checkpoint and ends.
    Ending,
    /// It could not be taken or stored.
    Failed,
    /// It is not there in time.
    Late,
    /// The question means nothing, or is not this user's to ask.
    Wrong,
}

impl Answer {
    /// No, and why.
    pub fn refused(refused: Refusal, message: impl Into<String>) -> Self {
        Answer::Refused {
            refused,
            message: message.into(),
        }
    }
}

/// A line of JSON.
pub fn line(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_lines_that_a_person_can_type() {
        let question = Question::checkpoint(Duration::from_secs(5));
        assert_eq!(
            line(&question).unwrap(),
            b"{\"ask\":\"checkpoint\",\"wait_ms\":5000}\n"
        );
        let typed: Question = serde_json::from_str(r#"{"ask":"checkpoint"}"#).unwrap();
        assert_eq!(typed, Question::checkpoint(Duration::from_secs(60)));
        for wrong in ["", "{}", r#"{"ask":"stop"}"#, r#"{"ask":"checkpoint","wait":1}"#] {
            assert!(serde_json::from_str::<Question>(wrong).is_err(), "{wrong}");
        }
        let late = Answer::refused(Refusal::Late, "why");
        assert_eq!(
            line(&late).unwrap(),
            b"{\"refused\":\"late\",\"message\":\"why\"}\n"
        );
        for answer in [late, Answer::Checkpoint { checkpoint: 17 }] {
            let read: Answer = serde_json::from_slice(&line(&answer).unwrap()).unwrap();
            assert_eq!(read, answer);
        }
    }
}
