//! What a signature must be: the two signing methods, recomputed from what was received.
//!
//! V1 is the RPC signature with HMAC-SHA1 (a parameter of the request), V3 is `ACS3-HMAC-SHA256` (a header). Both are
//! written from the vendor's public documentation ("Request syntax and signature method V3", and the same of the older
//! RPC style), on purpose without a line of the client that they judge. Must not contain: clocks, keys, error responses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::request::Received;

/// Name of the only V3 algorithm spoken here.
pub(super) const ACS3: &str = "ACS3-HMAC-SHA256";

/// Everything is escaped but letters, digits and `- _ . ~` (RFC 3986, unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// String to sign of V1: method, escaped path, escaped and sorted parameters without `Signature`.
pub(super) fn v1_string_to_sign(received: &Received) -> String {
    let parameters = received
        .parameters()
        .filter(|(name, _)| *name != "Signature");
    let canonical = canonical_query(parameters);
    format!("{}&%2F&{}", received.method, escape(&canonical))
}

/// Base64 of HMAC-SHA1 under the secret and an ampersand.
pub(super) fn v1_signature(secret: &str, string_to_sign: &str) -> String {
    let key = format!("{secret}&");
    let mac = Hmac::<Sha1>::new_from_slice(key.as_bytes())
        .map(|mac| mac.chain_update(string_to_sign).finalize().into_bytes());
    // HMAC takes keys of every length; the error type is that of ciphers.
    mac.map(|mac| STANDARD.encode(mac)).unwrap_or_default()
}

/// The three parts of a V3 `Authorization` header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) signed_headers: Vec<&'a str>,
    pub(super) signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Reads `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=…`; an error says what is missing.
    pub(super) fn parse(header: &'a str) -> Result<Self, AuthorizationError> {
        let (algorithm, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if algorithm != ACS3 {
            return Err(AuthorizationError::Algorithm(algorithm.to_owned()));
        }
        let part = |name: &'static str| {
            rest.split(',')
                .filter_map(|part| part.trim().split_once('='))
                .find(|(key, value)| *key == name && !value.is_empty())
                .map(|(_, value)| value)
                .ok_or(AuthorizationError::Missing(name))
        };
        Ok(Authorization {
            access_key_id: part("Credential")?,
            signed_headers: part("SignedHeaders")?.split(';').collect(),
            signature: part("Signature")?,
        })
    }
}

/// Why an `Authorization` header could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AuthorizationError {
    Algorithm(String),
    Missing(&'static str),
}

/// The canonical request of V3, with the header list that the client chose and the body as it came.
pub(super) fn v3_canonical_request(received: &Received, signed_headers: &[&str]) -> String {
    let query = received
        .query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let mut names: Vec<String> = signed_headers
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    names.sort();
    let mut headers = String::new();
    for name in &names {
        let mut values: Vec<&str> = received
            .headers
            .iter()
            .filter(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect();
        values.sort_unstable();
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    [
        received.method.as_str(),
        &received.path,
        &canonical_query(query),
        &headers,
        &names.join(";"),
        &hex(&Sha256::digest(&received.body)),
    ]
    .join("\n")
}

/// String to sign of V3: the algorithm and the digest of the canonical request.
pub(super) fn v3_string_to_sign(canonical_request: &str) -> String {
    format!(
        "{ACS3}\n{}",
        hex(&Sha256::digest(canonical_request.as_bytes()))
    )
}

/// Lower-case hexadecimal HMAC-SHA256 under the bare secret.
pub(super) fn v3_signature(secret: &str, string_to_sign: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map(|mac| mac.chain_update(string_to_sign).finalize().into_bytes());
    // HMAC takes keys of every length; the error type is that of ciphers.
    mac.map(|mac| hex(&mac)).unwrap_or_default()
}

/// HMAC-SHA256 as raw bytes, for the `HS256` tokens that the emulated STS checks.
pub(super) fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

/// Percent-encodes by RFC 3986, upper-case hexadecimal digits.
pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Sorted by the bytes of the decoded name, then of the value.
fn canonical_query<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut parameters: Vec<(&str, &str)> = parameters.collect();
    parameters.sort_unstable();
    let pairs: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const VECTORS: &str = include_str!("testdata/signature-vectors.json");

    fn vectors(group: &str) -> Vec<Value> {
        let all: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
        all[group].as_array().expect("a list of vectors").clone()
    }

    fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
        vector[key]
            .as_str()
            .unwrap_or_else(|| panic!("{} has no text {key}", vector["id"]))
    }

    fn pairs(value: &Value) -> Vec<(String, String)> {
        let Some(map) = value.as_object() else {
            return Vec::new();
        };
        map.iter()
            .map(|(name, value)| (name.clone(), value.as_str().expect("text").to_owned()))
            .collect()
    }

    #[test]
    fn every_v1_vector_is_reproduced() {
        let vectors = vectors("rpc_v1");
        assert_eq!(vectors.len(), 19);
        for vector in &vectors {
            let received = Received {
                method: text(vector, "method").to_owned(),
                query: pairs(&vector["query"]),
                form: pairs(&vector["form"]),
                ..Received::default()
            };
            let string_to_sign = v1_string_to_sign(&received);
            assert_eq!(string_to_sign, text(vector, "string_to_sign"));
            let signature = v1_signature(text(vector, "access_key_secret"), &string_to_sign);
            assert_eq!(signature, text(vector, "signature"), "{}", vector["id"]);
        }
    }

    #[test]
    fn every_v3_vector_is_reproduced() {
        let vectors = vectors("acs3");
        assert_eq!(vectors.len(), 14);
        for vector in &vectors {
            let headers = pairs(&vector["headers"]);
            let received = Received {
                method: text(vector, "method").to_owned(),
                path: text(vector, "path").to_owned(),
                query: pairs(&vector["query"]),
                headers,
                body: text(vector, "body").as_bytes().to_vec(),
                ..Received::default()
            };
            let authorization = Authorization::parse(text(vector, "authorization"))
                .unwrap_or_else(|error| panic!("{}: {error:?}", vector["id"]));
            assert_eq!(
                authorization.access_key_id,
                text(vector, "access_key_id"),
                "{}",
                vector["id"]
            );
            let canonical = v3_canonical_request(&received, &authorization.signed_headers);
            assert_eq!(canonical, text(vector, "canonical_request"));
            let string_to_sign = v3_string_to_sign(&canonical);
            assert_eq!(string_to_sign, text(vector, "string_to_sign"));
            let signature = v3_signature(text(vector, "access_key_secret"), &string_to_sign);
            assert_eq!(signature, authorization.signature, "{}", vector["id"]);
        }
    }

    #[test]
    fn authorization_header_is_parsed_or_refused() {
        let good = "ACS3-HMAC-SHA256 Credential=k, SignedHeaders=a;b, Signature=s";
        let expected = Authorization {
            access_key_id: "k",
            signed_headers: vec!["a", "b"],
            signature: "s",
        };
        assert_eq!(Authorization::parse(good), Ok(expected));
        for (header, error) in [
            (
                "Bearer abc",
                AuthorizationError::Algorithm("Bearer".to_owned()),
            ),
            (
                "ACS3-HMAC-SHA256",
                AuthorizationError::Missing("Credential"),
            ),
            (
                "ACS3-HMAC-SHA256 Credential=,SignedHeaders=a,Signature=s",
                AuthorizationError::Missing("Credential"),
            ),
            (
                "ACS3-HMAC-SHA256 Credential=k,Signature=s",
                AuthorizationError::Missing("SignedHeaders"),
            ),
            (
                "ACS3-HMAC-SHA256 Credential=k,SignedHeaders=a",
                AuthorizationError::Missing("Signature"),
            ),
        ] {
            assert_eq!(Authorization::parse(header), Err(error), "{header}");
        }
    }
}
