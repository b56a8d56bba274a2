use std::ffi::OsString;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;

use super::{Proxies, ProxyError};
use crate::error::ProxyFault;
use crate::http::{Bounds, Http, Route, SendError, request};
use crate::mock_server::{MockServer, Reaction};

fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
    Proxies::from_environment(|name| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

fn of(variables: &[(&str, &str)], url: &str) -> String {
    let proxies = proxies(variables).expect("usable");
    let found = proxies.of(&url.parse().expect("a URL"));
    found.map_or("direct".to_owned(), ToString::to_string)
}

#[test]
fn variables_name_proxies_by_scheme() {
    let check = |variables: &[(&str, &str)], url: &str, expected: &str| {
        let expected = match expected.split_once(' ') {
            Some((address, variable)) => format!("the proxy {address} from {variable}"),
            None => expected.to_owned(),
        };
        assert_eq!(of(variables, url), expected, "{variables:?} {url}");
    };
    let https = "https://cams.example.com/";
    check(
        &[("HTTPS_PROXY", "http://p:3128")],
        https,
        "p:3128 HTTPS_PROXY",
    );
    check(&[("https_proxy", "p:3128")], https, "p:3128 https_proxy");
    check(
        &[("HTTPS_PROXY", ""), ("https_proxy", "p")],
        https,
        "p:80 https_proxy",
    );
    check(
        &[("HTTPS_PROXY", "up"), ("https_proxy", "low")],
        https,
        "up:80 HTTPS_PROXY",
    );
    check(&[("HTTPS_PROXY", "https://p")], https, "p:443 HTTPS_PROXY");
    check(
        &[("HTTPS_PROXY", "socks5://p")],
        https,
        "p:1080 HTTPS_PROXY",
    );
    check(
        &[("HTTPS_PROXY", "socks5h://p:9")],
        https,
        "p:9 HTTPS_PROXY",
    );
    check(
        &[("HTTPS_PROXY", "10.0.0.1:8080")],
        https,
        "10.0.0.1:8080 HTTPS_PROXY",
    );
    check(
        &[("HTTPS_PROXY", "[fd00::1]:8080")],
        https,
        "[fd00::1]:8080 HTTPS_PROXY",
    );
    check(
        &[("HTTPS_PROXY", "http://me:pw@p:1")],
        https,
        "p:1 HTTPS_PROXY",
    );
    check(&[("HTTPS_PROXY", "me:pw@p:1")], https, "p:1 HTTPS_PROXY");
    check(
        &[("HTTPS_PROXY", " http://p:1/ ")],
        https,
        "p:1 HTTPS_PROXY",
    );
    // Go knows no such variable, and so Terraform does not either.
    check(&[("HTTP_PROXY", "p"), ("ALL_PROXY", "p")], https, "direct");
    check(
        &[("HTTP_PROXY", "p")],
        "http://x.example/",
        "p:80 HTTP_PROXY",
    );
    check(
        &[("http_proxy", "p:8")],
        "http://x.example/",
        "p:8 http_proxy",
    );
    for here in ["localhost", "127.0.0.1:8443", "127.9.9.9", "[::1]"] {
        check(
            &[("HTTPS_PROXY", "p")],
            &format!("https://{here}/"),
            "direct",
        );
    }
}

#[test]
fn exceptions_follow_the_rules_of_go() {
    let check = |list: &str, host: &str, direct: bool| {
        for variable in ["NO_PROXY", "no_proxy"] {
            let found = of(
                &[("HTTPS_PROXY", "p"), (variable, list)],
                &format!("https://{host}/"),
            );
            assert_eq!(found == "direct", direct, "{list} {host}: {found}");
        }
    };
    for (list, host, direct) in [
        ("*", "a.example", true),
        ("x,*", "10.0.0.1", true),
        ("a.example", "a.example", true),
        ("A.Example", "a.example", true),
        ("a.example", "b.a.example", true),
        ("a.example", "ba.example", false),
        (".a.example", "a.example", false),
        (".a.example", "b.a.example", true),
        ("*.a.example", "c.b.a.example", true),
        ("*.a.example", "a.example", false),
        ("*a.example", "ba.example", false),
        ("x, ,a.example ", "a.example", true),
        ("a.example:443", "a.example", true),
        ("a.example:8443", "a.example", false),
        ("a.example:8443", "a.example:8443", true),
        ("*.a.example:443", "b.a.example", true),
        ("b\u{fc}cher.example", "xn--bcher-kva.example", true),
        ("aliyuncs.com", "cams.ap-southeast-1.aliyuncs.com", true),
        ("10.0.0.0/8", "10.1.2.3", true),
        ("10.0.0.0/8", "11.1.2.3", false),
        ("0.0.0.0/0", "11.1.2.3", true),
        ("0.0.0.0/0", "a.example", false),
        ("10.0.0.0/33", "10.1.2.3", false),
        ("10.1.2.3/32", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "[::ffff:10.1.2.3]", true),
        ("10.1.2.3:443", "10.1.2.3", true),
        ("10.1.2.3:80", "10.1.2.3", false),
        ("fd00::/8", "[fd12::1]", true),
        ("fd00::/8", "[fe80::1]", false),
        ("fd12::1", "[fd12::1]", true),
        ("[fd12::1]:443", "[fd12::1]", true),
        ("[fd12::1]:80", "[fd12::1]", false),
        ("::/0", "10.1.2.3", false),
        // Odd, but so it is in Go: an address is a name, too.
        ("2.3", "10.1.2.3", true),
        ("", "a.example", false),
        (":443", "a.example", false),
    ] {
        check(list, host, direct);
    }
}

#[test]
fn unusable_variables_are_named_and_not_shown() {
    let values = [
        "ftp://MARK.example",
        "http://",
        "MARK proxy",
        "http://MARK:99999",
        "://MARK",
        "socks4://MARK",
        "http://me:MARK@",
        "http://MARK\u{1b}[2J",
    ];
    for value in values {
        for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
            let error = proxies(&[(name, value)]).expect_err(value);
            assert_eq!(error.variable, name);
            let text = format!("{error} {error:?}");
            assert!(text.contains(name) && !text.contains("MARK"), "{text}");
        }
    }
    let shown = proxies(&[("HTTP_PROXY", "http://MARK:MARK@p")]).expect("usable");
    assert!(!format!("{shown:?}").contains("MARK"));
}

const BOUNDS: Bounds = Bounds {
    timeout: Duration::from_secs(20),
    max_body: 1024,
};

/// What a request to `url` through a proxy comes to.
async fn sent(proxy: &str, url: &str) -> Result<u16, SendError> {
    let variables = [("HTTPS_PROXY", proxy), ("HTTP_PROXY", proxy)];
    let http = Http::new(proxies(&variables).expect("usable"));
    let route = Route {
        direct: false,
        connect_timeout: Duration::from_secs(10),
    };
    let url = url.parse().expect("a URL");
    let request = request(Method::GET, url, [], String::new()).expect("a request");
    http.send(request, route, BOUNDS)
        .await
        .map(|response| response.status)
}

async fn fault(proxy: &str, url: &str) -> ProxyFault {
    match sent(proxy, url).await {
        Err(SendError::Proxy(fault)) => fault,
        other => panic!("{other:?} of {proxy} to {url}"),
    }
}

const HTTPS: &str = "https://cams.behind-the-proxy.invalid/";
const HTTP: &str = "http://cams.behind-the-proxy.invalid/";

#[tokio::test]
async fn refusals_of_a_tunnel_are_reported_with_status_and_title() {
    for (status, body, expected) in [
        (
            403,
            "<html><title>Blocked: MARK-password</title>",
            "it refused to connect to the host (HTTP 403, an HTML page with the title \"Blocked: (withheld)\")",
        ),
        (403, "", "it refused to connect to the host (HTTP 403)"),
        (407, "<title>Sign in</title>", "it wants a login (HTTP 407)"),
        (
            502,
            "no such host",
            "it refused to connect to the host (HTTP 502, the text \"no such host\")",
        ),
        (
            503,
            "{\"error\":\"busy\"}",
            "it refused to connect to the host (HTTP 503)",
        ),
    ] {
        let server = MockServer::start(vec![Reaction::response(status, &[], body).cut()]).await;
        let proxy = format!("http://me:MARK-password@{}", server.host());
        let found = fault(&proxy, HTTPS).await;
        assert_eq!(found.to_string(), expected);
        assert!(!format!("{found:?}").contains("MARK"), "{found:?}");
        let requests = server.requests();
        assert!(requests.iter().all(|request| {
            request.starts_with("CONNECT cams.behind-the-proxy.invalid:443 HTTP/1.1")
        }));
        let login = format!(
            "uthorization: Basic {}",
            STANDARD.encode("me:MARK-password")
        );
        assert!(
            requests.iter().all(|request| request.contains(&login)),
            "{requests:?}"
        );
    }
}

#[tokio::test]
async fn broken_handshakes_are_the_proxys() {
    for reaction in [
        Reaction::raw(b"").cut(),
        Reaction::raw(b"SSH-2.0-OpenSSH_9\r\n").cut(),
    ] {
        let server = MockServer::start(vec![reaction]).await;
        let found = fault(&format!("http://{}", server.host()), HTTPS).await;
        assert!(matches!(found, ProxyFault::NoTunnel(_)), "{found:?}");
    }
}

/// A port that speaks at once, but no TLS.
async fn without_tls() -> std::net::SocketAddr {
    use tokio::io::AsyncWriteExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    address
}

#[tokio::test]
async fn proxies_that_cannot_be_reached_are_distinguished_from_servers() {
    let closed = "127.0.0.1:1";
    for url in [HTTPS, HTTP] {
        assert_eq!(fault(closed, url).await, ProxyFault::Refused);
        assert_eq!(
            fault("http://proxy.invalid:3128", url).await,
            ProxyFault::Dns
        );
        let found = fault(&format!("socks5://{closed}"), url).await;
        assert_eq!(found, ProxyFault::Unreachable);
        let found = fault(&format!("https://{}", without_tls().await), url).await;
        assert!(matches!(found, ProxyFault::Tls(_)), "{found:?}");
    }
}

#[tokio::test]
async fn failures_behind_a_tunnel_are_the_servers() {
    let established =
        Reaction::raw(b"HTTP/1.1 200 Connection established\r\n\r\nno TLS at all, and more of it");
    let server = MockServer::start(vec![established]).await;
    let found = sent(&format!("http://{}", server.host()), HTTPS).await;
    assert!(matches!(found, Err(SendError::Failed(_))), "{found:?}");
}

#[tokio::test]
async fn plain_requests_go_to_the_proxy_itself() {
    let server = MockServer::start(vec![Reaction::response(204, &[], "")]).await;
    let proxy = format!("http://me:pw%21@{}", server.host());
    assert_eq!(sent(&proxy, HTTP).await.expect("a response"), 204);
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("GET http://cams.behind-the-proxy.invalid/ HTTP/1.1"),
        "{request}"
    );
    assert!(request.contains("Basic bWU6cHch"), "{request}");
}

/// A SOCKS5 proxy that takes no password, and says where it shall connect to.
#[tokio::test]
async fn socks_proxies_look_up_names() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut hello = [0; 2];
        stream.read_exact(&mut hello).await?;
        let mut methods = vec![0; usize::from(hello[1])];
        stream.read_exact(&mut methods).await?;
        stream.write_all(&[5, 0]).await?;
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        let mut name = vec![0; usize::from(head[4]) + 2];
        stream.read_exact(&mut name).await?;
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        let mut buffer = [0; 1024];
        let _ = stream.read(&mut buffer).await?;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
        std::io::Result::Ok((head[3], name))
    });
    let status = sent(&format!("socks5://{address}"), HTTP)
        .await
        .expect("a response");
    assert_eq!(status, 204);
    let (kind, name) = seen.await.expect("no panic").expect("a handshake");
    assert_eq!(kind, 3, "a name, not an address");
    assert!(name.starts_with(b"cams.behind-the-proxy.invalid"));
}
