//! Request signatures of the RPC style, as pure functions: every date, nonce and secret is an argument.
//!
//! The two versions live in [`v1`] and [`v3`]; what they share stands here. Both are proven, stage by stage, against
//! the vectors in `testdata/signature-vectors.json`.

pub(crate) mod v1;
pub(crate) mod v3;
#[cfg(test)]
pub(super) mod vectors;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// Which signature a request bears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureVersion {
    /// HMAC-SHA1 over the parameters; `SignatureVersion=1.0` on the wire.
    #[default]
    V1,
    /// `ACS3-HMAC-SHA256` over parameters, headers and body.
    V3,
}

// RFC 3986: letters, digits and these four stay, all else becomes %XX with upper-case digits.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// A text as both signatures encode it: UTF-8, unreserved characters kept, every other byte `%XX`.
pub(crate) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Names and values, encoded, sorted by the bytes of the raw name and joined: `A=1&B=%20`.
pub(crate) fn canonical_query<'a>(
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut sorted: Vec<(&str, &str)> = parameters.into_iter().collect();
    sorted.sort_unstable();
    let mut text = String::new();
    for (name, value) in sorted {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(&percent_encode(name));
        text.push('=');
        text.push_str(&percent_encode(value));
    }
    text
}

/// An instant as requests carry it: `2026-01-15T08:30:05Z`, UTC, without a fraction.
pub(crate) fn date(instant: OffsetDateTime) -> String {
    instant
        .to_offset(time::UtcOffset::UTC)
        .format(DATE)
        // Invariant: the description names components that every date has.
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::{canonical_query, date, percent_encode};

    #[test]
    fn encoding() {
        let check = |text: &str, expected: &str| assert_eq!(percent_encode(text), expected);
        check("aZ09-_.~", "aZ09-_.~");
        check(" *+/!'()", "%20%2A%2B%2F%21%27%28%29");
        check("%20", "%2520");
        check("é你", "%C3%A9%E4%BD%A0");
        check("\r\n\0", "%0D%0A%00");
    }

    #[test]
    fn names_are_sorted_not_pairs() {
        let found = canonical_query([
            ("Tag1", "x"),
            ("Tag.1", "x"),
            ("Tag", "x"),
            ("a", ""),
            ("Z", ""),
        ]);
        assert_eq!(found, "Tag=x&Tag.1=x&Tag1=x&Z=&a=");
    }

    #[test]
    fn dates() {
        assert_eq!(
            date(datetime!(2026-01-15 08:30:05.999 UTC)),
            "2026-01-15T08:30:05Z"
        );
        assert_eq!(
            date(datetime!(2026-01-15 08:30:05 +8)),
            "2026-01-15T00:30:05Z"
        );
    }
}
