//! Texts cut into what can be put together otherwise.

/// A text's words, signs and spaces, roughly where tokens end.
pub fn words_of(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    for (index, c) in text.char_indices() {
        if !c.is_alphanumeric() && c != '_' {
            words.push(&text[start..index]);
            words.push(&text[index..index + c.len_utf8()]);
            start = index + c.len_utf8();
        }
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}
