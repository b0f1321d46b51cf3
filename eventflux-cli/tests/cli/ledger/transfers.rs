//! The workload.

use std::collections::BTreeMap;

/// Accounts by number.
pub const ACCOUNTS: u64 = 1_000;

/// Transfers in a minute of event time.
const PER_MINUTE: usize = 500;

/// The columns of a transfer.
const COLUMNS: &str = "at TIMESTAMP NOT NULL, id BIGINT, payer BIGINT, payee BIGINT, amount BIGINT";

/// The same numbers for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Money that goes from one account to another.
#[derive(Debug)]
struct Transfer {
    payer: u64,
    payee: u64,
    amount: i64,
}

/// Transfers in the order of their time; the number of each is its id.
#[derive(Debug)]
pub struct Transfers(Vec<Transfer>);

/// What is known of a minute of an account: how many entries, and their sum.
pub type Minute = (i64, i64);

impl Transfers {
    /// So many.
    pub fn draw(count: usize, dice: &mut Dice) -> Self {
        let transfer = |_| Transfer {
            payer: dice.below(ACCOUNTS),
            payee: dice.below(ACCOUNTS),
            amount: i64::try_from(dice.below(1_000)).unwrap() + 1,
        };
        Self((0..count).map(transfer).collect())
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// One JSON object each.
    pub fn rows(&self) -> impl Iterator<Item = String> {
        self.0.iter().enumerate().map(|(id, transfer)| {
            let second = id % PER_MINUTE * 60 / PER_MINUTE;
            let at = format!("{}:{second:02}Z", minute(id));
            let Transfer { payer, payee, amount } = transfer;
            format!("{{\"at\":\"{at}\",\"id\":{id},\"payer\":{payer},\"payee\":{payee},\"amount\":{amount}}}")
        })
    }

    /// The file of all.
    pub fn file(&self) -> String {
        self.rows().map(|row| row + "\n").collect()
    }

    /// What each account that took part has in the end.
    pub fn balances(&self) -> BTreeMap<u64, i64> {
        let mut balances = BTreeMap::new();
        for (_, account, change) in self.entries() {
            *balances.entry(account).or_default() += change;
        }
        balances
    }

    /// What happened to each account in each minute.
    pub fn minutes(&self) -> BTreeMap<(u64, String), Minute> {
        let mut minutes = BTreeMap::new();
        for (id, account, change) in self.entries() {
            let (count, sum): &mut Minute = minutes.entry((account, minute(id))).or_default();
            *count += 1;
            *sum += change;
        }
        minutes
    }

    fn entries(&self) -> impl Iterator<Item = (usize, u64, i64)> {
        let transfers = self.0.iter().enumerate();
        transfers.flat_map(|(id, transfer)| {
            [
                (transfer.payer, -transfer.amount),
                (transfer.payee, transfer.amount),
            ]
            .map(|(account, change)| (id, account, change))
        })
    }
}

/// The minute of a transfer, as far as a timestamp of any precision begins.
fn minute(id: usize) -> String {
    let minute = id / PER_MINUTE;
    let (day, hour, minute) = (1 + minute / 1440, minute / 60 % 24, minute % 60);
    format!("2026-01-{day:02}T{hour:02}:{minute:02}")
}

/// The app between its ends, each a connector with options; `to` is asked with the stream's name and its format.
pub fn app(from: &str, to: impl Fn(&str, &str) -> String) -> String {
    format!(
        "CREATE STREAM transfers ({COLUMNS}, WATERMARK FOR at AS at)
         WITH ({from}, 'format' = 'json', 'error' = 'fail');

         CREATE STREAM seen (id BIGINT) WITH ({seen});
         CREATE STREAM balances (account BIGINT, balance BIGINT) WITH ({balances});
         CREATE STREAM minutes (account BIGINT, minute TIMESTAMP, entries BIGINT, change BIGINT) WITH ({minutes});

         CREATE VIEW entries AS
         SELECT at, payer AS account, -amount AS change FROM transfers
         UNION ALL
         SELECT at, payee AS account, amount AS change FROM transfers;

         INSERT INTO seen SELECT id FROM transfers;
         INSERT INTO balances SELECT account, sum(change) FROM entries GROUP BY account;
         INSERT INTO minutes SELECT account, window_start, count(*), sum(change)
         FROM TUMBLE(entries, at, INTERVAL '1' MINUTE) GROUP BY account, window_start, window_end;",
        seen = to("seen", "json"),
        balances = to("balances", "debezium_json"),
        minutes = to("minutes", "json"),
    )
}
