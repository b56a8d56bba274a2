//! Choices: every generated thing is built from one list of numbers.
//!
//! A proptest strategy draws the list; each generator reads it from the front. The first alternative is always the
//! simplest, and an empty list chooses it. So proptest, which shortens the list and lowers its numbers, shrinks whole
//! cases — schema, configuration, state — without a strategy for each of them.

use proptest::prelude::*;

/// The choices that are left.
pub(crate) struct Choices<'a> {
    rest: &'a [u16],
}

impl<'a> Choices<'a> {
    pub(crate) fn new(choices: &'a [u16]) -> Self {
        Self { rest: choices }
    }

    /// A number below a limit; 0 when no choice is left.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let Some((first, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        usize::from(*first) % limit
    }

    /// True about so often in a hundred; false when no choice is left.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of a few; the first is the simplest.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Lists long enough for a schema of some width, and short ones.
pub(crate) fn choice_lists(longest: usize) -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..longest)
}
