//! Random texts out of pieces of the grammar.
//!
//! A text is made from a tape of numbers, each of which decides one choice. An empty tape makes the smallest text, so a
//! failing tape shrinks to a small query.

use std::fmt::Write;

/// The streams that texts read.
pub(super) const STREAMS: &str = "\
CREATE STREAM trades (id BIGINT NOT NULL, symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, other TIMESTAMP, ok BOOLEAN, \
tags ARRAY<STRING>, amount DECIMAL(10, 2), day DATE, body STRUCT<kind STRING, size INT>, doubled AS qty * 2, \
WATERMARK FOR at AS at - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json', 'late' = 'too_late', 'allowed_lateness' = '1m');
CREATE STREAM quotes (symbol STRING, price DOUBLE, qty INT, at TIMESTAMP, WATERMARK FOR at AS at)
WITH ('connector' = 'file', 'path' = 'q.json', 'format' = 'json');
CREATE STREAM \"Odd Name\" (\"select\" INT, \"Zeit é\" TIMESTAMP, \"a.b\" STRING, \"\"\"\" DOUBLE, WATERMARK FOR \"Zeit é\" AS \"Zeit é\");
CREATE STREAM plain (symbol STRING, qty INT);
CREATE TABLE kept (symbol STRING, n BIGINT, PRIMARY KEY (symbol))
WITH ('connector' = 'kafka', 'topic' = 'kept', 'format' = 'upsert_json');
";

/// What a column holds, roughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Time,
    Truth,
    Other,
}

const KINDS: [Kind; 5] = [Kind::Number, Kind::Text, Kind::Time, Kind::Truth, Kind::Other];

/// Columns that can be named.
type Columns = Vec<(String, Kind)>;

/// A text that is being written.
pub(super) struct Grammar<'a> {
    tape: std::slice::Iter<'a, u16>,
    /// WITH queries and views in scope.
    named: Vec<(String, Columns)>,
    names: usize,
}

impl<'a> Grammar<'a> {
    /// The text of a tape.
    pub(super) fn text(tape: &'a [u16]) -> String {
        let mut grammar = Self {
            tape: tape.iter(),
            named: Vec::new(),
            names: 0,
        };
        let mut text = String::new();
        for _ in 0..=grammar.pick(3) {
            grammar.statement(&mut text);
            text.push_str(";\n");
        }
        text
    }

    /// A number below `count`.
    fn pick(&mut self, count: usize) -> usize {
        usize::from(self.tape.next().copied().unwrap_or(0)) % count
    }

    /// Whether something rare happens, once in `odds` times.
    fn rarely(&mut self, odds: usize) -> bool {
        self.pick(odds) == odds - 1
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.pick(items.len())]
    }

    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    fn statement(&mut self, out: &mut String) {
        match self.pick(8) {
            0..=3 => {
                let (query, _) = self.query(3);
                out.push_str(&query);
                out.push_str(self.one_of(&[
                    "",
                    "",
                    "",
                    " EMIT CHANGES",
                    " EMIT ON WINDOW CLOSE",
                    " EMIT EVERY 1 SECOND",
                ]));
            }
            4 => {
                let (query, _) = self.query(2);
                let target = self.one_of(&[
                    "out",
                    "plain",
                    "kept",
                    "out (a, b)",
                    "trades",
                    "\"Odd Name\"",
                    "plain (qty)",
                ]);
                let _ = write!(out, "INSERT INTO {target} {query}");
            }
            5 => {
                let (query, _) = self.query(2);
                let _ = write!(out, "{query} INSERT INTO out2");
            }
            6 => {
                let (query, columns) = self.query(2);
                let name = self.name("view_");
                let _ = write!(out, "CREATE VIEW {name} AS {query}");
                self.named.push((name, columns));
            }
            _ => {
                let (query, _) = self.query(2);
                let _ = write!(out, "EXPLAIN {query}");
            }
        }
    }

    fn query(&mut self, depth: usize) -> (String, Columns) {
        let outer = self.named.len();
        let mut text = String::new();
        if depth > 0 && self.rarely(5) {
            let (query, columns) = self.query(depth - 1);
            let name = self.name("with_");
            let _ = write!(text, "WITH {name} AS ({query}) ");
            self.named.push((name, columns));
        }
        let (body, columns) = self.set(depth);
        text.push_str(&body);
        self.named.truncate(outer);
        if self.rarely(40) {
            text.push_str(self.one_of(&[" LIMIT 5", " ORDER BY 1", " LIMIT 5 OFFSET 2"]));
        }
        (text, columns)
    }

    fn set(&mut self, depth: usize) -> (String, Columns) {
        if depth > 0 && self.rarely(6) {
            let (left, columns) = self.select(depth - 1);
            let operator = self.one_of(&[
                "UNION ALL",
                "UNION ALL",
                "UNION",
                "INTERSECT",
                "EXCEPT",
                "UNION ALL BY NAME",
            ]);
            let right = match self.pick(3) {
                0 => left.clone(),
                1 => self.set(depth - 1).0,
                _ => format!("({})", self.query(depth - 1).0),
            };
            return (format!("{left} {operator} {right}"), columns);
        }
        if self.rarely(20) {
            let cell = self.expression(Kind::Number, &Vec::new(), 1);
            let columns = vec![
                ("column1".to_owned(), Kind::Number),
                ("column2".to_owned(), Kind::Text),
            ];
            return (format!("VALUES ({cell}, 'a'), (NULL, 'b')"), columns);
        }
        self.select(depth)
    }

    fn select(&mut self, depth: usize) -> (String, Columns) {
        if self.rarely(30) {
            return (
                "SELECT 1 AS one, 'x' AS x, now() AS n".to_owned(),
                vec![("one".into(), Kind::Number)],
            );
        }
        let (from, columns, is_window) = self.relation(depth);
        match self.pick(3) {
            0 => self.rows(&from, &columns, depth),
            _ => self.groups(&from, &columns, is_window, depth),
        }
    }

    /// A SELECT without GROUP BY.
    fn rows(&mut self, from: &str, columns: &Columns, depth: usize) -> (String, Columns) {
        let distinct = if self.rarely(6) { "DISTINCT " } else { "" };
        let condition = self.condition(" WHERE", columns, depth);
        if self.rarely(4) {
            let star = self.one_of(&["*", "*", "* EXCLUDE (qty)", "* REPLACE (1 AS qty)"]);
            return (
                format!("SELECT {distinct}{star} FROM {from}{condition}"),
                columns.clone(),
            );
        }
        let mut items = Vec::new();
        let mut given = Vec::new();
        for _ in 0..=self.pick(4) {
            let kind = self.one_of(&KINDS);
            let item = self.expression(kind, columns, depth);
            match self.pick(3) {
                0 => items.push(item),
                _ => {
                    let name = self.column_name();
                    items.push(format!("{item} AS {name}"));
                    given.push((name, kind));
                }
            }
        }
        (
            format!("SELECT {distinct}{} FROM {from}{condition}", items.join(", ")),
            given,
        )
    }

    fn column_name(&mut self) -> String {
        self.one_of(&[
            "a",
            "b",
            "n",
            "qty",
            "price",
            "at",
            "window_start",
            "\"Odd é\"",
            "\"count(*)\"",
            "\"\"\"\"",
        ])
        .to_owned()
    }

    /// A SELECT with GROUP BY.
    fn groups(&mut self, from: &str, columns: &Columns, is_window: bool, depth: usize) -> (String, Columns) {
        let condition = self.condition(" WHERE", columns, depth);
        let mut keys = Vec::new();
        let mut given = Vec::new();
        let mut items = Vec::new();
        if is_window && !self.rarely(8) {
            keys.extend(["window_start".to_owned(), "window_end".to_owned()]);
            if self.rarely(3) {
                items.push("window_start".to_owned());
            }
            if self.rarely(3) {
                items.push("window_time".to_owned());
            }
        }
        for _ in 0..self.pick(3) {
            let kind = self.one_of(&KINDS);
            let key = match self.rarely(4) {
                true => self.expression(kind, columns, 1),
                false => self.column(kind, columns),
            };
            items.push(key.clone());
            keys.push(key);
        }
        if !is_window && self.rarely(10) {
            keys.push(
                self.one_of(&[
                    "tumble(INTERVAL '1' MINUTE)",
                    "hop(1 SECOND, 3 SECONDS)",
                    "session(5 SECONDS)",
                ])
                .to_owned(),
            );
        }
        for _ in 0..=self.pick(3) {
            let call = self.aggregate(columns, depth);
            let name = self.column_name();
            items.push(format!("{call} AS {name}"));
            given.push((name, Kind::Number));
        }
        let group = match (keys.is_empty(), self.pick(10)) {
            (true, _) => String::new(),
            (false, 7) => format!(" GROUP BY ROLLUP ({})", keys.join(", ")),
            (false, 8) => format!(" GROUP BY GROUPING SETS (({}), ({}))", keys.join(", "), keys[0]),
            (false, 9) => {
                let last = keys.pop().unwrap_or_default();
                let others: String = keys.iter().map(|key| format!("{key}, ")).collect();
                format!(" GROUP BY {others}CUBE ({last})")
            }
            (false, 6) => format!(" GROUP BY {}, 1", keys.join(", ")),
            _ => format!(" GROUP BY {}", keys.join(", ")),
        };
        let having = match self.rarely(4) {
            true => format!(" HAVING {} > 1", self.aggregate(columns, 1)),
            false => String::new(),
        };
        (
            format!(
                "SELECT {} FROM {from}{condition}{group}{having}",
                items.join(", ")
            ),
            given,
        )
    }

    fn condition(&mut self, keyword: &str, columns: &Columns, depth: usize) -> String {
        match self.pick(3) {
            2 => format!("{keyword} {}", self.expression(Kind::Truth, columns, depth)),
            _ => String::new(),
        }
    }

    /// A relation, its columns, and whether it is a window.
    fn relation(&mut self, depth: usize) -> (String, Columns, bool) {
        if self.rarely(3) {
            let (input, mut columns) = self.source(depth);
            let time = match columns.iter().find(|(_, kind)| *kind == Kind::Time) {
                Some((name, _)) if !self.rarely(12) => name.clone(),
                _ => self.one_of(&["other", "symbol", "nowhere"]).to_owned(),
            };
            let window = match self.pick(12) {
                0 => format!("TUMBLE({input}, {time}, INTERVAL '1' MINUTE)"),
                1 => format!("TABLE(TUMBLE(TABLE {input}, DESCRIPTOR({time}), INTERVAL '1' HOUR))"),
                2 => format!("HOP({input}, {time}, INTERVAL '2' SECOND, INTERVAL '10' SECOND)"),
                3 => format!("CUMULATE({input}, {time}, INTERVAL '1' MINUTE, INTERVAL '1' HOUR)"),
                4 => format!("SESSION({input} PARTITION BY qty, {time}, INTERVAL '10' SECOND)"),
                5 => format!("SESSION({input}, {time}, 10 SECONDS)"),
                6 => format!("{input} WINDOW TUMBLING(1 MINUTE)"),
                7 => format!("{input} WINDOW('hopping', 1 MINUTE, 5 MINUTES)"),
                8 => format!("{input} WINDOW SESSION(5 SECONDS, qty)"),
                9 => format!("{input} WINDOW timeBatch(3 SECONDS)"),
                10 => format!(
                    "TUMBLE(DATA => TABLE {input}, TIMECOL => DESCRIPTOR({time}), SIZE => INTERVAL '1' DAY)"
                ),
                _ => format!("{input} WINDOW LENGTH(5)"),
            };
            columns.extend(["window_start", "window_end"].map(|name| (name.to_owned(), Kind::Time)));
            return (window, columns, true);
        }
        let (source, columns) = self.source(depth);
        (source, columns, false)
    }

    fn source(&mut self, depth: usize) -> (String, Columns) {
        let known: [(&str, &[(&str, Kind)]); 6] = [
            (
                "trades",
                &[
                    ("qty", Kind::Number),
                    ("symbol", Kind::Text),
                    ("at", Kind::Time),
                    ("price", Kind::Number),
                    ("ok", Kind::Truth),
                    ("tags", Kind::Other),
                    ("amount", Kind::Number),
                    ("day", Kind::Other),
                    ("body", Kind::Other),
                    ("body.size", Kind::Number),
                    ("doubled", Kind::Number),
                    ("trades.id", Kind::Number),
                ],
            ),
            (
                "quotes",
                &[
                    ("qty", Kind::Number),
                    ("symbol", Kind::Text),
                    ("at", Kind::Time),
                    ("price", Kind::Number),
                ],
            ),
            (
                "\"Odd Name\"",
                &[
                    ("\"select\"", Kind::Number),
                    ("\"Zeit é\"", Kind::Time),
                    ("\"a.b\"", Kind::Text),
                    ("\"\"\"\"", Kind::Number),
                ],
            ),
            ("plain", &[("qty", Kind::Number), ("symbol", Kind::Text)]),
            (
                "system.errors",
                &[
                    ("reason", Kind::Text),
                    ("time", Kind::Time),
                    ("offset", Kind::Number),
                ],
            ),
            ("too_late", &[("qty", Kind::Number), ("at", Kind::Time)]),
        ];
        match self.pick(6) {
            4 if depth > 0 => {
                let (query, columns) = self.query(depth - 1);
                let alias = self.name("t");
                match self.pick(3) {
                    0 => (format!("({query})"), columns),
                    _ => (format!("({query}) AS {alias}"), columns),
                }
            }
            5 if !self.named.is_empty() => {
                let at = self.pick(self.named.len());
                let (name, columns) = self.named[at].clone();
                (name, columns)
            }
            _ => {
                let weights = [0, 0, 0, 1, 1, 2, 3, 4, 5];
                let (name, columns) = known[self.one_of(&weights)];
                let columns = columns
                    .iter()
                    .map(|(name, kind)| ((*name).to_owned(), *kind))
                    .collect();
                (name.to_owned(), columns)
            }
        }
    }

    fn column(&mut self, kind: Kind, columns: &Columns) -> String {
        let wanted: Vec<&String> = columns
            .iter()
            .filter(|(_, own)| *own == kind)
            .map(|(name, _)| name)
            .collect();
        if wanted.is_empty() || self.rarely(40) {
            let any: Vec<&String> = columns.iter().map(|(name, _)| name).collect();
            return match any.is_empty() || self.rarely(20) {
                true => self.one_of(&["1", "nowhere", "trades.qty", "NULL"]).to_owned(),
                false => any[self.pick(any.len())].clone(),
            };
        }
        let at = self.pick(wanted.len());
        wanted[at].clone()
    }

    fn aggregate(&mut self, columns: &Columns, depth: usize) -> String {
        let number = |grammar: &mut Self| grammar.expression(Kind::Number, columns, depth.min(1));
        let call = match self.pick(16) {
            0 => "count(*)".to_owned(),
            1 => format!("sum({})", number(self)),
            2 => format!("avg({})", number(self)),
            3 => {
                let kind = self.one_of(&KINDS);
                format!("min({})", self.column(kind, columns))
            }
            4 => {
                let kind = self.one_of(&KINDS);
                format!("max({})", self.column(kind, columns))
            }
            5 => {
                let kind = self.one_of(&KINDS);
                format!("count(DISTINCT {})", self.column(kind, columns))
            }
            6 => format!(
                "first_value({0} ORDER BY {1} DESC)",
                number(self),
                self.column(Kind::Time, columns)
            ),
            7 => format!("array_agg({})", self.column(Kind::Text, columns)),
            8 => format!("string_agg({}, ', ')", self.column(Kind::Text, columns)),
            9 => format!("stddev({})", number(self)),
            10 => format!("bool_and({})", self.column(Kind::Truth, columns)),
            11 => format!("percentile_cont(0.5) WITHIN GROUP (ORDER BY {})", number(self)),
            12 => format!("corr({}, {})", number(self), number(self)),
            13 => format!("approx_distinct({})", self.column(Kind::Text, columns)),
            14 => format!("sum(DISTINCT {})", number(self)),
            _ => format!("{} + count(*)", number(self)),
        };
        match self.rarely(6) {
            true => format!(
                "{call} FILTER (WHERE {})",
                self.expression(Kind::Truth, columns, 1)
            ),
            false => call,
        }
    }

    fn expression(&mut self, kind: Kind, columns: &Columns, depth: usize) -> String {
        let kind = if self.rarely(30) {
            self.one_of(&KINDS)
        } else {
            kind
        };
        if depth == 0 || self.pick(3) == 0 {
            return match self.pick(4) {
                3 => self.literal(kind),
                _ => self.column(kind, columns),
            };
        }
        let inner = |grammar: &mut Self, kind| grammar.expression(kind, columns, depth - 1);
        match kind {
            Kind::Number => match self.pick(9) {
                0..=2 => {
                    let operator = self.one_of(&["+", "-", "*", "/", "%", "&"]);
                    format!("({} {operator} {})", inner(self, kind), inner(self, kind))
                }
                3 => format!("abs({})", inner(self, kind)),
                4 => {
                    let to = self.one_of(&[
                        "BIGINT",
                        "TINYINT",
                        "DOUBLE",
                        "DECIMAL(20, 4)",
                        "STRING",
                        "DATE",
                        "INTERVAL",
                    ]);
                    format!("CAST({} AS {to})", inner(self, kind))
                }
                5 => format!("length({})", inner(self, Kind::Text)),
                6 => format!(
                    "CASE WHEN {} THEN {} ELSE {} END",
                    inner(self, Kind::Truth),
                    inner(self, kind),
                    inner(self, kind)
                ),
                7 => format!("extract(hour FROM {})", inner(self, Kind::Time)),
                _ => format!("coalesce({}, {})", inner(self, kind), inner(self, kind)),
            },
            Kind::Text => match self.pick(6) {
                0 => format!("upper({})", inner(self, kind)),
                1 => format!("({} || {})", inner(self, kind), inner(self, kind)),
                2 => format!("{}::STRING", inner(self, Kind::Number)),
                3 => format!(
                    "substring({} FROM {} FOR 2)",
                    inner(self, kind),
                    inner(self, Kind::Number)
                ),
                4 => format!("split_part({}, ',', 1)", inner(self, kind)),
                _ => "tags[1]".to_owned(),
            },
            Kind::Time => match self.pick(3) {
                0 => format!("({} + INTERVAL '1' MINUTE)", inner(self, kind)),
                1 => format!("date_trunc('hour', {})", inner(self, kind)),
                _ => format!("TRY_CAST({} AS TIMESTAMP)", inner(self, Kind::Text)),
            },
            Kind::Truth => match self.pick(8) {
                0 => {
                    let kind = self.one_of(&KINDS);
                    let operator = self.one_of(&["=", "<>", "<", ">=", "IS DISTINCT FROM"]);
                    format!("{} {operator} {}", inner(self, kind), inner(self, kind))
                }
                1 => format!("({} AND {})", inner(self, kind), inner(self, kind)),
                2 => format!("({} OR NOT {})", inner(self, kind), inner(self, kind)),
                3 => format!("{} IS NOT NULL", inner(self, Kind::Other)),
                4 => format!(
                    "{} IN ({}, {})",
                    inner(self, Kind::Number),
                    inner(self, Kind::Number),
                    inner(self, Kind::Number)
                ),
                5 => format!("{} LIKE 'a%'", inner(self, Kind::Text)),
                6 => format!(
                    "{} BETWEEN {} AND {}",
                    inner(self, Kind::Time),
                    inner(self, Kind::Time),
                    inner(self, Kind::Time)
                ),
                _ => self
                    .one_of(&[
                        "qty IN (SELECT qty FROM plain)",
                        "EXISTS (SELECT 1 FROM plain)",
                        "row_number() OVER () = 1",
                    ])
                    .to_owned(),
            },
            Kind::Other => match self.pick(4) {
                0 => format!("[{}, {}]", inner(self, Kind::Number), inner(self, Kind::Number)),
                1 => format!("array_length({})", inner(self, kind)),
                2 => format!("nullif({}, {})", inner(self, kind), inner(self, kind)),
                _ => format!("body.{}", self.one_of(&["kind", "size", "nothing"])),
            },
        }
    }

    fn literal(&mut self, kind: Kind) -> String {
        let literals: &[&str] = match kind {
            Kind::Number => &[
                "1",
                "0",
                "-7",
                "2.5",
                "1e3",
                "9223372036854775807",
                "99999999999999999999",
                "NULL",
            ],
            Kind::Text => &["'a'", "''", "'it''s'", "'é'", "NULL"],
            Kind::Time => &["TIMESTAMP '2024-01-01 00:00:00'", "now()", "TIMESTAMP 'soon'"],
            Kind::Truth => &["TRUE", "FALSE", "NULL"],
            Kind::Other => &[
                "DATE '2024-02-30'",
                "DATE '2024-02-28'",
                "INTERVAL '1' DAY",
                "[1, 2]",
                "X'00ff'",
            ],
        };
        self.one_of(literals).to_owned()
    }
}
