//! 2026-07-28: every POST stands alone, and closing its stream cancels it.

use std::sync::Arc;

use http::{Response, StatusCode};

use super::backend::Backend;
use super::body::{Body, Events};
use super::call::{Call, First};
use super::gauge::Seat;
use super::headers::{self, Accepts};
use super::peek::Peek;
use super::reply::{self, Refusal};
use super::stream::EventStream;
use super::{Front, Sender};
use crate::gateway::client::Outlet;
use crate::wire::message::{Incoming, code};
use crate::wire::version::META_VERSION;
use crate::wire::{self, ErrorObject, HttpRequest, Message, Request};

/// The request that lasts as long as its client wants to hear of changes.
const LISTEN: &str = "subscriptions/listen";

impl<G: Backend> Front<G> {
    pub(super) async fn post_modern(
        &self,
        http: &Arc<HttpRequest>,
        sender: Sender<G::View>,
        accepts: Accepts,
        incoming: Incoming,
    ) -> Result<Response<Body>, Refusal> {
        match incoming {
            Incoming::One(Message::Request(request)) => {
                self.serve_modern(http, sender, accepts, request).await
            }
            // This version defines none that a client sends over HTTP.
            Incoming::One(Message::Notification(_)) => Ok(reply::empty(StatusCode::ACCEPTED)),
            Incoming::One(Message::Response(_)) => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "a client of 2026-07-28 sends requests and notifications only",
            )),
            Incoming::Batch(_) => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "2026-07-28 has no batches",
            )),
        }
    }

    async fn serve_modern(
        &self,
        http: &Arc<HttpRequest>,
        sender: Sender<G::View>,
        accepts: Accepts,
        request: Request,
    ) -> Result<Response<Body>, Refusal> {
        let headers = &http.headers;
        let peek = Peek::of(&request.method, request.params())
            .map_err(|error| invalid_params(&error.to_string(), &request))?;
        headers::check_standard(headers, &request, &peek)?;
        if peek.version.is_none() {
            let why = format!("`_meta[\"{META_VERSION}\"]` is missing");
            return Err(invalid_params(&why, &request));
        }
        if &*request.method == "initialize" {
            return Err(Refusal {
                status: StatusCode::NOT_FOUND,
                id: Some(request.id.clone()),
                error: ErrorObject::new(
                    code::METHOD_NOT_FOUND,
                    "2026-07-28 has no `initialize`: ask `server/discover`, or for an older version",
                ),
            });
        }
        if let (Some(name), "tools/call") = (&peek.name, &*request.method) {
            let arguments = peek.arguments.unwrap_or("{}");
            G::verify_params(&sender.view, name, arguments, headers)
                .map_err(|why| headers::mismatch(&why, &request))?;
        }
        let complete = peek.complete;
        let seats = self.seats(&sender, &request)?;
        let stream = Arc::new(EventStream::plain(Some(Arc::clone(http))));
        let outlet = Arc::clone(&stream) as Arc<dyn Outlet>;
        let mut call = self.stateless_call(sender, request, outlet, seats);
        match call.first(&stream, accepts, self.options.patience).await {
            First::Response(response) => Ok(reply::json(status(&response, complete), response)),
            First::Events => Ok(reply::events(Events::of_call(
                stream,
                call,
                self.options.keep_alive,
            ))),
        }
    }

    /// The places that a request takes, here and among those of its sender. Streams of changes last, and are as many
    /// as there are connections.
    fn seats(
        &self,
        sender: &Sender<G::View>,
        request: &Request,
    ) -> Result<(Option<Seat>, Option<Seat>), Refusal> {
        let here = self.seat(&request.id)?;
        if &*request.method == LISTEN {
            return Ok((None, None));
        }
        let of_sender = match &sender.load {
            Some(load) => Some(self.seat_of(load, &request.id)?),
            None => None,
        };
        Ok((Some(here), of_sender))
    }

    fn stateless_call(
        &self,
        sender: Sender<G::View>,
        request: Request,
        outlet: Arc<dyn Outlet>,
        seats: (Option<Seat>, Option<Seat>),
    ) -> Call {
        let backend = Arc::clone(&self.backend);
        let client = backend.stateless(&sender.view, sender.principal);
        // A listen ends when draining begins, other requests may finish.
        let cancelled = match &*request.method {
            LISTEN => self.draining.clone(),
            _ => self.stopping.clone(),
        };
        let id = request.id.clone();
        Call::bound(Box::pin(async move {
            let outcome = backend.serve(&client, request, outlet, cancelled).await;
            drop(seats);
            wire::Response {
                id: Some(id),
                outcome,
            }
        }))
    }
}

fn invalid_params(why: &str, request: &Request) -> Refusal {
    Refusal {
        status: StatusCode::BAD_REQUEST,
        id: Some(request.id.clone()),
        error: ErrorObject::new(code::INVALID_PARAMS, &format!("invalid params: {why}")),
    }
}

/// The HTTP status of a response. `complete`: the request's `_meta` had all that it must have.
fn status(response: &wire::Response, complete: bool) -> StatusCode {
    let Err(error) = &response.outcome else {
        return StatusCode::OK;
    };
    match error.code() {
        code::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        code::HEADER_MISMATCH
        | code::MISSING_CAPABILITY
        | code::UNSUPPORTED_VERSION
        | code::INVALID_REQUEST
        | code::PARSE => StatusCode::BAD_REQUEST,
        code::INVALID_PARAMS if !complete => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}
