//! What comes in place of a response of a service: the page of a proxy or of a login, a line of text, nothing.
//!
//! The services respond in JSON, or in XML with a `Code`. Anything else was written by something on the way.

use std::fmt;

use super::json;
use super::redact::Redactor;

/// What came in place of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Markup, with its title or first heading in one line.
    Html {
        /// Without tags and secrets.
        title: Option<String>,
    },
    /// Something that is neither JSON nor markup; with its beginning in one line, if it is text that may be shown.
    Text {
        /// At most some 200 characters.
        excerpt: Option<String>,
    },
    /// No byte, or only blanks.
    Empty,
}

/// Whether a page with this HTTP status is of something out of order, which may be in order again: 5xx, but for the login of a
/// network (511).
pub fn is_of_an_outage(status: u16) -> bool {
    matches!(status, 500..=510 | 512..)
}

impl Page {
    /// What a body is, unless it is JSON, be it broken. Text is shown only if `may_show` allows it: where secrets are
    /// expected, it may be a part of them. A title is shown always: the services write none.
    pub(crate) fn of(body: &[u8], may_show: bool, redactor: &Redactor) -> Option<Page> {
        let text = String::from_utf8_lossy(body);
        let start = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
        if start.is_empty() {
            return Some(Page::Empty);
        }
        if start.starts_with('<') {
            let title = ["title", "h1", "h2"].iter();
            let title = title
                .filter_map(|name| content(start, name))
                .find_map(|title| redactor.excerpt(title.as_bytes()));
            return Some(Page::Html { title });
        }
        if start.starts_with(['{', '[', '"']) || json::parse(body).is_ok() {
            return None;
        }
        let broken = start
            .chars()
            .filter(|c| *c == '\u{fffd}' || *c == '\0')
            .count();
        let is_text = broken * 10 <= start.chars().count();
        let excerpt = (may_show && is_text).then(|| redactor.excerpt(start.as_bytes()));
        Some(Page::Text {
            excerpt: excerpt.flatten(),
        })
    }
}

/// `an HTML page with the title "Sign in"`.
impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Page::Html { title: Some(title) } => {
                write!(f, "an HTML page with the title \"{title}\"")
            }
            Page::Html { title: None } => f.write_str("an HTML page without a title"),
            Page::Text {
                excerpt: Some(text),
            } => write!(f, "the text \"{}\"", text.trim_end_matches('.')),
            Page::Text { excerpt: None } => f.write_str("something that is not JSON"),
            Page::Empty => f.write_str("no content"),
        }
    }
}

/// What stands in the first element of that name, without tags.
fn content(markup: &str, name: &str) -> Option<String> {
    // The case of ASCII letters alone: positions have to stay.
    let lower = markup.to_ascii_lowercase();
    let open = format!("<{name}");
    let start = lower.match_indices(&open).find_map(|(at, _)| {
        let rest = &lower[at + open.len()..];
        let is_name = rest.starts_with(|c: char| c == '>' || c == '/' || c.is_whitespace());
        let end = rest.find('>').filter(|_| is_name)?;
        Some(at + open.len() + end + 1)
    })?;
    let end = lower[start..].find(&format!("</{name}"));
    let inside = &markup[start..end.map_or(markup.len(), |end| start + end)];
    let mut text = String::new();
    let mut in_tag = false;
    for c in inside.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            _ if !in_tag => text.push(c),
            _ => {}
        }
    }
    let text = unescaped(&text);
    (!text.trim().is_empty()).then_some(text)
}

/// The text with the entities that XML itself has, and the blank of HTML.
pub(crate) fn unescaped(text: &str) -> String {
    text.replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::Page;
    use crate::redact::Redactor;

    fn check(body: &[u8], expected: Option<&str>) {
        let mut redactor = Redactor::default();
        redactor.withhold("hush-hush");
        let found = Page::of(body, true, &redactor).map(|page| page.to_string());
        assert_eq!(
            found.as_deref(),
            expected,
            "{}",
            String::from_utf8_lossy(body)
        );
    }

    #[test]
    fn pages_are_named_by_their_title() {
        let titled = |title: &str| format!("an HTML page with the title \"{title}\"");
        let check = |body: &str, title: &str| check(body.as_bytes(), Some(&titled(title)));
        check("<html><head><title>Sign in</title></head>", "Sign in");
        check(
            "\u{feff}\r\n <!DOCTYPE html><HTML><TITLE lang=\"en\">\n 403\n Forbidden </TITLE>",
            "403 Forbidden",
        );
        check(
            "<?xml version=\"1.0\"?><!DOCTYPE html><html><title>ERROR: Access &amp; more</title>",
            "ERROR: Access & more",
        );
        check(
            "<html><titles>no</titles><h1 class=x>Bad <b>Gateway</b></h1>",
            "Bad Gateway",
        );
        check("<html><title> </title><h2>Blocked</h2>", "Blocked");
        check("<title>cut of", "cut of");
        check("<title>you sent hush-hush</title>", "you sent (withheld)");
        check(
            "<title>Zugriff verweigert: \u{dc}berpr\u{fc}fung</title>",
            "Zugriff verweigert: \u{dc}berpr\u{fc}fung",
        );
        let long = "x".repeat(500);
        let shown = format!("{}…", "x".repeat(200));
        check(&format!("<title>{long}</title>"), &shown);
    }

    #[test]
    fn anything_but_json_is_a_page() {
        check(b"", Some("no content"));
        check(b" \r\n", Some("no content"));
        check(
            b"<html><body>hello</body></html>",
            Some("an HTML page without a title"),
        );
        check(b"<title", Some("an HTML page without a title"));
        check(
            b"407 Proxy Authentication Required\n",
            Some("the text \"407 Proxy Authentication Required\""),
        );
        check(
            b"Blocked by policy: hush-hush",
            Some("the text \"Blocked by policy: (withheld)\""),
        );
        check(b"nullable", Some("the text \"nullable\""));
        check(
            b"\x1f\x8b\x08\0\0\0\xff\xfe",
            Some("something that is not JSON"),
        );
        for json in [
            "{}",
            "{\"Code\":\"OK\",\"Data\":{",
            "[",
            "\"OK\"",
            "\"OK",
            "null",
            " 7 ",
            "true",
        ] {
            check(json.as_bytes(), None);
        }
    }

    #[test]
    fn text_is_not_shown_where_secrets_are_expected() {
        let of =
            |body: &[u8]| Page::of(body, false, &Redactor::default()).map(|page| page.to_string());
        assert_eq!(
            of(b"a-token").as_deref(),
            Some("something that is not JSON")
        );
        assert_eq!(
            of(b"<title>Sign in</title>").as_deref(),
            Some("an HTML page with the title \"Sign in\"")
        );
    }
}
