//! What must hold for any response of a service, a gateway or whatever stands in between.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{http::RawResponse, product::Envelope, redact::Redactor, response::RequestContext};

/// In the corpus, so that responses repeat it.
const SECRET: &str = "S3cr3t+/=T0ken";

const STATUSES: [u16; 12] = [200, 201, 204, 302, 400, 403, 404, 429, 500, 502, 503, 504];

const HEADERS: [&str; 8] = [
    "content-type",
    "x-acs-request-id",
    "x-acs-retry-after",
    "x-ratelimit-user",
    "x-ratelimit-user-api",
    "retry-after",
    "date",
    "location",
];

/// An response: one byte for the status, one for what was asked, a line of headers by their position, and the body. It is
/// a success or a failure in few words, and in none of them is a secret.
pub fn response(input: &[u8]) {
    let (status, input) = input.split_first().unwrap_or((&0, input));
    let (asked, input) = input.split_first().unwrap_or((&0, input));
    let at = input.iter().position(|byte| *byte == b'\n');
    let (headers, body) = at.map_or((input, input), |at| (&input[..at], &input[at + 1..]));
    let received = RawResponse {
        status: STATUSES[usize::from(*status) % STATUSES.len()],
        headers: header_map(headers),
        body: body.to_vec().into(),
    };
    let mut redactor = Redactor::default();
    redactor.withhold(SECRET);
    let asked = RequestContext {
        envelope: if asked & 1 == 0 {
            Envelope::CodeOk
        } else {
            Envelope::NoCode
        },
        string_to_sign: (asked & 2 == 0).then_some("POST&%2F&Action%3DChatappBindWaba"),
        temporary_credentials: asked & 4 != 0,
        secret_response: asked & 8 != 0,
        redactor: &redactor,
    };
    let shown = match received.judge(&asked) {
        Ok(accepted) => format!("{:?}", accepted.request_id),
        Err(failure) => {
            let wait = failure.server_wait;
            assert!(wait.is_none_or(|wait| !wait.is_zero()), "a wait of nothing");
            format!(
                "{} {:?} {:?} {wait:?}",
                failure.kind, failure.kind, failure.request_id
            )
        }
    };
    assert!(!shown.contains(SECRET), "{shown}");
}

/// `0: value;1: value`. What is no header value is left out; what comes from the wire is one.
fn header_map(text: &[u8]) -> HeaderMap {
    text.split(|byte| *byte == b';')
        .filter_map(|header| {
            let (name, value) = header.split_first()?;
            let name = HEADERS[usize::from(*name) % HEADERS.len()];
            let value = HeaderValue::from_bytes(value.trim_ascii()).ok()?;
            Some((HeaderName::from_static(name), value))
        })
        .collect()
}

#[cfg(test)]
mod corpus {
    use std::{fs, path::Path, time::Instant};

    type Target = fn(&[u8]);

    /// Every file of every target's corpus through the targets of this crate: what is hostile to one may be so to another.
    #[test]
    fn corpus_inputs_do_not_panic() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        let targets: [(&str, Target); 1] = [("response", super::response)];
        let mut files = 0;
        for folder in fs::read_dir(corpus).expect("there is a corpus") {
            let folder = folder.expect("a readable entry").path();
            for entry in fs::read_dir(folder).expect("a folder for each target") {
                let path = entry.expect("a readable entry").path();
                let bytes = fs::read(&path).expect("a readable file");
                files += 1;
                for (name, target) in targets {
                    let started = Instant::now();
                    target(&bytes);
                    let elapsed = started.elapsed();
                    assert!(
                        elapsed.as_secs() < 10,
                        "{} took {name} {elapsed:?}",
                        path.display()
                    );
                }
            }
        }
        assert!(files >= 60, "{files} files only");
    }
}
