//! A tiny HTTP server on loopback for the tests of this crate: it reacts to requests as a test says, byte by byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What happens after a request was read.
#[derive(Clone, Default)]
pub(super) struct Reaction {
    before: Duration,
    bytes: Vec<u8>,
    drip: Option<Duration>,
    close: bool,
    reply: Option<fn(&str) -> Reaction>,
}

impl Reaction {
    /// A response with a body; the connection stays open.
    pub(super) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Reaction {
        let mut text = format!(
            "HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        Reaction::raw(format!("{text}\r\n{body}").as_bytes())
    }

    /// These bytes, and nothing else.
    pub(super) fn raw(bytes: &[u8]) -> Reaction {
        Reaction {
            bytes: bytes.to_vec(),
            ..Reaction::default()
        }
    }

    /// What the function makes of the request, head and body.
    pub(super) fn reply(reply: fn(&str) -> Reaction) -> Reaction {
        Reaction {
            reply: Some(reply),
            ..Reaction::default()
        }
    }

    /// The connection is closed after the bytes, if any.
    pub(super) fn cut(mut self) -> Reaction {
        self.close = true;
        self
    }

    /// Silence before the first byte.
    pub(super) fn after(mut self, pause: Duration) -> Reaction {
        self.before = pause;
        self
    }

    /// A pause before each byte.
    pub(super) fn dripping(mut self, pause: Duration) -> Reaction {
        self.drip = Some(pause);
        self
    }
}

/// A running server; it ends with the runtime of its test.
pub(super) struct MockServer {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    /// Head and body of each request, as they came.
    requests: Vec<String>,
}

impl MockServer {
    /// Reacts to the first request with the first reaction, and so on; the last one is for all that follow.
    pub(super) async fn start(reactions: Vec<Reaction>) -> MockServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("not poisoned").connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&shared), reactions.clone()));
            }
        });
        MockServer { port, seen }
    }

    /// `127.0.0.1:<port>`.
    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// All requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").requests.clone()
    }

    /// How many connections were made so far.
    pub(super) fn connections(&self) -> usize {
        self.seen.lock().expect("not poisoned").connections
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>, reactions: Vec<Reaction>) {
    while let Some(request) = read(&mut stream).await {
        let number = {
            let mut seen = seen.lock().expect("not poisoned");
            seen.requests.push(request.clone());
            seen.requests.len() - 1
        };
        let Some(reaction) = reactions.get(number).or(reactions.last()) else {
            return;
        };
        let reaction = match reaction.reply {
            Some(reply) => reply(&request),
            None => reaction.clone(),
        };
        sleep(reaction.before).await;
        let pieces = match reaction.drip {
            Some(_) => 1,
            None => reaction.bytes.len().max(1),
        };
        for piece in reaction.bytes.chunks(pieces) {
            sleep(reaction.drip.unwrap_or_default()).await;
            if stream.write_all(piece).await.is_err() {
                return;
            }
        }
        if reaction.close {
            // Closed in order, so that the bytes arrive before the end.
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// One request with its body, or `None` at the end of the connection.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let value = line.to_ascii_lowercase();
                value.strip_prefix("content-length:")?.trim().parse().ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}
