//! Roman numerals.

const NUMERALS: &[(u32, &str)] = &[
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];

/// A number from 1 to 3999; `None` for others.
pub(super) fn roman(number: i64) -> Option<String> {
    let mut rest = u32::try_from(number)
        .ok()
        .filter(|number| (1..4000).contains(number))?;
    let mut numeral = String::new();
    for (value, sign) in NUMERALS {
        while rest >= *value {
            numeral.push_str(sign);
            rest -= value;
        }
    }
    Some(numeral)
}

/// The ending of an ordinal number: st, nd, rd or th.
pub(super) fn ordinal_ending(number: i64) -> &'static str {
    match (number.unsigned_abs() % 100, number.unsigned_abs() % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_and_ordinals() {
        assert_eq!(roman(485).as_deref(), Some("CDLXXXV"));
        assert_eq!(roman(3999).as_deref(), Some("MMMCMXCIX"));
        assert_eq!(roman(0), None);
        assert_eq!(roman(4000), None);
        let endings: Vec<&str> = [1, 2, 3, 4, 11, 112, 21]
            .into_iter()
            .map(ordinal_ending)
            .collect();
        assert_eq!(endings, ["st", "nd", "rd", "th", "th", "th", "st"]);
    }
}
