//! Signature V3 (`ACS3-HMAC-SHA256`), stage by stage.
//!
//! Source: the vendor's page "Request syntax and signature method V3". The key is the bare secret: nothing is derived
//! from it, and no date or region is part of it.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::credentials::Secret;

/// The name of the algorithm, as `Authorization` and the string to sign carry it.
pub(crate) const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The headers of a request as they are signed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CanonicalHeaders {
    /// `name:value` and a newline for each, names in lower case and sorted, values trimmed.
    pub block: String,
    /// The names, joined with `;`.
    pub names: String,
}

/// The lower-case hexadecimal SHA-256 of the body, exactly as sent.
pub(crate) fn hashed_payload(body: &[u8]) -> String {
    hexadecimal(&Sha256::digest(body))
}

/// Puts headers into canonical form. Values under one name are sorted and joined with a comma.
pub(crate) fn canonical_headers<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> CanonicalHeaders {
    let mut sorted: Vec<(String, &str)> = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    sorted.sort_unstable();
    let mut block = String::new();
    let mut names = String::new();
    let mut previous: Option<&str> = None;
    for (name, value) in &sorted {
        if previous == Some(name.as_str()) {
            block.pop();
            block.push(',');
        } else {
            if previous.is_some() {
                names.push(';');
            }
            names.push_str(name);
            block.push_str(name);
            block.push(':');
        }
        block.push_str(value);
        block.push('\n');
        previous = Some(name);
    }
    CanonicalHeaders { block, names }
}

/// The request in canonical form. `path` is encoded already; it is `/` for RPC style APIs.
pub(crate) fn canonical_request(
    method: &str,
    path: &str,
    canonical_query: &str,
    headers: &CanonicalHeaders,
    hashed_payload: &str,
) -> String {
    let CanonicalHeaders { block, names } = headers;
    format!("{method}\n{path}\n{canonical_query}\n{block}\n{names}\n{hashed_payload}")
}

/// What is signed: the algorithm and the hash of the canonical request.
pub(crate) fn string_to_sign(canonical_request: &str) -> String {
    format!(
        "{ALGORITHM}\n{}",
        hashed_payload(canonical_request.as_bytes())
    )
}

/// The signature, in lower-case hexadecimal.
pub(crate) fn signature(secret: &Secret, string_to_sign: &str) -> String {
    // An HMAC takes a key of any length; the type cannot say so.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        unreachable!("HMAC accepts keys of any length");
    };
    mac.update(string_to_sign.as_bytes());
    hexadecimal(&mac.finalize().into_bytes())
}

/// The value of the header `Authorization`.
pub(crate) fn authorization(access_key_id: &str, signed_headers: &str, signature: &str) -> String {
    format!(
        "{ALGORITHM} Credential={access_key_id},SignedHeaders={signed_headers},Signature={signature}"
    )
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{
        authorization, canonical_headers, canonical_request, hashed_payload, signature,
        string_to_sign,
    };
    use crate::credentials::Secret;
    use crate::signature::canonical_query;
    use crate::signature::vectors::{V3, borrowed, load};

    fn check(case: &V3) {
        let id = &case.id;
        let query = canonical_query(borrowed(&case.query));
        assert_eq!(query, case.canonical_query, "{id}: canonical query");
        let headers = canonical_headers(borrowed(&case.headers));
        assert_eq!(
            headers.block, case.canonical_headers,
            "{id}: canonical headers"
        );
        assert_eq!(headers.names, case.signed_headers, "{id}: signed headers");
        let payload = hashed_payload(case.body.as_bytes());
        assert_eq!(payload, case.hashed_payload, "{id}: hashed payload");
        let request = canonical_request(&case.method, &case.path, &query, &headers, &payload);
        assert_eq!(request, case.canonical_request, "{id}: canonical request");
        assert_eq!(
            hashed_payload(request.as_bytes()),
            case.hashed_canonical_request,
            "{id}: hashed canonical request"
        );
        let to_sign = string_to_sign(&request);
        assert_eq!(to_sign, case.string_to_sign, "{id}: string to sign");
        let secret = Secret::new(case.access_key_secret.as_str());
        let signed = signature(&secret, &to_sign);
        assert_eq!(signed, case.signature, "{id}: signature");
        assert_eq!(
            authorization(&case.access_key_id, &headers.names, &signed),
            case.authorization,
            "{id}: authorization"
        );
    }

    #[test]
    fn vectors() {
        let cases = load().acs3;
        assert_eq!(cases.len(), 14);
        cases.iter().for_each(check);
    }

    #[test]
    fn values_under_one_name_are_joined() {
        let headers = canonical_headers([("X-Acs-B", "2"), ("a", " 1 "), ("x-acs-b", "1")]);
        assert_eq!(headers.block, "a:1\nx-acs-b:1,2\n");
        assert_eq!(headers.names, "a;x-acs-b");
    }
}
