//! "did you mean": the nearest known name to one that is not known.

/// The candidate nearest to `name`, if any is near enough to be a slip of the pen. Case does not count.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let distance_max = match name.chars().count() {
        0..=1 => 0,
        2..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= distance_max)
        // The first of equals wins, so that the answer does not depend on more than the candidates' order.
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The help line for [`closest`].
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(name, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

fn distance(a: &str, b: &str) -> usize {
    // A name is rarely longer than this; the bound keeps hostile names from costing quadratic time.
    const LENGTH_MAX: usize = 128;
    if a.len() > LENGTH_MAX || b.len() > LENGTH_MAX {
        return if a == b { 0 } else { usize::MAX };
    }
    strsim::damerau_levenshtein(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        let names = ["connector", "format", "topic"];
        assert_eq!(closest("conector", names), Some("connector"));
        assert_eq!(closest("FORMTA", names), Some("format"));
        assert_eq!(closest("watermark", names), None);
        assert_eq!(closest("x", ["y"]), None);
    }

    #[test]
    fn hostile_names_cost_nothing() {
        let long = "a".repeat(1_000_000);
        assert_eq!(closest(&long, ["connector"]), None);
    }
}
