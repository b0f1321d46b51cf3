//! What is counted on one level of brackets.

/// What opened a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opener {
    Statement,
    Parenthesis,
    Bracket,
    Brace,
    Angle,
    Case,
}

/// The part of a query that the tokens of a level are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    From,
    /// VALUES, and lists with IN or in brackets: long lists of values are fine.
    Values,
    Other,
}

#[derive(Debug)]
pub(super) struct Level {
    pub(super) opener: Opener,
    pub(super) clause: Clause,
    /// Whether it is a doubled parenthesis around a relation.
    pub(super) is_doubled: bool,
    pub(super) commas: usize,
    pub(super) chains: Chains,
    /// How many BETWEENs wait for their AND.
    pub(super) betweens: usize,
    /// The deepest path through the brackets closed in the current item.
    pub(super) depth_below: usize,
    /// The deepest path through this level so far.
    pub(super) depth: usize,
}

/// Lengths of the chains that the next operand is in, the loosest operator first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chains {
    pub(super) or: usize,
    pub(super) and: usize,
    pub(super) comparison: usize,
    pub(super) arithmetic: usize,
    pub(super) cast: usize,
}

impl Chains {
    pub(super) fn sum(self) -> usize {
        self.or + self.and + self.comparison + self.arithmetic + self.cast
    }

    pub(super) fn longest(self) -> usize {
        self.or
            .max(self.and)
            .max(self.comparison)
            .max(self.arithmetic)
            .max(self.cast)
    }
}

impl Level {
    pub(super) fn new(opener: Opener, clause: Clause) -> Self {
        Self {
            opener,
            clause,
            is_doubled: false,
            commas: 0,
            chains: Chains::default(),
            betweens: 0,
            depth_below: 0,
            depth: 0,
        }
    }

    /// The next tokens belong to another item or clause.
    pub(super) fn begin_item(&mut self) {
        self.chains = Chains::default();
        self.betweens = 0;
        self.depth_below = 0;
    }
}
