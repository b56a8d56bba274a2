//! The `timeouts` block: how long an operation may take, as practitioners write it, for example `"90s"` or `"1h30m"`.
//!
//! Must not contain: a clock. Who runs an operation keeps the time.

use std::time::Duration;

use super::{
    schema::{Attribute, Block, Validator},
    types::Type,
    value::{Object, Value},
};

/// The name of the block.
pub const NAME: &str = "timeouts";

/// One operation that can be limited, and its limit when the practitioner sets none.
#[derive(Clone, Copy, Debug)]
pub struct Timeout {
    /// `create`, `read`, `update` or `delete`.
    pub operation: &'static str,
    /// In the notation of the block.
    pub default: &'static str,
}

/// The block for these operations. Nest it under [`NAME`] as a single, optional block.
#[must_use]
pub fn block(timeouts: &[Timeout]) -> Block {
    let block = Block::new(
        "How long an operation may take, retries and waits included, for example `\"90s\"` or `\"5m\"`.",
    );
    timeouts.iter().fold(block, |block, Timeout { operation, default }| {
        block.attribute(
            Attribute::optional(operation, Type::String)
                .describe(format!("Limit of {operation}. Default: `\"{default}\"`."))
                .validate(Validator::text(|text| {
                    parse(text).map(|_| ()).ok_or_else(|| {
                        format!("must be a duration above zero such as \"90s\", \"5m\" or \"1h30m\", but is \"{text}\"")
                    })
                })),
        )
    })
}

impl Timeout {
    /// An operation, and its limit in the notation of the block when the practitioner sets none.
    #[must_use]
    pub const fn new(operation: &'static str, default: &'static str) -> Self {
        Self { operation, default }
    }

    /// The limit that an object's `timeouts` block sets, or the default. A text that is no duration, which validation
    /// does not let through, counts as not set.
    #[must_use]
    pub fn of(&self, object: &Object) -> Duration {
        let set = object
            .object(NAME)
            .and_then(|timeouts| timeouts.get(self.operation))
            .and_then(Value::as_str);
        set.and_then(parse)
            .or_else(|| parse(self.default))
            .unwrap_or(Duration::from_secs(300))
    }
}

/// Reads the notation of Go's durations, which Terraform's providers share: decimal numbers with the units `ns`, `us`,
/// `ms`, `s`, `m` and `h`, one after the other. Zero, negative and immeasurable durations are none.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        // A limit of an operation: the rounding of a float, far below a nanosecond a second, does not matter here.
        let number: f64 = number.parse().ok()?;
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = tail;
    }
    (!total.is_zero() && total <= MAX_TIMEOUT).then_some(total)
}

/// Beyond a year nobody waits, and sums of points in time stay far from their limits.
const MAX_TIMEOUT: Duration = Duration::from_secs(366 * 24 * 3600);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn durations_read_as_in_other_providers() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(parse(text), expected.map(Duration::from_millis), "{text:?}");
        };
        check("90s", Some(90_000));
        check("5m", Some(300_000));
        check("1h30m", Some(5_400_000));
        check("1.5h", Some(5_400_000));
        check("250ms", Some(250));
        check("1m0s", Some(60_000));
        for text in [
            "", "5", "0s", "-5m", "5 m", "m", "5x", "1..5s", "s5", "9999999h", "∞s", "1e3s", "5m ",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn configured_timeout_overrides_the_default() {
        const CREATE: Timeout = Timeout {
            operation: "create",
            default: "5m",
        };
        let check = |block: Value, expected: u64| {
            let mut object = Object::new();
            object.set(NAME, block);
            assert_eq!(CREATE.of(&object), Duration::from_secs(expected));
        };
        check(Value::Null, 300);
        check(
            Value::Map(BTreeMap::from([("create".to_owned(), Value::Null)])),
            300,
        );
        check(
            Value::Map(BTreeMap::from([("create".to_owned(), "90s".into())])),
            90,
        );
    }
}
