//! How many voters a cluster may have.

use std::collections::BTreeSet;

use crate::error::{Error, Result};

/// Refuses numbers of voters that make a cluster less available than one voter fewer would.
pub fn check_voters(voters: &BTreeSet<u64>) -> Result<()> {
    let message = match voters.len() {
        1 | 3 | 5 => return Ok(()),
        0 => "a cluster needs a node that can coordinate".to_owned(),
        2 => "two voters stop as soon as one of them does; let one or three nodes coordinate".to_owned(),
        4 => "four voters survive no more failures than three; let three or five nodes coordinate".to_owned(),
        count => format!(
            "{count} voters make every agreement slower and survive little more; let five nodes coordinate"
        ),
    };
    Err(Error::Configuration(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_three_and_five_voters_are_accepted() {
        let accepted: Vec<usize> = (0..8)
            .filter(|count| check_voters(&(0..*count as u64).collect()).is_ok())
            .collect();
        assert_eq!(accepted, [1, 3, 5]);
        let error = check_voters(&[1, 2].into()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "two voters stop as soon as one of them does; let one or three nodes coordinate"
        );
    }
}
