//! Floating-point numbers: the shortest text that reads back to the same value.

/// Appends a number; what is none gets quotes if it is to have them.
pub(super) fn write_float<F: Float>(value: F, is_quoted: bool, out: &mut Vec<u8>) {
    match value.special() {
        None => out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes()),
        Some(name) if is_quoted => out.extend_from_slice(format!("\"{name}\"").as_bytes()),
        Some(name) => out.extend_from_slice(name.as_bytes()),
    }
}

/// The two widths of floating-point numbers.
pub(super) trait Float: zmij::Float {
    /// The name of a value that is no number.
    fn special(self) -> Option<&'static str>;
}

impl Float for f32 {
    fn special(self) -> Option<&'static str> {
        f64::from(self).special()
    }
}

impl Float for f64 {
    fn special(self) -> Option<&'static str> {
        match self {
            _ if self.is_finite() => None,
            _ if self.is_nan() => Some("NaN"),
            _ if self > 0.0 => Some("Infinity"),
            _ => Some("-Infinity"),
        }
    }
}
