//! Tokens of OIDC providers: judged by issuer, audience and expiry, unsigned or under `HS256`.
//!
//! Codes are those of the public page of `AssumeRoleWithOIDC`. Must not contain: roles and their trust.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use time::OffsetDateTime;

use super::entities::OidcProvider;
use super::response::Refusal;
use super::signature::hmac_sha256;

/// The claims of a token that its provider vouches for.
pub(super) fn judge_token(
    provider: &OidcProvider,
    token: &str,
    now: OffsetDateTime,
) -> Result<Value, Refusal> {
    let fail = |what: &str, message: &str| {
        Refusal::gateway(
            401,
            &format!("AuthenticationFail.OIDCToken.{what}"),
            message,
        )
    };
    let invalid = || fail("Invalid", "This JWT token format is invalid.");
    let part = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        serde_json::from_slice::<Value>(&bytes).map_err(|_| invalid())
    };
    let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
    let (header, claims) = signed.split_once('.').ok_or_else(invalid)?;
    let header = part(header)?;
    let claims = part(claims)?;
    let genuine = match &provider.hs256_key {
        None => header["alg"] == "none" && signature.is_empty(),
        Some(key) => {
            let expected = hmac_sha256(key.as_bytes(), signed.as_bytes());
            header["alg"] == "HS256" && signature == URL_SAFE_NO_PAD.encode(expected)
        }
    };
    if !genuine {
        return Err(fail(
            "InvalidSignature",
            "This JWT token signature is invalid.",
        ));
    }
    if claims["iss"] != *provider.issuer {
        return Err(fail(
            "Invalid",
            "The issuer of this JWT token is not the provider's.",
        ));
    }
    let accepted = |audience: &Value| {
        let mut audiences = provider.audiences.iter();
        audiences.any(|known| audience == known.as_str())
    };
    let audience_fits = match &claims["aud"] {
        Value::Array(audiences) => audiences.iter().any(accepted),
        audience => accepted(audience),
    };
    if !audience_fits {
        return Err(fail(
            "AudienceNotMatch",
            "This JWT token audience does not match.",
        ));
    }
    let expires = claims["exp"].as_i64().ok_or_else(invalid)?;
    if expires <= now.unix_timestamp() {
        return Err(fail("Expired", "This JWT token has expired."));
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-15 08:30:00 UTC);

    fn token(key: Option<&str>, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = match key {
            Some(key) => URL_SAFE_NO_PAD.encode(hmac_sha256(key.as_bytes(), signed.as_bytes())),
            None => String::new(),
        };
        format!("{signed}.{signature}")
    }

    fn check(provider_key: Option<&str>, token: &str, expected: Result<(), &str>) {
        let provider = OidcProvider {
            name: "ci".to_owned(),
            issuer: "https://ci.example".to_owned(),
            audiences: vec!["terraform".to_owned()],
            hs256_key: provider_key.map(str::to_owned),
        };
        let found = judge_token(&provider, token, NOW);
        let found = found.map(|_| ()).map_err(|refusal| {
            let code = refusal.code().to_owned();
            code.trim_start_matches("AuthenticationFail.OIDCToken.")
                .to_owned()
        });
        assert_eq!(found, expected.map_err(str::to_owned), "{token}");
    }

    #[test]
    fn invalid_tokens_are_refused() {
        let none = json!({"alg": "none"});
        let hs256 = json!({"alg": "HS256"});
        let good = json!({
            "iss": "https://ci.example", "aud": "terraform", "sub": "main",
            "exp": NOW.unix_timestamp() + 60,
        });
        let with = |key: &str, value: Value| {
            let mut claims = good.clone();
            claims[key] = value;
            claims
        };
        check(None, &token(None, &none, &good), Ok(()));
        check(Some("k"), &token(Some("k"), &hs256, &good), Ok(()));
        check(
            Some("k"),
            &token(Some("l"), &hs256, &good),
            Err("InvalidSignature"),
        );
        check(
            Some("k"),
            &token(None, &none, &good),
            Err("InvalidSignature"),
        );
        check(
            None,
            &token(Some("k"), &hs256, &good),
            Err("InvalidSignature"),
        );
        check(
            None,
            &token(None, &none, &with("aud", json!(["x", "terraform"]))),
            Ok(()),
        );
        check(
            None,
            &token(None, &none, &with("aud", json!("x"))),
            Err("AudienceNotMatch"),
        );
        check(
            None,
            &token(None, &none, &with("iss", json!("x"))),
            Err("Invalid"),
        );
        check(
            None,
            &token(None, &none, &with("exp", json!(0))),
            Err("Expired"),
        );
        check(
            None,
            &token(None, &none, &with("exp", json!("soon"))),
            Err("Invalid"),
        );
        check(None, "a.b.c", Err("Invalid"));
        check(None, "token", Err("Invalid"));
    }
}
