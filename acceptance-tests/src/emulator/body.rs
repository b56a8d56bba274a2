//! Bodies of responses as they are sent: whole, in pieces, or cut off.
//!
//! Must not contain: what a body says.

use std::fmt::{self, Display, Formatter};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::faults::WireBody;

/// A body that goes out whole, in pieces, or not to its end.
pub(super) struct PacedBody {
    rest: Bytes,
    /// Bytes of padding that are still to come, for bodies too large to hold.
    padding: u64,
    /// Absent, the body is sent in chunks.
    announced: Option<u64>,
    piece: usize,
    interval: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    cut_at_end: bool,
}

/// What a huge body starts and ends with: JSON, but for its size.
const HUGE_HEAD: &[u8] = b"{\"Code\":\"OK\",\"Message\":\"";
const HUGE_PIECE: usize = 64 * 1024;

impl PacedBody {
    pub(super) fn new(body: WireBody) -> Self {
        let whole = |bytes: Vec<u8>| PacedBody {
            announced: Some(bytes.len() as u64),
            rest: Bytes::from(bytes),
            padding: 0,
            piece: usize::MAX,
            interval: Duration::ZERO,
            pause: None,
            cut_at_end: false,
        };
        match body {
            WireBody::Whole(bytes) => whole(bytes),
            WireBody::Truncated { whole: all, sent } => {
                let announced = Some(all.len() as u64);
                PacedBody {
                    announced,
                    cut_at_end: true,
                    ..whole(all[..sent].to_vec())
                }
            }
            WireBody::Drip {
                whole: all,
                piece,
                interval_ms,
            } => PacedBody {
                piece,
                interval: Duration::from_millis(interval_ms),
                ..whole(all)
            },
            WireBody::Huge(bytes) => PacedBody {
                announced: Some(bytes.max(HUGE_HEAD.len() as u64)),
                padding: bytes.saturating_sub(HUGE_HEAD.len() as u64),
                ..whole(HUGE_HEAD.to_vec())
            },
            WireBody::Endless(beginning) => PacedBody {
                announced: None,
                padding: u64::MAX,
                ..whole(beginning)
            },
        }
    }

    /// The next piece of what is still to be sent.
    fn next(&mut self) -> Option<Bytes> {
        if !self.rest.is_empty() {
            let length = self.piece.min(self.rest.len());
            return Some(self.rest.split_to(length));
        }
        if self.padding == 0 {
            return None;
        }
        let length = usize::try_from(self.padding).map_or(HUGE_PIECE, |all| all.min(HUGE_PIECE));
        self.padding -= length as u64;
        let mut piece = vec![b'x'; length];
        if self.padding == 0 {
            let tail = b"\"}";
            let start = length.saturating_sub(tail.len());
            piece[start..].copy_from_slice(&tail[tail.len() - (length - start)..]);
        }
        Some(Bytes::from(piece))
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = CutConnection;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutConnection>>> {
        let at_end = self.rest.is_empty() && self.padding == 0;
        let pause = match (at_end, self.cut_at_end) {
            (true, false) => return Poll::Ready(None),
            // Leave the socket time to send what it has; a cut throws the rest away.
            (true, true) => Duration::from_millis(20),
            (false, _) => self.interval,
        };
        if !pause.is_zero() {
            let sleep = self.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
            ready!(sleep.as_mut().poll(context));
            self.pause = None;
        }
        match self.next() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Ready(Some(Err(CutConnection::End))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.padding == 0 && !self.cut_at_end
    }

    fn size_hint(&self) -> SizeHint {
        self.announced
            .map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

/// The connection has to be closed now.
#[derive(Debug)]
pub(super) enum CutConnection {
    /// In an orderly way: the client reads an end.
    End,
    /// With a reset: the client reads an error.
    Reset,
}

impl Display for CutConnection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for CutConnection {}
