//! One POST: read the body, parse it, and tell which era it belongs to.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::FutureExt;
use http::{HeaderMap, Response, StatusCode};

use super::backend::Backend;
use super::body::Body;
use super::headers::{self, MCP_PROTOCOL_VERSION, MCP_SESSION_ID};
use super::peek::says_version;
use super::reply::Refusal;
use super::{Front, Sender};
use crate::wire::message::{Incoming, code};
use crate::wire::version::{ALL, LEGACY, MODERN};
use crate::wire::{ErrorObject, HttpRequest, Message, Raw};

/// Bytes of a body that a client may take the whole time for; a longer one has more time.
const BODY_STEP: u64 = 4 * 1024 * 1024;

impl<G: Backend> Front<G> {
    pub(super) async fn post<B>(
        self: &Arc<Self>,
        request: &Arc<HttpRequest>,
        sender: Sender<G::View>,
        body: B,
    ) -> Result<Response<Body>, Refusal>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        let headers = &request.headers;
        let accepts = headers::check_types(headers)?;
        let max = self.options.max_body;
        let time = time_for(body.size_hint().upper(), max, self.options.body_timeout);
        let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly");
        let mut body = pin!(read(body, max));
        // Mostly it is here already, and needs no timer.
        let body = match body.as_mut().now_or_never() {
            Some(body) => body?,
            None => tokio::time::timeout(time, body).await.map_err(late)??,
        };
        let text = ByteString::try_from(body).map_err(|_| Refusal {
            status: StatusCode::BAD_REQUEST,
            id: None,
            error: ErrorObject::new(code::PARSE, "parse error: the body is not UTF-8"),
        })?;
        let incoming = Incoming::parse(&text).map_err(Refusal::malformed)?;
        if is_modern(headers, &incoming)? {
            self.post_modern(request, sender, accepts, incoming).await
        } else {
            self.post_legacy(request, sender, accepts, incoming).await
        }
    }
}

/// Whether a POST belongs to 2026-07-28: its header or its body says so.
fn is_modern(headers: &HeaderMap, incoming: &Incoming) -> Result<bool, Refusal> {
    let version = headers
        .get(MCP_PROTOCOL_VERSION)
        .map(|value| value.to_str().unwrap_or("?"));
    match version {
        Some(MODERN) => Ok(true),
        Some(version) if !LEGACY.contains(&version) => {
            if says_version(incoming) {
                Ok(true)
            } else {
                Err(unsupported(version, incoming))
            }
        }
        _ => Ok(!headers.contains_key(MCP_SESSION_ID) && says_version(incoming)),
    }
}

fn unsupported(version: &str, incoming: &Incoming) -> Refusal {
    let data = serde_json::json!({ "supported": ALL, "requested": version });
    Refusal {
        status: StatusCode::BAD_REQUEST,
        id: match incoming {
            Incoming::One(Message::Request(request)) => Some(request.id.clone()),
            _ => None,
        },
        error: ErrorObject::with_data(
            code::UNSUPPORTED_VERSION,
            "unsupported protocol version",
            Some(Raw::of(&data).as_str()),
        ),
    }
}

/// How long a body may take that is announced to have `announced` bytes.
fn time_for(announced: Option<u64>, max: usize, each: Duration) -> Duration {
    let bytes = announced.map_or(max as u64, |bytes| bytes.min(max as u64));
    let steps = bytes.div_ceil(BODY_STEP).max(1);
    each.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX))
}

/// Reads a body of at most `max` bytes; one that arrives in one piece is not copied.
async fn read<B>(mut body: B, max: usize) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let too_large = || {
        Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("a message has at most {max} bytes"),
        )
    };
    if body.size_hint().lower() > max as u64 {
        return Err(too_large());
    }
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                "the body could not be read to its end",
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.len() + pieces.len() + data.len() > max {
            return Err(too_large());
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = data;
            continue;
        }
        if pieces.is_empty() {
            let expected = whole.len() + data.len();
            pieces.reserve(expected.max(body.size_hint().lower() as usize + expected));
            pieces.extend_from_slice(&std::mem::take(&mut whole));
        }
        pieces.extend_from_slice(&data);
    }
    Ok(if pieces.is_empty() {
        whole
    } else {
        pieces.freeze()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_time_for_each_4_mib_of_it() {
        const MIB: usize = 1024 * 1024;
        let each = Duration::from_secs(30);
        for (announced, max, steps) in [
            (Some(0), 4 * MIB, 1),
            (Some(100), 4 * MIB, 1),
            (None, 4 * MIB, 1),
            (Some(u64::MAX), 4 * MIB, 1),
            (Some(5 * MIB as u64), 64 * MIB, 2),
            (None, 64 * MIB, 16),
        ] {
            assert_eq!(
                time_for(announced, max, each),
                steps * each,
                "{announced:?}"
            );
        }
        assert_eq!(time_for(None, usize::MAX, Duration::MAX), Duration::MAX);
    }
}
