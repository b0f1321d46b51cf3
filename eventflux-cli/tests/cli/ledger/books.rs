//! What came out, and whether it is right.

use std::collections::BTreeMap;

use serde_json::Value;

use super::transfers::{Minute, Transfers};

/// The rows of the three outputs, each in its order.
pub struct Books {
    pub seen: Vec<String>,
    pub balances: Vec<String>,
    pub minutes: Vec<String>,
}

impl Books {
    /// Fails if a transfer was lost or counted twice, if money was made or lost, or if a window is wrong.
    pub fn check(&self, transfers: &Transfers) {
        self.check_seen(transfers.count());
        self.check_balances(&transfers.balances());
        self.check_minutes(&transfers.minutes());
    }

    fn check_seen(&self, count: usize) {
        let mut times = vec![0; count];
        for row in rows(&self.seen) {
            times[usize::try_from(integer(&row["id"])).unwrap()] += 1;
        }
        let wrong: Vec<_> = times
            .iter()
            .enumerate()
            .filter(|(_, times)| **times != 1)
            .collect();
        assert!(
            wrong.is_empty(),
            "{} of {count} transfers did not come once, but (id, times): {:?}",
            wrong.len(),
            &wrong[..wrong.len().min(20)]
        );
    }

    /// Each change takes back what was true before it.
    fn check_balances(&self, expected: &BTreeMap<u64, i64>) {
        let mut found = BTreeMap::new();
        let of = |row: &Value| (account(row), integer(&row["balance"]));
        for change in rows(&self.balances) {
            if !change["before"].is_null() {
                let (account, balance) = of(&change["before"]);
                assert_eq!(found.remove(&account), Some(balance), "{change} does not follow");
            }
            if !change["after"].is_null() {
                let (account, balance) = of(&change["after"]);
                assert_eq!(found.insert(account, balance), None, "{change} does not follow");
            }
        }
        assert_eq!(found.values().sum::<i64>(), 0, "money was made or lost");
        same(&found, expected, "balance");
    }

    fn check_minutes(&self, expected: &BTreeMap<(u64, String), Minute>) {
        let mut found = BTreeMap::new();
        for row in rows(&self.minutes) {
            let minute: String = row["minute"].as_str().unwrap().chars().take(16).collect();
            let window = (integer(&row["entries"]), integer(&row["change"]));
            let twice = found.insert((account(&row), minute), window);
            assert_eq!(twice, None, "a window came twice: {row}");
        }
        same(&found, expected, "window");
    }
}

/// Says what differs, not all that there is.
fn same<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    found: &BTreeMap<K, V>,
    expected: &BTreeMap<K, V>,
    what: &str,
) {
    for (key, value) in expected {
        assert_eq!(found.get(key), Some(value), "the {what} of {key:?}");
    }
    assert_eq!(found.len(), expected.len(), "there is a {what} too many");
}

fn rows(lines: &[String]) -> impl Iterator<Item = Value> {
    lines.iter().map(|line| {
        let row = serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        // The envelope of Debezium may have a schema beside its payload.
        match row.get("payload") {
            Some(payload) => payload.clone(),
            None => row,
        }
    })
}

fn account(row: &Value) -> u64 {
    row["account"]
        .as_u64()
        .unwrap_or_else(|| panic!("no account: {row}"))
}

fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no integer: {value}"))
}
