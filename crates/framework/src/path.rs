//! Where in a value something is.
//!
//! Must not contain: anything that looks into values.

use std::fmt;

/// The way from the root of a value to one place in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath(Vec<Step>);

/// One step of a path. The protocol has no step into a set: such a path ends at the set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// To an attribute or a nested block of an object.
    Attribute(String),
    /// To an element of a map.
    Key(String),
    /// To an element of a list or a tuple, counted from 0.
    Index(i64),
}

impl AttributePath {
    /// The path of the whole value.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    pub(super) fn from_steps(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().collect())
    }

    /// The path of an attribute or block at the root.
    #[must_use]
    pub fn attribute(name: impl Into<String>) -> Self {
        Self::root().then_attribute(name)
    }

    /// This path, one attribute further.
    #[must_use]
    pub fn then_attribute(&self, name: impl Into<String>) -> Self {
        self.then(Step::Attribute(name.into()))
    }

    /// This path, one map element further.
    #[must_use]
    pub fn then_key(&self, key: impl Into<String>) -> Self {
        self.then(Step::Key(key.into()))
    }

    /// This path, one list element further. An index beyond `i64` cannot occur in memory; it would be clamped.
    #[must_use]
    pub fn then_index(&self, index: usize) -> Self {
        self.then(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    /// The steps, from the root.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the path of the whole value.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

/// As in the configuration language: `timeouts.create`, `tags["a"].b[0]`; the root displays as `(root)`.
impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str("(root)");
        }
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_shown_as_in_the_configuration_language() {
        let check = |path: AttributePath, text: &str| assert_eq!(path.to_string(), text);
        check(AttributePath::root(), "(root)");
        check(AttributePath::attribute("waba_id"), "waba_id");
        check(
            AttributePath::attribute("timeouts").then_attribute("create"),
            "timeouts.create",
        );
        check(
            AttributePath::attribute("tags")
                .then_key("a\"b")
                .then_index(3),
            "tags[\"a\\\"b\"][3]",
        );
    }
}
