//! Which values are NULL.

use arrow::buffer::{BooleanBuffer, NullBuffer};

/// Which of the values so far are NULL. Costs a count as long as none is.
#[derive(Debug, Clone, Default)]
pub struct Nulls {
    length: usize,
    /// Whether each value is valid; empty while all are.
    valid: Vec<bool>,
}

impl Nulls {
    /// How many values there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Appends a value.
    #[inline]
    pub fn push_valid(&mut self) {
        self.length += 1;
        if !self.valid.is_empty() {
            self.valid.push(true);
        }
    }

    /// Appends a NULL.
    #[inline]
    pub fn push_null(&mut self) {
        if self.valid.is_empty() {
            self.valid.resize(self.length, true);
        }
        self.length += 1;
        self.valid.push(false);
    }

    /// Takes off all but the first values.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.valid.truncate(length);
    }

    /// The values so far as a buffer; none remain.
    pub fn finish(&mut self) -> Option<NullBuffer> {
        self.length = 0;
        let valid = std::mem::take(&mut self.valid);
        (!valid.is_empty()).then(|| NullBuffer::new(BooleanBuffer::from(valid)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_where_they_were_pushed() {
        let mut nulls = Nulls::default();
        nulls.push_valid();
        nulls.push_null();
        nulls.push_valid();
        nulls.push_null();
        nulls.truncate(3);
        assert_eq!(nulls.len(), 3);
        let finished = nulls.finish().unwrap();
        assert_eq!(finished.iter().collect::<Vec<_>>(), [true, false, true]);
        nulls.push_valid();
        assert_eq!((nulls.len(), nulls.finish()), (1, None));
        nulls.push_null();
        nulls.truncate(0);
        assert_eq!(nulls.finish(), None);
    }
}
