//! Takes secrets out of texts that others wrote, before they reach an error or a log.

use super::credentials::{Credentials, access_key_hint};
use super::signature::percent_encode;

/// How much of a strange response an error shows, in characters.
const EXCERPT: usize = 200;

/// What must not be seen in responses to one attempt. The service may repeat parts of the request.
#[derive(Default)]
pub(super) struct Redactor {
    // Longest first, so that no secret hides within another one.
    replacements: Vec<(zeroize::Zeroizing<String>, String)>,
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

    /// Withholds a text, also where it is percent-encoded once or twice. A text of less than four characters is no
    /// secret, and replacing it would only spoil the message.
    pub(super) fn withhold(&mut self, secret: &str) {
        self.replace(secret, "(withheld)");
    }

    /// The text without what must not be seen.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, substitute) in &self.replacements {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), substitute);
            }
        }
        text
    }

    /// The beginning of a response, in one line of printable characters. `None` if there is nothing to show.
    pub(super) fn excerpt(&self, body: &[u8]) -> Option<String> {
        // A secret cut in two at the end of the excerpt would not be recognised, so redaction comes first.
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
        if secret.len() < 4 {
            return;
        }
        let once = percent_encode(secret);
        let twice = percent_encode(&once);
        for form in [secret.to_owned(), once, twice] {
            self.replacements
                .push((zeroize::Zeroizing::new(form), substitute.to_owned()));
        }
        self.replacements
            .sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
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
