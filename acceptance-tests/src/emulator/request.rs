//! One received request, taken apart: method, path, parameters of query and form body, headers.
//!
//! Must not contain: an opinion about what the request asks for.

use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;

/// What came over the wire, decoded once and for all readers.
///
/// Names and values of parameters are decoded text; header names are lower case.
#[derive(Debug, Clone, Default)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) form: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    /// Takes a request apart; an error is a sentence about what cannot be decoded.
    pub(super) fn new(parts: &Parts, body: Vec<u8>) -> Result<Self, String> {
        let headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let query = decode_pairs(parts.uri.query().unwrap_or_default())?;
        let mut received = Received {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query,
            form: Vec::new(),
            headers,
            body,
        };
        let is_form = received
            .header("content-type")
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if is_form {
            let text = std::str::from_utf8(&received.body)
                .map_err(|_| "the form body is not UTF-8".to_owned())?;
            received.form = decode_pairs(text)?;
        }
        Ok(received)
    }

    /// The first header of that (lower-case) name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name)?;
        Some(&found.1)
    }

    /// The first parameter of that name, of the query or the form body.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self
            .parameters()
            .find(|(parameter, _)| *parameter == name)?;
        Some(found.1)
    }

    /// Every parameter, query first.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query
            .iter()
            .chain(&self.form)
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Decodes `a=1&b=x%20y+z`; an absent `=` is an empty value.
fn decode_pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, String> {
    let blanks = text.replace('+', " ");
    percent_decode_str(&blanks)
        .decode_utf8()
        .map(|decoded| decoded.into_owned())
        .map_err(|_| format!("the parameter text \"{text}\" is not UTF-8 once decoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let pairs = decode_pairs(text).expect("decodable");
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(pairs, expected, "{text}");
    }

    #[test]
    fn parameters_are_decoded() {
        check("", &[]);
        check("a=1&b=2", &[("a", "1"), ("b", "2")]);
        check("a=x%20y+z", &[("a", "x y z")]);
        check("a=&b", &[("a", ""), ("b", "")]);
        check("a=1%3D2=3", &[("a", "1=2=3")]);
        check("%E4%BD%A0=%F0%9F%98%80", &[("你", "😀")]);
        check("a=%2B", &[("a", "+")]);
    }

    #[test]
    fn invalid_utf8_is_refused() {
        assert!(decode_pairs("a=%FF").is_err());
    }
}
