//! Signature V1 of RPC style APIs (HMAC-SHA1), stage by stage.
//!
//! Source: the vendor's page "RPC style: request syntax and signature method V2", whose wire marker is
//! `SignatureMethod=HMAC-SHA1` and `SignatureVersion=1.0`. Query and form parameters are signed alike, decoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::percent_encode;
use crate::credentials::Secret;

/// What is signed: the method, the encoded path (always `/`) and the encoded canonicalized query string.
pub(crate) fn string_to_sign(method: &str, canonical_query: &str) -> String {
    format!("{method}&%2F&{}", percent_encode(canonical_query))
}

/// The value of the parameter `Signature`: Base64, not yet percent-encoded.
pub(crate) fn signature(secret: &Secret, string_to_sign: &str) -> String {
    let key = zeroize::Zeroizing::new(format!("{}&", secret.expose()));
    // An HMAC takes a key of any length; the type cannot say so.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else {
        unreachable!("HMAC accepts keys of any length");
    };
    mac.update(string_to_sign.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{signature, string_to_sign};
    use crate::credentials::Secret;
    use crate::signature::canonical_query;
    use crate::signature::vectors::{V1, borrowed, load};

    fn check(case: &V1) {
        let id = &case.id;
        let canonical = canonical_query(borrowed(&case.query).chain(borrowed(&case.form)));
        assert_eq!(
            canonical, case.canonical_query,
            "{id}: canonicalized query string"
        );
        let to_sign = string_to_sign(&case.method, &canonical);
        assert_eq!(to_sign, case.string_to_sign, "{id}: string to sign");
        let secret = Secret::new(case.access_key_secret.as_str());
        assert_eq!(
            signature(&secret, &to_sign),
            case.signature,
            "{id}: signature"
        );
    }

    #[test]
    fn vectors() {
        let cases = load().rpc_v1;
        assert_eq!(cases.len(), 19);
        cases.iter().for_each(check);
    }
}
