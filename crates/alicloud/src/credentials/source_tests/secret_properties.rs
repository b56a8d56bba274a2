//! Properties: a secret that stands anywhere in a credentials file, in the output of a program, in an environment variable
//! or in a response is in no error, in no `Debug` form and in no log, however it is written, and no part of it.
//!
//! The cases are made from a seed, so each run checks the same ones. What is looked for is decoded here on its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;
use crate::captured_log::CapturedLog;

/// So many characters of a secret are a part of it. An AccessKey ID may be shown with four at each end.
const PART: usize = 10;
/// And so many characters of its base64.
const ENCODED_PART: usize = 16;

/// Random numbers, and the secrets that were made with them.
struct Maker {
    random: fastrand::Rng,
    secrets: Vec<String>,
}

impl Maker {
    fn new(seed: u64) -> Maker {
        Maker {
            random: fastrand::Rng::with_seed(seed),
            secrets: Vec::new(),
        }
    }

    /// Such as an AccessKey secret.
    fn secret(&mut self) -> String {
        let secret: String = (0..30).map(|_| self.random.alphanumeric()).collect();
        self.secrets.push(secret.clone());
        secret
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.random.usize(..count) == 0
    }

    fn choose<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.random.usize(..from.len())]
    }

    /// A secret as somebody may write it.
    fn written(&mut self, secret: &str) -> String {
        match self.random.u8(..7) {
            0 => return STANDARD.encode(format!("key={secret};")),
            1 => return URL_SAFE_NO_PAD.encode(secret),
            2 => return format!("'{secret}'"),
            3 => return secret.to_owned(),
            _ => {}
        }
        let way = self.random.u8(..5);
        let mut text = String::new();
        for byte in secret.bytes() {
            let _ = match way {
                _ if self.one_in(2) => write!(text, "{}", char::from(byte)),
                0 => write!(text, "%{byte:02x}"),
                1 => write!(text, "%25{byte:02X}"),
                2 => write!(text, "\\u{byte:04x}"),
                3 => write!(text, "&#{byte};"),
                _ => write!(text, "{}\\n", char::from(byte)),
            };
        }
        text
    }

    /// Puts a secret in the place of a random value or name, or around the whole. `keep`: names whose values stay.
    fn place(&mut self, document: &mut Value, keep: &[&str]) {
        let secret = self.secret();
        let mut places = Vec::new();
        pointers(document, String::new(), keep, &mut places);
        let place = places[self.random.usize(..places.len())].clone();
        let value = document.pointer_mut(&place).expect("it is there");
        *value = match self.random.u8(..6) {
            0 => json!([secret]),
            1 => json!({secret: value.take()}),
            2 => json!({"x": secret}),
            3 => json!(format!("{secret} ")),
            _ => json!(secret),
        };
    }

    /// The bytes of a file or a response, which may be damaged. `within`: also in the middle, where a secret may be.
    fn damaged(&mut self, text: &str, within: bool) -> Vec<u8> {
        let mut text = text.to_owned();
        for secret in self.secrets.clone() {
            if self.one_in(3) {
                text = text.replace(&secret, &self.written(&secret));
            }
        }
        let mut at = self.random.usize(..=text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let mut bytes = text.clone().into_bytes();
        match self.random.u8(..10) {
            0 => bytes.truncate(at),
            1 if within => bytes.insert(at, 0xff),
            2 if within => {
                let damage = [
                    "{", "[", "\"", "\\", "\n", "\0", "=", "]", "\u{feff}", "#", "'",
                ];
                let damage = self.choose(&damage);
                text.insert_str(at, damage);
                bytes = text.into_bytes();
            }
            3 => {
                let secret = self.secret();
                let secret = self.written(&secret);
                bytes.extend_from_slice(format!("\n{secret}\n").as_bytes());
            }
            4 => {
                let secret = self.secret();
                let secret = self.written(&secret);
                bytes.splice(0..0, format!("{secret}\n").into_bytes());
            }
            _ => {}
        }
        bytes
    }

    /// Fails if a text has a part of a secret.
    fn check(&self, case: &dyn Fn() -> String, text: &str) {
        let mut parts = BTreeSet::new();
        for secret in &self.secrets {
            parts.extend(secret.as_bytes().windows(PART).map(<[u8]>::to_vec));
            for before in ["", "k", "ke"] {
                let encoded = URL_SAFE_NO_PAD.encode(format!("{before}{secret}"));
                let inner = &encoded.as_bytes()[4..encoded.len() - 4];
                parts.extend(inner.windows(ENCODED_PART).map(<[u8]>::to_vec));
            }
        }
        for reading in readings(text) {
            let plain = reading.as_bytes().windows(PART);
            let mut windows = plain.chain(reading.as_bytes().windows(ENCODED_PART));
            let found = windows.find(|window| parts.contains(*window));
            let found = found.map(String::from_utf8_lossy);
            assert!(
                found.is_none(),
                "{found:?} is shown: {text}\n\nCase: {}",
                case()
            );
        }
    }
}

fn pointers(value: &Value, at: String, keep: &[&str], found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if !keep.contains(&name.as_str()) {
                    pointers(value, format!("{at}/{name}"), keep, found);
                }
            }
        }
        Value::Array(elements) => {
            for (number, value) in elements.iter().enumerate() {
                pointers(value, format!("{at}/{number}"), keep, found);
            }
        }
        _ => {}
    }
    found.push(at);
}

/// What a text says, read with one after the other of its escapes resolved, and without what separates words.
fn readings(text: &str) -> Vec<String> {
    let mut readings = Vec::new();
    let mut text = text.to_owned();
    for _ in 0..5 {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        readings.push(compact.replace("\\n", ""));
        text = resolved(&text);
    }
    readings
}

fn resolved(text: &str) -> String {
    let hexadecimal = |text: &str| {
        let number = u32::from_str_radix(text, 16).ok()?;
        char::from_u32(number)
    };
    let mut result = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = [("%", 2), ("\\u", 4), ("\\x", 2)]
            .iter()
            .find_map(|(begin, digits)| {
                let after = rest.strip_prefix(begin)?;
                Some((hexadecimal(after.get(..*digits)?)?, begin.len() + digits))
            });
        let entity = || {
            let (number, _) = rest.strip_prefix("&#")?.split_once(';')?;
            let character = char::from_u32(number.parse().ok()?)?;
            Some((character, number.len() + 3))
        };
        let backslash = || rest.starts_with("\\\\").then_some(('\\', 2));
        match found.or_else(entity).or_else(backslash) {
            Some((character, length)) => {
                result.push(character);
                rest = &rest[length..];
            }
            None => {
                result.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    result
}

/// What is said by a source that is used, by its error, and by the log.
async fn said(source: &dyn CredentialsSource) -> String {
    let log = CapturedLog::start();
    let said = match source.credentials().await {
        Ok(credentials) => format!("{credentials:?}"),
        Err(error) => {
            let mut text = format!("{error:?} {error}");
            let mut next = StdError::source(&error);
            while let Some(cause) = next {
                let _ = write!(text, ": {cause} {cause:?}");
                next = cause.source();
            }
            text
        }
    };
    format!("{said} {source:?} {}", log.text())
}

/// A profile of each mode, with secrets where they belong.
fn profiles(maker: &mut Maker, url: &str) -> Vec<Value> {
    let mut profiles = vec![
        json!({"mode": "AK", "access_key_id": "LTAI5tQnKxAbCdEfGhJkwXyZ", "access_key_secret": ""}),
        json!({"mode": "StsToken", "access_key_id": "STS.x", "access_key_secret": "", "sts_token": ""}),
        json!({"mode": "RamRoleArn", "access_key_id": "k", "access_key_secret": "", "ram_role_arn": ROLE,
            "ram_session_name": "s", "external_id": "", "expired_seconds": 900}),
        json!({"mode": "ChainableRamRoleArn", "source_profile": "q", "ram_role_arn": ROLE, "ram_session_name": "s"}),
        json!({"mode": "EcsRamRole", "ram_role_name": "runner"}),
        json!({"mode": "RamRoleArnWithEcs", "ram_role_name": "runner", "ram_role_arn": ROLE, "ram_session_name": "s"}),
        json!({"mode": "OIDC", "oidc_provider_arn": "acs:ram::123:oidc-provider/ci", "oidc_token_file": "token",
            "ram_role_arn": ROLE, "ram_session_name": "s"}),
        json!({"mode": "CredentialsURI", "credentials_uri": format!("{url}/vend")}),
        json!({"mode": "CloudSSO", "cloud_sso_sign_in_url": url, "cloud_sso_account_id": "123",
            "cloud_sso_access_config": "ac-1", "access_token": "", "cloud_sso_access_token_expire": 4_102_444_800_i64}),
        json!({"mode": "OAuth", "oauth_site_type": "CN", "oauth_access_token": "", "oauth_refresh_token": ""}),
        json!({"mode": "External", "process_command": "/no/such/program"}),
        json!({"mode": "Nothing", "bearer_token": "", "private_key": ""}),
    ];
    for profile in &mut profiles {
        let fields = profile.as_object_mut().expect("an object");
        fields.insert("name".to_owned(), json!("p"));
        fields.insert("region_id".to_owned(), json!("ap-southeast-1"));
        for value in fields.values_mut().filter(|value| **value == json!("")) {
            *value = json!(maker.secret());
        }
    }
    profiles
}

fn ini_of(profile: &Value) -> String {
    let mut text = "[p]\n".to_owned();
    let types = [
        ("AK", "access_key"),
        ("RamRoleArn", "ram_role_arn"),
        ("EcsRamRole", "ecs_ram_role"),
        ("OIDC", "oidc_role_arn"),
    ];
    for (name, value) in profile.as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let value = types
            .iter()
            .find(|(mode, _)| *mode == value)
            .map_or(value.as_str(), |(_, kind)| kind);
        let name = if name == "mode" { "type" } else { name };
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

#[tokio::test]
async fn secrets_of_files_are_not_shown() {
    for seed in 0..150 {
        let mut maker = Maker::new(seed);
        let test = TestContext::new(&[refusal(403, "NoPermission")]).await;
        let profiles = profiles(&mut maker, &test.url());
        let is_ini = maker.one_in(4);
        let number = maker.random.usize(..profiles.len());
        let other = profiles[maker.random.usize(..2)].clone();
        let mut document =
            json!({"current": "p", "profiles": [profiles[number], other], "meta_path": "m"});
        document["profiles"][1]["name"] = json!("q");
        if !maker.one_in(4) {
            maker.place(&mut document, &[]);
        }
        let text = match is_ini {
            true => ini_of(&document["profiles"][0]) + &ini_of(&document["profiles"][1]),
            false => document.to_string(),
        };
        let text = maker.damaged(&text, true);
        let path = if is_ini {
            ".alibabacloud/credentials"
        } else {
            ".aliyun/config.json"
        };
        std::fs::write(test.file(path, ""), &text).expect("written");
        let selector = ProfileSelector {
            name: is_ini.then(|| "p".to_owned()),
            expected: maker.one_in(2),
            ..ProfileSelector::default()
        };
        let source = Profile::new(test.context(), selector);
        let said = said(&source).await;
        maker.check(
            &|| format!("{seed}: {}", String::from_utf8_lossy(&text)),
            &said,
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn secrets_of_programs_are_not_shown() {
    for seed in 0..40 {
        let mut maker = Maker::new(seed);
        let test = TestContext::new(&[]).await;
        let mut output = json!({"mode": "StsToken", "access_key_id": "STS.x", "access_key_secret": maker.secret(),
            "sts_token": maker.secret(), "expiration": "2026-01-15T09:30:05Z"});
        if !maker.one_in(4) {
            maker.place(&mut output, &[]);
        }
        let output = maker.damaged(&output.to_string(), true);
        std::fs::write(test.file("output", ""), &output).expect("written");
        let secret = maker.secret();
        let argument = maker.written(&secret).replace('\'', "");
        let exit = maker.choose(&["0", "0", "3"]);
        let command = format!(
            "sh -c 'cat {0}/output; cat {0}/output >&2; exit {exit}' '{argument}'",
            test.home.path().display()
        );
        let source =
            test.profiles(&json!([{"name": "p", "mode": "External", "process_command": command}]));
        let said = said(&source).await;
        maker.check(
            &|| format!("{seed}: {}", String::from_utf8_lossy(&output)),
            &said,
        );
    }
}

#[tokio::test]
async fn secrets_of_variables_are_not_shown() {
    for seed in 0..100 {
        let mut maker = Maker::new(seed);
        let mut test = TestContext::new(&[refusal(403, "NoPermission")]).await;
        let secret = maker.secret();
        let written = maker.written(&secret);
        let forms = [
            written.clone(),
            format!(" {written}"),
            format!("{written}\n"),
            format!("https://user:{written}@127.0.0.1:9"),
            format!("http://127.0.0.1:9/{written}?key={written}"),
            format!("ftp://127.0.0.1:9/{written}"),
            format!("acs:ram::123:role/{written} x"),
        ];
        let value = forms[maker.random.usize(..forms.len())].clone();
        let name = maker.choose(&[
            "ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT",
            "ALIBABA_CLOUD_OAUTH_ENDPOINT",
            "ALIBABA_CLOUD_CREDENTIALS_URI",
            "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS",
        ]);
        test.variables.insert(name, value.clone());
        let context = test.context();
        let metadata = InstanceMetadata {
            role: None,
            v2_only: false,
            expected: true,
        };
        let mut texts = vec![said(&*EcsMetadata::source(&context, metadata)).await];
        match CredentialsUri::source(&context, &value) {
            Ok(source) if !value.starts_with("http://127") => texts.push(format!("{source:?}")),
            Ok(source) => texts.push(said(&*source).await),
            Err(error) => texts.push(format!("{error} {error:?}")),
        }
        texts.extend(
            StaticKeys::new(&value, &written, None)
                .err()
                .map(|error| format!("{error} {error:?}")),
        );
        texts.extend(StaticKeys::new("k", &value, Some(&value)).map_or_else(
            |error| Some(format!("{error} {error:?}")),
            |keys| Some(format!("{keys:?}")),
        ));
        texts.extend(RoleArn::parse(&value).err().map(|error| error.to_string()));
        for mut profile in profiles(&mut maker, &test.url()) {
            if matches!(
                profile["mode"].as_str(),
                Some("OAuth" | "External" | "CredentialsURI")
            ) {
                profile["credentials_uri"] = Value::Null;
                texts.push(said(&test.profiles(&json!([profile]))).await);
            }
        }
        for text in texts {
            maker.check(&|| format!("{seed}: {name}={value}"), &text);
        }
    }
}

/// What the service sends back in a field that is shown is a secret of the request; elsewhere it may be any.
#[tokio::test]
async fn secrets_of_responses_are_not_shown() {
    const SHOWN: [&str; 7] = [
        "Code",
        "Message",
        "RequestId",
        "HostId",
        "Recommend",
        "error",
        "error_description",
    ];
    for seed in 0..150 {
        let mut maker = Maker::new(seed);
        let held = [maker.secret(), maker.secret()];
        let mut body = json!({"RequestId": "R-1", "HostId": "h", "Code": "Failed", "Message": "It failed.", "Recommend": "r",
            "error": "invalid", "error_description": "It is invalid.", "Success": false,
            "Credentials": session("STS.x"), "CloudCredential": session("STS.y"), "Expiration": "2026-01-15T09:30:05Z",
            "access_token": maker.secret(), "refresh_token": maker.secret(), "AccessKeySecret": maker.secret()});
        let vendor = maker.random.u8(..6);
        // Those that the request has.
        let sent = match vendor {
            0 | 3 => &held[..],
            5 => &held[1..],
            _ => &held[..1],
        };
        for name in SHOWN {
            if maker.one_in(2) {
                let secret = sent[maker.random.usize(..sent.len())].clone();
                body[name] = json!(format!("you sent {} to us", maker.written(&secret)));
            }
        }
        if maker.one_in(2) {
            maker.place(&mut body, &SHOWN);
        }
        let bytes = maker.damaged(&body.to_string(), false);
        let status = [200, 200, 400, 403, 404, 500, 502][maker.random.usize(..7)];
        let mut raw = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
            bytes.len()
        )
        .into_bytes();
        raw.extend_from_slice(&bytes);
        let reaction = Reaction::raw(&raw).cut();
        let reactions = match vendor {
            2 => vec![Reaction::response(200, &[], &held[0]), reaction],
            _ => vec![reaction],
        };
        let test = TestContext::new(&reactions).await;
        let keys = || {
            let keys = StaticKeys::new("LTAI5tQnKxAbCdEfGhJkwXyZ", &held[0], Some(&held[1]));
            test.context()
                .client
                .acting_as(Arc::new(keys.expect("valid keys")))
        };
        let mut role = role();
        role.external_id = Some(held[1].clone());
        let source: Arc<dyn CredentialsSource> = match vendor {
            0 => AssumedRole::source(keys(), role),
            1 => OidcRole::source(
                test.context().client,
                RoleWithOidc {
                    role,
                    oidc_provider_arn: "acs:ram::123:oidc-provider/ci".to_owned(),
                    token: OidcToken::Text(Secret::new(held[0].as_str())),
                },
            ),
            2 => EcsMetadata::source(
                &test.context(),
                InstanceMetadata {
                    role: Some("runner".to_owned()),
                    expected: true,
                    ..InstanceMetadata::default()
                },
            ),
            3 => {
                let url = format!("{}/{}?key={}", test.url(), held[0], held[1]);
                CredentialsUri::source(&test.context(), &url).expect("a URL")
            }
            4 => Arc::new(test.profiles(&json!([{"name": "p", "mode": "CloudSSO", "cloud_sso_sign_in_url": test.url(),
                "cloud_sso_account_id": "123", "cloud_sso_access_config": "ac-1", "access_token": held[0]}]))),
            _ => Arc::new(test.profiles(&json!([{"name": "p", "mode": "OAuth", "oauth_site_type": "CN",
                "oauth_access_token": held[0], "oauth_access_token_expire": 0, "oauth_refresh_token": held[1]}]))),
        };
        let said = said(&*source).await;
        maker.check(
            &|| {
                format!(
                    "{seed}, vendor {vendor}, HTTP {status}: {}",
                    String::from_utf8_lossy(&bytes)
                )
            },
            &said,
        );
    }
}
