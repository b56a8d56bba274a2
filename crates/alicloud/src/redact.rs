//! Takes secrets out of texts that others wrote, before they reach an error or a log.
//!
//! A service, or a proxy, may write them in any way: as they are, percent-encoded, with the escapes of JSON or HTML, in
//! base64, over several lines, or in one of these within another. So it is not the text that is searched but what it
//! stands for.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::credentials::{Credentials, access_key_hint};

/// How much of a strange response an error shows, in characters.
const EXCERPT: usize = 200;

/// Bytes of the shortest text that is taken for a secret.
const MIN_SECRET: usize = 4;
/// Bytes of the shortest secret that is found in base64, or with blanks within. Others would be found by chance.
const MIN_LONG: usize = 8;
/// Bytes of a text that are looked at. Nobody reads the rest, and it is left out.
const MAX_TEXT: usize = 64 * 1024;
/// How often a text is decoded.
const MAX_DEPTH: usize = 3;

/// What must not be seen in responses to one attempt. The service may repeat parts of the request.
#[derive(Default)]
pub(super) struct Redactor(Vec<Hidden>);

struct Hidden {
    /// The secret, and how base64 writes it wherever it begins.
    forms: Vec<Zeroizing<Vec<u8>>>,
    is_long: bool,
    substitute: String,
}

/// A byte that a text stands for, and where it stands.
struct Meaning {
    byte: u8,
    at: Range<usize>,
}

impl Redactor {
    /// Withholds the secrets of `credentials` and shortens the AccessKey ID.
    pub(super) fn of(credentials: Option<&Credentials>) -> Redactor {
        let mut redactor = Redactor::default();
        if let Some(credentials) = credentials {
            redactor.withhold(credentials.access_key_secret.expose());
            if let Some(token) = &credentials.security_token {
                redactor.withhold(token.expose());
            }
            let id = &credentials.access_key_id;
            redactor.replace(id, &access_key_hint(id));
        }
        redactor
    }

    /// Withholds a text, in whatever way it is written. A text of less than four characters is no secret, and replacing it
    /// would only spoil the message.
    pub(super) fn withhold(&mut self, secret: &str) {
        self.replace(secret, "(withheld)");
    }

    /// The text without what must not be seen.
    pub(super) fn clean(&self, text: &str) -> String {
        let text = &text[..text.floor_char_boundary(MAX_TEXT)];
        let mut clean = String::with_capacity(text.len());
        let mut end = 0;
        for (at, substitute) in self.found(text) {
            clean.push_str(&text[end..at.start]);
            clean.push_str(substitute);
            end = at.end;
        }
        clean.push_str(&text[end..]);
        clean
    }

    /// Where secrets are, in order and apart from each other, and what takes their place.
    fn found(&self, text: &str) -> Vec<(Range<usize>, &str)> {
        let mut found: Vec<(Range<usize>, &str)> = Vec::new();
        if self.0.is_empty() {
            return found;
        }
        let mut layer: Vec<Meaning> = text
            .bytes()
            .enumerate()
            .map(|(at, byte)| Meaning {
                byte,
                at: at..at + 1,
            })
            .collect();
        for depth in 0..=MAX_DEPTH {
            if depth > 0 {
                let Some(decoded) = decoded(&layer) else {
                    break;
                };
                layer = decoded;
            }
            let compact: Vec<&Meaning> = layer
                .iter()
                .filter(|meaning| !is_separator(meaning.byte))
                .collect();
            let whole: Vec<&Meaning> = layer.iter().collect();
            for hidden in &self.0 {
                let layer = if hidden.is_long { &compact } else { &whole };
                for form in &hidden.forms {
                    found.extend(places(layer, form).map(|at| (at, hidden.substitute.as_str())));
                }
            }
        }
        found.sort_by_key(|(at, _)| (at.start, std::cmp::Reverse(at.end)));
        let mut apart: Vec<(Range<usize>, &str)> = Vec::new();
        for (at, substitute) in found {
            match apart.last_mut() {
                Some((last, _)) if at.start < last.end => last.end = last.end.max(at.end),
                _ => apart.push((at, substitute)),
            }
        }
        apart
    }

    /// The beginning of a response, in one line of printable characters. `None` if there is nothing to show.
    pub(super) fn excerpt(&self, body: &[u8]) -> Option<String> {
        // A secret cut in two at the end of the excerpt would not be recognised, so redaction comes first.
        let body = &body[..body.len().min(MAX_TEXT)];
        let text = self.clean(&String::from_utf8_lossy(body));
        let mut words = String::new();
        for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
            if word.is_empty() {
                continue;
            }
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
            if words.chars().count() > EXCERPT {
                words = words.chars().take(EXCERPT).collect();
                words.push('…');
                break;
            }
        }
        (!words.is_empty()).then_some(words)
    }

    fn replace(&mut self, secret: &str, substitute: &str) {
        if secret.len() < MIN_SECRET {
            return;
        }
        let is_long = secret.len() >= MIN_LONG;
        let mut plain = Zeroizing::new(secret.as_bytes().to_vec());
        if is_long {
            // It is looked for without what separates words.
            plain.retain(|&byte| !is_separator(byte));
        }
        let mut forms = vec![plain];
        if is_long {
            for begin in 0..3 {
                let form = in_base64(secret, begin);
                let url_safe = form
                    .iter()
                    .map(|&byte| match byte {
                        b'+' => b'-',
                        b'/' => b'_',
                        byte => byte,
                    })
                    .collect();
                forms.extend([form, Zeroizing::new(url_safe)]);
            }
        }
        self.0.push(Hidden {
            forms,
            is_long,
            substitute: substitute.to_owned(),
        });
    }
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control()
}

/// The base64 of a secret that has so many bytes before it, without the characters that depend on what is around it.
fn in_base64(secret: &str, before: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(secret.as_bytes());
    let text = Zeroizing::new(STANDARD.encode(&*bytes));
    let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    Zeroizing::new(text.as_bytes()[start..end].to_vec())
}

/// Where a form begins and ends in the text.
fn places<'a>(layer: &'a [&Meaning], form: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    let starts = |window: &&[&Meaning]| {
        window
            .iter()
            .map(|meaning| meaning.byte)
            .eq(form.iter().copied())
    };
    layer
        .windows(form.len())
        .filter(starts)
        .map(|window| window[0].at.start..window[window.len() - 1].at.end)
}

/// What a text stands for if its escapes are resolved once. `None`: it has none.
fn decoded(layer: &[Meaning]) -> Option<Vec<Meaning>> {
    let mut result = Vec::with_capacity(layer.len());
    let mut changed = false;
    let mut rest = layer;
    while let Some(first) = rest.first() {
        let Some((character, length)) = escape(rest) else {
            result.push(Meaning {
                byte: first.byte,
                at: first.at.clone(),
            });
            rest = &rest[1..];
            continue;
        };
        changed = true;
        let at = first.at.start..rest[length - 1].at.end;
        let mut buffer = [0; 4];
        let bytes = match character {
            Escaped::Byte(byte) => {
                buffer[0] = byte;
                &buffer[..1]
            }
            Escaped::Character(character) => character.encode_utf8(&mut buffer).as_bytes(),
        };
        result.extend(bytes.iter().map(|&byte| Meaning {
            byte,
            at: at.clone(),
        }));
        rest = &rest[length..];
    }
    changed.then_some(result)
}

/// What an escape stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Escaped {
    Byte(u8),
    Character(char),
}

/// The escape that a text begins with, if it does, and its length in bytes.
fn escape(text: &[Meaning]) -> Option<(Escaped, usize)> {
    let byte = |at: usize| text.get(at).map(|meaning| meaning.byte);
    let number = |from: usize, to: usize, radix: u32| {
        (from..to).try_fold(0_u32, |number, at| {
            let digit = char::from(byte(at)?).to_digit(radix)?;
            number.checked_mul(radix)?.checked_add(digit)
        })
    };
    let character = |number: u32, length: usize| {
        char::from_u32(number).map(|found| (Escaped::Character(found), length))
    };
    match byte(0)? {
        b'%' => Some((Escaped::Byte(u8::try_from(number(1, 3, 16)?).ok()?), 3)),
        b'\\' => match byte(1)? {
            b'u' => character(number(2, 6, 16)?, 6),
            b'x' => Some((Escaped::Byte(u8::try_from(number(2, 4, 16)?).ok()?), 4)),
            b'n' | b'r' | b't' => Some((Escaped::Byte(b' '), 2)),
            plain @ (b'"' | b'\'' | b'/' | b'\\') => Some((Escaped::Byte(plain), 2)),
            _ => None,
        },
        b'&' => {
            // The longest has seven digits.
            let end = (2..10).find(|&at| byte(at) == Some(b';'))?;
            let name: Vec<u8> = (1..end).filter_map(byte).collect();
            match name.as_slice() {
                [b'#', b'x' | b'X', _, ..] => character(number(3, end, 16)?, end + 1),
                [b'#', _, ..] => character(number(2, end, 10)?, end + 1),
                b"amp" => character('&'.into(), end + 1),
                b"lt" => character('<'.into(), end + 1),
                b"gt" => character('>'.into(), end + 1),
                b"quot" => character('"'.into(), end + 1),
                b"apos" => character('\''.into(), end + 1),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Redactor;
    use crate::credentials::{Credentials, Secret};

    fn redactor() -> Redactor {
        let credentials = Credentials {
            access_key_id: "LTAI5tQnKxAbCdEfGhJkwXyZ".to_owned(),
            access_key_secret: Secret::new("sec/ret+="),
            security_token: Some(Secret::new("sec/ret+=and more")),
        };
        let mut redactor = Redactor::of(Some(&credentials));
        redactor.withhold("isv-code");
        redactor
    }

    #[test]
    fn every_form_is_replaced() {
        let check = |text: &str, expected: &str| assert_eq!(redactor().clean(text), expected);
        check("nothing", "nothing");
        check("a sec/ret+= b", "a (withheld) b");
        check("a sec%2Fret%2B%3D b", "a (withheld) b");
        check("a sec%252Fret%252B%253D b", "a (withheld) b");
        check("sec/ret+=and more", "(withheld)");
        check("IsvCode isv-code?", "IsvCode (withheld)?");
        check("LTAI5tQnKxAbCdEfGhJkwXyZ", "LTAI…wXyZ");
    }

    /// Each way to write a byte.
    const WRITTEN: [fn(u8) -> String; 9] = [
        |byte| char::from(byte).to_string(),
        |byte| format!("%{byte:02X}"),
        |byte| format!("%{byte:02x}"),
        |byte| format!("%25{byte:02x}"),
        |byte| format!("\\u{byte:04x}"),
        |byte| format!("\\x{byte:02X}"),
        |byte| format!("&#{byte};"),
        |byte| format!("&#x{byte:x};"),
        |byte| format!("{}\r\n ", char::from(byte)),
    ];

    #[test]
    fn every_escaping_is_found() {
        let redactor = redactor();
        let wrong = |text: &str| {
            let clean = redactor.clean(text);
            let words: Vec<&str> = clean.split_whitespace().collect();
            words != ["a", "(withheld)", "b"]
        };
        for secret in ["sec/ret+=", "sec/ret+=and more", "isv-code"] {
            for write in WRITTEN {
                let text: String = secret.bytes().map(write).collect();
                let text = format!("a {text} b");
                assert!(!wrong(&text), "{text}: {}", redactor.clean(&text));
            }
        }
        // Each byte in another way.
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..500 {
            let written: String = "sec/ret+="
                .bytes()
                .map(|byte| WRITTEN[random.usize(..WRITTEN.len())](byte))
                .collect();
            let text = format!("a {written} b");
            assert!(!wrong(&text), "{text}: {}", redactor.clean(&text));
        }
        for text in [
            "a sec\\/ret+= b",
            "a sec\\\\u002fret+= b",
            "a sec&amp;#47;ret%2B= b",
        ] {
            assert!(!wrong(text), "{text}: {}", redactor.clean(text));
        }
    }

    #[test]
    fn base64_is_found_wherever_the_secret_begins() {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let redactor = redactor();
        for before in ["", "k", "ke", "key", "{\"k\":\""] {
            for after in ["", "\"", "\"}", "and so on"] {
                let text = format!("{before}isv-code{after}");
                for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    let clean = redactor.clean(&encoded);
                    assert!(clean.contains("(withheld)"), "{text}: {encoded}: {clean}");
                    let folded = encoded.replace('c', "c\r\n").replace('+', "%2b");
                    assert!(redactor.clean(&folded).contains("(withheld)"), "{folded}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "100% of \\users & co; \\u12 %2 &#; &#x; &#1234567890; é \u{1f600} %",
            "isv code",
            "sec%2",
            "",
        ] {
            assert_eq!(redactor().clean(text), text);
        }
        let mut short = Redactor::default();
        short.withhold("abc");
        short.withhold("word");
        assert_eq!(short.clean("abc w ord word"), "abc w ord (withheld)");
    }

    #[test]
    fn excerpts() {
        let check = |body: &[u8], expected: Option<&str>| {
            assert_eq!(redactor().excerpt(body).as_deref(), expected);
        };
        check(b"", None);
        check(b" \r\n\t", None);
        check(b"<html>\r\n  <h1>502</h1>\0", Some("<html> <h1>502</h1>"));
        check(b"\xff isv-code", Some("\u{fffd} (withheld)"));
        let long = "x".repeat(300);
        check(long.as_bytes(), Some(&format!("{}…", "x".repeat(200))));
        let late = format!("{}isv-code", "x".repeat(196));
        check(late.as_bytes(), Some(&format!("{}(wit…", "x".repeat(196))));
    }
}
