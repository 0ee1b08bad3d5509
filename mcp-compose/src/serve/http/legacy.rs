//! 2024-11-05 to 2025-11-25: sessions, GET streams, and answers that survive their connection.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use http::header::HeaderMap;
use http::{HeaderValue, Response, StatusCode};

use super::backend::Backend;
use super::body::{Body, Driver, Events};
use super::call::{Call, First};
use super::gauge::Seat;
use super::headers::{self, Accepts, LAST_EVENT_ID, MCP_PROTOCOL_VERSION, MCP_SESSION_ID};
use super::reply::{self, Refusal};
use super::session::Session;
use super::stream::{Asking, EventStream};
use super::{Front, Sender};
use crate::gateway::client::Outlet;
use crate::wire::message::{Incoming, Malformed};
use crate::wire::sse::EventId;
use crate::wire::version::{LATEST_LEGACY, LEGACY, MODERN};
use crate::wire::{self, HttpRequest, Message, Raw, Request};

/// Versions whose clients may send batches.
const WITH_BATCHES: [&str; 2] = ["2025-03-26", "2024-11-05"];

impl<G: Backend> Front<G> {
    pub(super) async fn post_legacy(
        self: &Arc<Self>,
        http: &Arc<HttpRequest>,
        sender: Sender<G::View>,
        accepts: Accepts,
        incoming: Incoming,
    ) -> Result<Response<Body>, Refusal> {
        let headers = &http.headers;
        let Some(id) = headers.get(MCP_SESSION_ID) else {
            return self.post_without_session(sender, accepts, incoming).await;
        };
        let session = self.session_of(id, &sender)?;
        match incoming {
            Incoming::One(Message::Request(request)) if &*request.method == "initialize" => {
                Err(Refusal::new(
                    StatusCode::BAD_REQUEST,
                    "this session is initialized: begin a new one without `Mcp-Session-Id`",
                )
                .about(&request.id))
            }
            Incoming::One(Message::Request(request)) => {
                self.serve_legacy(&session, http, accepts, request).await
            }
            Incoming::One(message) => {
                session.peer.receive(message, None);
                Ok(reply::empty(StatusCode::ACCEPTED))
            }
            Incoming::Batch(_) if !session.version().is_some_and(|v| WITH_BATCHES.contains(&v)) => {
                Err(Refusal::new(
                    StatusCode::BAD_REQUEST,
                    "this protocol version has no batches",
                ))
            }
            Incoming::Batch(items) => self.serve_batch(&session, http, accepts, items),
        }
    }

    async fn post_without_session(
        self: &Arc<Self>,
        sender: Sender<G::View>,
        accepts: Accepts,
        incoming: Incoming,
    ) -> Result<Response<Body>, Refusal> {
        match incoming {
            Incoming::One(Message::Request(request)) => match &*request.method {
                "initialize" => self.initialize(sender, accepts, request).await,
                "ping" => Ok(reply::json(
                    StatusCode::OK,
                    wire::Response {
                        id: Some(request.id),
                        outcome: Ok(Raw::from_static("{}")),
                    },
                )),
                _ => Err(no_session().about(&request.id)),
            },
            _ => Err(no_session()),
        }
    }

    async fn initialize(
        self: &Arc<Self>,
        sender: Sender<G::View>,
        accepts: Accepts,
        request: Request,
    ) -> Result<Response<Body>, Refusal> {
        let seat = self.seat(&request.id)?;
        // Before anything is allocated for it, and counted from here on.
        let place = self
            .sessions
            .place(&sender.principal)
            .map_err(|refusal| refusal.about(&request.id))?;
        let session = Session::open(&self.backend, sender, place)?;
        let inbound = session.begin(&request.id)?;
        // Before the client knows its session it cannot answer.
        let stream = session.streams.answer(Asking::Refused, None);
        let response = session
            .serve(
                request,
                inbound,
                seat,
                Arc::clone(&stream) as Arc<dyn Outlet>,
            )
            .await;
        let opened = response.outcome.is_ok();
        if opened {
            self.open(&session);
        }
        let mut answer = if accepts.json {
            reply::json(StatusCode::OK, response)
        } else {
            stream.finish(response);
            let open = session.streams.open(stream, &Driver::default());
            reply::events(Events::of_session(open, None, self.options.keep_alive))
        };
        if opened && let Ok(id) = HeaderValue::from_str(&session.id) {
            answer.headers_mut().insert(MCP_SESSION_ID, id);
        }
        Ok(answer)
    }

    async fn serve_legacy(
        &self,
        session: &Arc<Session<G>>,
        http: &Arc<HttpRequest>,
        accepts: Accepts,
        request: Request,
    ) -> Result<Response<Body>, Refusal> {
        let seats = self.seats_in(session, &request)?;
        let inbound = session.begin(&request.id)?;
        // What is answered by JSON alone has no place for a question.
        let asking = match accepts.events {
            true => Asking::Taken,
            false => Asking::Refused,
        };
        let stream = session.streams.answer(asking, Some(Arc::clone(http)));
        let outlet = Arc::clone(&stream) as Arc<dyn Outlet>;
        let serving = session.serve(request, inbound, seats, outlet);
        let mut call = Call::surviving(serving, Arc::clone(&stream), self.tasks.clone());
        match call.first(&stream, accepts, self.options.patience).await {
            First::Response(response) => Ok(reply::json(StatusCode::OK, response)),
            First::Events => Ok(self.stream_answer(session, stream, call)),
        }
    }

    /// A batch is answered by one stream, each response when it is there.
    fn serve_batch(
        &self,
        session: &Arc<Session<G>>,
        http: &Arc<HttpRequest>,
        accepts: Accepts,
        items: Vec<Result<Message, Malformed>>,
    ) -> Result<Response<Body>, Refusal> {
        if !accepts.events {
            return Err(Refusal::new(
                StatusCode::NOT_ACCEPTABLE,
                "a batch is answered by `text/event-stream`",
            ));
        }
        let stream = session
            .streams
            .answer(Asking::Taken, Some(Arc::clone(http)));
        let mut answers = FuturesUnordered::new();
        for item in items {
            match item {
                Ok(Message::Request(request)) => {
                    let answer = self.batched(session, request, &stream);
                    answers.push(answer.unwrap_or_else(answered));
                }
                Ok(message) => session.peer.receive(message, None),
                Err(malformed) => answers.push(answered(Refusal::malformed(malformed))),
            }
        }
        if answers.is_empty() {
            return Ok(reply::empty(StatusCode::ACCEPTED));
        }
        let outlet = Arc::clone(&stream);
        let serving = Box::pin(async move {
            loop {
                let answer = answers.next().await.expect("one answer at least is left");
                if answers.is_empty() {
                    return answer;
                }
                let _ = outlet.send(Message::Response(answer));
            }
        });
        let call = Call::surviving(serving, Arc::clone(&stream), self.tasks.clone());
        Ok(self.stream_answer(session, stream, call))
    }

    /// Begins a request of a batch.
    fn batched(
        &self,
        session: &Arc<Session<G>>,
        request: Request,
        stream: &Arc<EventStream>,
    ) -> Result<BoxFuture<'static, wire::Response>, Refusal> {
        if &*request.method == "initialize" {
            let refusal = Refusal::new(StatusCode::BAD_REQUEST, "`initialize` stands alone");
            return Err(refusal.about(&request.id));
        }
        let seats = self.seats_in(session, &request)?;
        let inbound = session.begin(&request.id)?;
        let outlet = Arc::clone(stream) as Arc<dyn Outlet>;
        Ok(session.serve(request, inbound, seats, outlet))
    }

    /// The places that a request takes, here and among those of its session.
    fn seats_in(&self, session: &Session<G>, request: &Request) -> Result<(Seat, Seat), Refusal> {
        let of_session = self.seat_of(&session.load, &request.id)?;
        Ok((self.seat(&request.id)?, of_session))
    }

    fn stream_answer(
        &self,
        session: &Session<G>,
        stream: Arc<EventStream>,
        call: Call,
    ) -> Response<Body> {
        let call = Arc::new(Mutex::new(Some(call)));
        let open = session.streams.open(stream, &call);
        let events = Events::of_session(open, Some(call), self.options.keep_alive);
        reply::events(prime(session, events))
    }

    /// GET: listen to the session, or come back to a stream that broke.
    pub(super) fn get(
        &self,
        headers: &HeaderMap,
        sender: &Sender<G::View>,
    ) -> Result<Response<Body>, Refusal> {
        if !is_legacy(headers)? {
            return Ok(reply::not_allowed("POST"));
        }
        if !Accepts::of(headers).events {
            return Err(Refusal::new(
                StatusCode::NOT_ACCEPTABLE,
                "`Accept` lists `text/event-stream`",
            ));
        }
        let session = self.session(headers, sender)?;
        if self.draining.is_cancelled() {
            return Err(Refusal::draining());
        }
        let Some(last) = headers.get(LAST_EVENT_ID) else {
            let open = session.streams.listen();
            let events = Events::of_session(open, None, self.options.keep_alive);
            return Ok(reply::events(prime(&session, events)));
        };
        let open = last
            .to_str()
            .ok()
            .and_then(EventId::parse)
            .and_then(|last| session.streams.resume(last))
            // Not 404: that would end the session for the client.
            .ok_or_else(|| {
                Refusal::new(StatusCode::BAD_REQUEST, "no stream has an event of this id")
            })?;
        let events = Events::of_session(open, None, self.options.keep_alive);
        Ok(reply::events(events))
    }

    /// DELETE: end the session.
    pub(super) fn delete(
        &self,
        headers: &HeaderMap,
        sender: &Sender<G::View>,
    ) -> Result<Response<Body>, Refusal> {
        if !is_legacy(headers)? {
            return Ok(reply::not_allowed("POST"));
        }
        let session = self.session(headers, sender)?;
        self.sessions
            .end(&session.id, "the client ended the session");
        Ok(reply::empty(StatusCode::NO_CONTENT))
    }

    /// The session that a request belongs to. One that a named user began is known to nobody else.
    fn session(
        &self,
        headers: &HeaderMap,
        sender: &Sender<G::View>,
    ) -> Result<Arc<Session<G>>, Refusal> {
        let id = headers.get(MCP_SESSION_ID).ok_or_else(no_session)?;
        self.session_of(id, sender)
    }

    fn session_of(
        &self,
        id: &HeaderValue,
        sender: &Sender<G::View>,
    ) -> Result<Arc<Session<G>>, Refusal> {
        let session = id.to_str().ok();
        session
            .and_then(|id| self.sessions.get(id, sender))
            .ok_or_else(|| {
                Refusal::new(
                    StatusCode::NOT_FOUND,
                    "no such session: it has ended, begin a new one with `initialize`",
                )
            })
    }
}

/// The answer to a request of a batch that is not served.
fn answered(refusal: Refusal) -> BoxFuture<'static, wire::Response> {
    Box::pin(std::future::ready(wire::Response {
        id: refusal.id,
        outcome: Err(refusal.error),
    }))
}

/// Only clients of 2025-11-25 know events without data.
fn prime<G: Backend>(session: &Session<G>, events: Events) -> Events {
    if session.version() == Some(LATEST_LEGACY) {
        events.primed()
    } else {
        events
    }
}

/// Whether a GET or DELETE belongs to a version that has them.
fn is_legacy(headers: &HeaderMap) -> Result<bool, Refusal> {
    if !headers.contains_key(MCP_PROTOCOL_VERSION) {
        return Ok(true);
    }
    match headers::text(headers, &MCP_PROTOCOL_VERSION) {
        Some(MODERN) => Ok(false),
        Some(version) if LEGACY.contains(&version) => Ok(true),
        _ => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "unsupported protocol version",
        )),
    }
}

fn no_session() -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "no session: begin with `initialize` and send its `Mcp-Session-Id`, or describe the request in \
         `_meta` as 2026-07-28 does",
    )
}
