//! Random letters.

use crate::generator::Draws;

/// Appends letters of a length between the two, both included.
pub fn push_letters(text: &mut String, draws: &mut Draws, (least, most): (i64, i64)) {
    let mut left = draws.between(least, most);
    while left > 0 {
        let mut bits = draws.bits();
        // A draw is good for 13 letters.
        for _ in 0..left.min(13) {
            text.push(char::from(b'a' + (bits % 26) as u8));
            bits /= 26;
        }
        left -= 13;
    }
}
