//! The child behind streamable HTTP: JSON answers, SSE when notifications come before the result.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::answer::Answerer;

struct State {
    answerer: Answerer,
    sessions: AtomicU64,
}

pub(super) fn serve(answerer: Answerer, address: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(listen(answerer, address))
}

async fn listen(answerer: Answerer, address: &str) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    eprintln!("bench child on http://{}/mcp", listener.local_addr()?);
    accept(listener, answerer).await
}

async fn accept(listener: TcpListener, answerer: Answerer) -> Result<()> {
    let state = Arc::new(State {
        answerer,
        sessions: AtomicU64::new(0),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service =
                hyper::service::service_fn(move |request| respond(Arc::clone(&state), request));
            // A client that hangs up is no concern of the child's.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn respond(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let status = match *request.method() {
        Method::POST => None,
        Method::DELETE => Some(StatusCode::OK),
        _ => Some(StatusCode::METHOD_NOT_ALLOWED),
    };
    if let Some(status) = status {
        let mut response = empty(status);
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST, DELETE"));
        return Ok(response);
    }
    let Ok(body) = request.into_body().collect().await else {
        return Ok(empty(StatusCode::BAD_REQUEST));
    };
    Ok(answer(&state, &body.to_bytes()))
}

fn answer(state: &State, message: &[u8]) -> Response<Full<Bytes>> {
    let mut out = Vec::new();
    let (content_type, body) = match state.answerer.answer(message, &mut out) {
        0 => return empty(StatusCode::ACCEPTED),
        1 => ("application/json", out),
        _ => ("text/event-stream", events(&out)),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if memchr::memmem::find(&message[..message.len().min(256)], b"\"initialize\"").is_some() {
        let session = state.sessions.fetch_add(1, Ordering::Relaxed);
        headers.insert("mcp-session-id", HeaderValue::from(session));
    }
    response
}

fn events(lines: &[u8]) -> Vec<u8> {
    let mut events = Vec::with_capacity(lines.len() + 256);
    for line in lines.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
        events.extend_from_slice(b"data: ");
        events.extend_from_slice(line);
        events.extend_from_slice(b"\n\n");
    }
    events
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Era;
    use crate::target::Target;

    #[tokio::test]
    async fn a_burst_arrives_as_events_before_its_result() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/mcp", listener.local_addr().expect("bound"));
        let child = tokio::spawn(accept(listener, Answerer::new(0)));
        let mut target = Target::http("child", &url, None, Era::Legacy)
            .await
            .expect("a handshake and both tools");
        target.burst(20).await.expect("a whole burst");
        target.repeat(&target.echo(100), 2).await.expect("echoes");
        target.repeat(&target.list(), 1).await.expect("a list");
        child.abort();
    }
}
