//! Patterns of times.

use std::fmt;

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Title,
    Lower,
}

/// What a piece of a pattern stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it is.
    Text(String),
    /// A field, filled up with zeros or spaces (not with the prefix `FM`), with an ordinal's ending (suffix `TH` or `th`).
    Field {
        field: Field,
        is_filled: bool,
        ordinal: Option<Case>,
    },
}

/// A field of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Hour12,
    Hour24,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    /// So many digits of a second.
    Fraction(u8),
    SecondOfDay,
    /// AM or PM, with points or without.
    Meridiem {
        case: Case,
        has_points: bool,
    },
    /// `Y,YYY`
    YearWithComma,
    /// So many of the last digits of the year; 4 is all of it.
    Year(u8),
    IsoYear(u8),
    Era {
        case: Case,
        has_points: bool,
    },
    MonthName(Case),
    MonthShort(Case),
    Month,
    RomanMonth(Case),
    DayName(Case),
    DayShort(Case),
    DayOfYear,
    IsoDayOfYear,
    DayOfMonth,
    /// Sunday is 1.
    DayOfWeek,
    /// Monday is 1.
    IsoDayOfWeek,
    WeekOfMonth,
    WeekOfYear,
    IsoWeek,
    Century,
    JulianDay,
    Quarter,
    ZoneName(Case),
    ZoneHour,
    ZoneMinute,
    Offset,
}

const POINTS: bool = true;

/// The patterns, longer before shorter ones that they begin with.
const FIELDS: &[(&str, Field)] = &[
    ("HH24", Field::Hour24),
    ("HH12", Field::Hour12),
    ("HH", Field::Hour12),
    ("MI", Field::Minute),
    ("SSSSS", Field::SecondOfDay),
    ("SSSS", Field::SecondOfDay),
    ("SS", Field::Second),
    ("MS", Field::Millisecond),
    ("US", Field::Microsecond),
    ("FF1", Field::Fraction(1)),
    ("FF2", Field::Fraction(2)),
    ("FF3", Field::Fraction(3)),
    ("FF4", Field::Fraction(4)),
    ("FF5", Field::Fraction(5)),
    ("FF6", Field::Fraction(6)),
    (
        "A.M.",
        Field::Meridiem {
            case: Case::Upper,
            has_points: POINTS,
        },
    ),
    (
        "P.M.",
        Field::Meridiem {
            case: Case::Upper,
            has_points: POINTS,
        },
    ),
    (
        "a.m.",
        Field::Meridiem {
            case: Case::Lower,
            has_points: POINTS,
        },
    ),
    (
        "p.m.",
        Field::Meridiem {
            case: Case::Lower,
            has_points: POINTS,
        },
    ),
    (
        "A.D.",
        Field::Era {
            case: Case::Upper,
            has_points: POINTS,
        },
    ),
    (
        "B.C.",
        Field::Era {
            case: Case::Upper,
            has_points: POINTS,
        },
    ),
    (
        "a.d.",
        Field::Era {
            case: Case::Lower,
            has_points: POINTS,
        },
    ),
    (
        "b.c.",
        Field::Era {
            case: Case::Lower,
            has_points: POINTS,
        },
    ),
    (
        "AM",
        Field::Meridiem {
            case: Case::Upper,
            has_points: false,
        },
    ),
    (
        "PM",
        Field::Meridiem {
            case: Case::Upper,
            has_points: false,
        },
    ),
    (
        "am",
        Field::Meridiem {
            case: Case::Lower,
            has_points: false,
        },
    ),
    (
        "pm",
        Field::Meridiem {
            case: Case::Lower,
            has_points: false,
        },
    ),
    (
        "AD",
        Field::Era {
            case: Case::Upper,
            has_points: false,
        },
    ),
    (
        "BC",
        Field::Era {
            case: Case::Upper,
            has_points: false,
        },
    ),
    (
        "ad",
        Field::Era {
            case: Case::Lower,
            has_points: false,
        },
    ),
    (
        "bc",
        Field::Era {
            case: Case::Lower,
            has_points: false,
        },
    ),
    ("Y,YYY", Field::YearWithComma),
    ("YYYY", Field::Year(4)),
    ("YYY", Field::Year(3)),
    ("YY", Field::Year(2)),
    ("Y", Field::Year(1)),
    ("IYYY", Field::IsoYear(4)),
    ("IYY", Field::IsoYear(3)),
    ("IY", Field::IsoYear(2)),
    ("IDDD", Field::IsoDayOfYear),
    ("ID", Field::IsoDayOfWeek),
    ("IW", Field::IsoWeek),
    ("I", Field::IsoYear(1)),
    ("MONTH", Field::MonthName(Case::Upper)),
    ("Month", Field::MonthName(Case::Title)),
    ("month", Field::MonthName(Case::Lower)),
    ("MON", Field::MonthShort(Case::Upper)),
    ("Mon", Field::MonthShort(Case::Title)),
    ("mon", Field::MonthShort(Case::Lower)),
    ("MM", Field::Month),
    ("DAY", Field::DayName(Case::Upper)),
    ("Day", Field::DayName(Case::Title)),
    ("day", Field::DayName(Case::Lower)),
    ("DY", Field::DayShort(Case::Upper)),
    ("Dy", Field::DayShort(Case::Title)),
    ("dy", Field::DayShort(Case::Lower)),
    ("DDD", Field::DayOfYear),
    ("DD", Field::DayOfMonth),
    ("D", Field::DayOfWeek),
    ("WW", Field::WeekOfYear),
    ("W", Field::WeekOfMonth),
    ("CC", Field::Century),
    ("J", Field::JulianDay),
    ("Q", Field::Quarter),
    ("RM", Field::RomanMonth(Case::Upper)),
    ("rm", Field::RomanMonth(Case::Lower)),
    ("TZH", Field::ZoneHour),
    ("TZM", Field::ZoneMinute),
    ("TZ", Field::ZoneName(Case::Upper)),
    ("tz", Field::ZoneName(Case::Lower)),
    ("OF", Field::Offset),
];

/// A letter that is no field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownField {
    pattern: String,
    letters: String,
}

impl fmt::Display for UnknownField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no field in the pattern `{}`",
            self.letters, self.pattern
        )
    }
}

/// The pieces of a pattern. What is neither a letter nor in quotes stands for itself.
///
/// **Errors** There is a letter that is no field.
pub(super) fn parse(pattern: &str) -> Result<Vec<Piece>, UnknownField> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            rest = take_quoted(&rest[1..], &mut text);
            continue;
        }
        if first == '\\' && rest[1..].starts_with('"') {
            text.push('"');
            rest = &rest[2..];
            continue;
        }
        let prefix = ["FM", "fm"].iter().find_map(|prefix| rest.strip_prefix(prefix));
        let Some((field, after)) = take_field(prefix.unwrap_or(rest)) else {
            if first.is_alphabetic() {
                let letters = rest.chars().take_while(|c| c.is_alphabetic()).collect();
                let pattern = pattern.to_owned();
                return Err(UnknownField { pattern, letters });
            }
            text.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        let ordinal = match (after.strip_prefix("TH"), after.strip_prefix("th")) {
            (Some(_), _) => Some(Case::Upper),
            (_, Some(_)) => Some(Case::Lower),
            _ => None,
        };
        pieces.push(Piece::Field {
            field,
            is_filled: prefix.is_none(),
            ordinal,
        });
        rest = if ordinal.is_some() { &after[2..] } else { after };
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

/// Takes up to the closing quote, and gives what follows.
fn take_quoted<'a>(quoted: &'a str, text: &mut String) -> &'a str {
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return &quoted[at + 1..],
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            c => text.push(c),
        }
    }
    ""
}

fn take_field(text: &str) -> Option<(Field, &str)> {
    let exact = FIELDS.iter().find(|(name, _)| text.starts_with(name));
    // Fields whose case says nothing may be written in any.
    let folded = || {
        FIELDS.iter().find(|(name, field)| {
            !has_case(*field)
                && text
                    .get(..name.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(name))
        })
    };
    exact
        .or_else(folded)
        .map(|(name, field)| (*field, &text[name.len()..]))
}

fn has_case(field: Field) -> bool {
    matches!(
        field,
        Field::Meridiem { .. }
            | Field::Era { .. }
            | Field::MonthName(_)
            | Field::MonthShort(_)
            | Field::DayName(_)
            | Field::DayShort(_)
            | Field::RomanMonth(_)
            | Field::ZoneName(_)
    )
}

impl Case {
    /// A name written so.
    pub(super) fn apply(self, name: &str) -> String {
        match self {
            Case::Upper => name.to_uppercase(),
            Case::Title => name.to_owned(),
            Case::Lower => name.to_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_signs_and_quotes_are_told_apart() {
        let field = |field| Piece::Field {
            field,
            is_filled: true,
            ordinal: None,
        };
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(
            parse("YYYY-MM-DD\"T\"hh24:mi").unwrap(),
            [
                field(Field::Year(4)),
                text("-"),
                field(Field::Month),
                text("-"),
                field(Field::DayOfMonth),
                text("T"),
                field(Field::Hour24),
                text(":"),
                field(Field::Minute),
            ]
        );
        let ordinal = Piece::Field {
            field: Field::DayOfMonth,
            is_filled: false,
            ordinal: Some(Case::Lower),
        };
        assert_eq!(parse("FMDDth").unwrap(), [ordinal]);
        assert_eq!(
            parse("\"Year: \"Y").unwrap(),
            [text("Year: "), field(Field::Year(1))]
        );
    }

    #[test]
    fn letters_that_are_no_field_are_refused() {
        let check = |pattern: &str, expected: &str| {
            let message = parse(pattern).unwrap_err().to_string();
            assert_eq!(
                message,
                format!("`{expected}` is no field in the pattern `{pattern}`")
            );
        };
        check("YYYY-MM-DDTHH24", "H");
        check("%Y-%m-%d", "m");
        check("DD at MM", "at");
        check("FM", "FM");
        check("é", "é");
    }
}
