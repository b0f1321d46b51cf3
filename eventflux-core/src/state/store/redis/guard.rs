//! Whether a Redis keeps what it acknowledges.

/// What Redis says of itself that decides whether it can keep checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It keeps everything, also over a restart.
    Keeps,
    /// A restart loses what was written since the last dump.
    LosesOnRestart,
}

/// Judges the answers to `INFO memory` and `INFO persistence`; otherwise why this Redis must not be used.
pub(super) fn judge(memory: &str, persistence: &str) -> Result<Verdict, String> {
    check_policy(memory)?;
    Ok(match field(persistence, "aof_enabled") {
        Some("1") => Verdict::Keeps,
        _ => Verdict::LosesOnRestart,
    })
}

/// Refuses a Redis that drops keys when its memory is full: it would lose parts of checkpoints that it acknowledged.
pub(super) fn check_policy(memory: &str) -> Result<(), String> {
    match field(memory, "maxmemory_policy") {
        Some("noeviction") => Ok(()),
        Some(policy) => Err(format!(
            "its maxmemory-policy is {policy}, which drops parts of checkpoints when memory is full; set it to noeviction"
        )),
        None => Err("it does not say that its maxmemory-policy is noeviction".to_owned()),
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_redis_that_evicts_nothing_is_used() {
        let memory = |policy: &str| format!("# Memory\r\nused_memory:1\r\nmaxmemory_policy:{policy}\r\n");
        let aof = "# Persistence\r\naof_enabled:1\r\n";
        assert_eq!(judge(&memory("noeviction"), aof), Ok(Verdict::Keeps));
        assert_eq!(
            judge(&memory("noeviction"), "aof_enabled:0\r\n"),
            Ok(Verdict::LosesOnRestart)
        );
        for policy in ["allkeys-lru", "volatile-ttl"] {
            assert!(judge(&memory(policy), aof).unwrap_err().contains(policy));
        }
        assert!(judge("", aof).is_err());
    }
}
