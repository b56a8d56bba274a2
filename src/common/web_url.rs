//! URLs of web servers in configurations and responses. Path, query and user information may hold a secret, such as the token
//! of a webhook, so that no message prints more than scheme, host and port.

/// Whether a text begins like a URL of a web server and has no white space. The error never has the text.
///
/// # Errors
/// What is wrong, as a sentence goes on from the name of the attribute.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let shown = |c: char| c.escape_debug();
    if let Some(first) = text.chars().next().filter(|&c| c.is_whitespace()) {
        let first = shown(first);
        return Err(format!(
            "must not have white space around it, but begins with \"{first}\""
        ));
    }
    if let Some(last) = text.chars().next_back().filter(|&c| c.is_whitespace()) {
        let last = shown(last);
        return Err(format!(
            "must not have white space around it, but ends with \"{last}\""
        ));
    }
    let is_blank = |c: &char| c.is_whitespace() || c.is_control();
    if let Some(blank) = text.chars().find(is_blank) {
        let blank = shown(blank);
        return Err(format!(
            "must not have white space in it, but has \"{blank}\""
        ));
    }
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with(['/', '?', '#']) => Ok(()),
        _ => Err(
            "must be a URL that begins with https:// or http:// and the name of a host. The value is not shown here, because \
             it may be secret"
                .to_owned(),
        ),
    }
}

/// Scheme, host and port of a URL, for messages: `https://shop.example:8443`. Of a text that is no such URL nothing is shown.
pub(crate) fn origin(url: &str) -> String {
    find_origin(url).unwrap_or_else(|| "another URL".to_owned())
}

fn find_origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => host,
        None => authority,
    };
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, port),
        _ => (host, ""),
    };
    let is_address = name.starts_with('[') && name.ends_with(']');
    let is_of_host = |c: char| {
        c.is_alphanumeric() || matches!(c, '-' | '.' | '_') || is_address && "[]:".contains(c)
    };
    let is_web = ["https", "http"].contains(&&*scheme);
    let is_host = !name.is_empty() && name.chars().all(is_of_host);
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    (is_web && is_host && is_port).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_have_a_scheme_and_no_blanks() {
        let check = |text: &str, expected: Result<(), &str>| match (check(text), expected) {
            (Ok(()), Ok(())) => {}
            (Err(found), Err(part)) => assert!(found.contains(part), "{text}: {found}"),
            (found, _) => panic!("{text}: {found:?}"),
        };
        check("https://example.com/a?b=c", Ok(()));
        check("http://127.0.0.1:8080/", Ok(()));
        check("https://example.com/\n", Err("ends with \"\\n\""));
        check(" https://example.com", Err("begins with \" \""));
        check("https://exa\tmple.com", Err("in it, but has \"\\t\""));
        check("https://", Err("must be a URL"));
        check("https:///path", Err("must be a URL"));
        check("https://?token", Err("must be a URL"));
        check("ftp://example.com", Err("must be a URL"));
        check("example.com", Err("must be a URL"));
        check("", Err("must be a URL"));
    }

    #[test]
    fn origin_is_scheme_host_and_port() {
        let check = |url: &str, expected: &str| assert_eq!(origin(url), expected, "{url}");
        check("https://shop.example/in?token=x#y", "https://shop.example");
        check("HTTP://shop.example:8080", "http://shop.example:8080");
        check("https://user:word@shop.example", "https://shop.example");
        check("https://a@b@shop.example?x", "https://shop.example");
        check("https://[::1]:8443/x", "https://[::1]:8443");
        check("https://[::1]", "https://[::1]");
        check("https://bücher.example\\x", "https://bücher.example");
        // A part that cannot be told apart from a password.
        check("https://user:pass/word@shop.example", "another URL");
        check("https://:443", "another URL");
        check("https://user@", "another URL");
        check("https://a b", "another URL");
        check("ftp://shop.example", "another URL");
        check("token", "another URL");
        check("", "another URL");
    }

    proptest! {
        #[test]
        fn secret_parts_of_a_url_are_never_shown(
            scheme in "https?|HTTPS|ftp|",
            user in "[a-z:%!$]{0,4}",
            host in "[a-z.]{0,6}(:[0-9]{0,3})?",
            around in "[ \n\t]{0,1}",
            tail in "[a-z/?#&=@ \n\\\\]{0,8}",
        ) {
            // No host can have the marker, as it has no `-` and no digit of its own.
            const MARKER: &str = "S3CR-T";
            for url in [
                format!("{scheme}://{host}/{MARKER}{tail}{around}"),
                format!("{around}{scheme}://{host}/{tail}{MARKER}"),
                format!("{scheme}://{host}?{tail}{MARKER}{around}"),
                format!("{scheme}://{host}#{MARKER}{tail}"),
                format!("{scheme}://{user}{MARKER}@{host}{around}"),
                format!("{scheme}://{user}:{MARKER}{user}@{host}/{tail}"),
                format!("{MARKER}{tail}"),
            ] {
                let origin = origin(&url);
                prop_assert!(!origin.contains(MARKER), "{url:?}: {origin}");
                if let Err(error) = check(&url) {
                    prop_assert!(!error.contains(MARKER), "{url:?}: {error}");
                }
            }
        }
    }
}
