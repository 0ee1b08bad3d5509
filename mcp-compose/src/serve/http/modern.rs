//! 2026-07-28: every POST stands alone, and closing its stream cancels it.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, Response, StatusCode};

use super::Front;
use super::backend::Backend;
use super::body::{Body, Events};
use super::call::{Call, First};
use super::headers::{self, Accepts};
use super::post::check_params;
use super::reply::{self, Refusal};
use super::stream::EventStream;
use crate::gateway::client::Outlet;
use crate::wire::message::{Incoming, code};
use crate::wire::version::{META_CLIENT_CAPABILITIES, META_VERSION};
use crate::wire::{self, Message, Object, Request};

/// What the transport reads of a request's params.
#[derive(Debug, Default)]
pub(super) struct Peek<'a> {
    /// `_meta`'s protocol version.
    pub(super) version: Option<String>,
    /// Whether `_meta` has all that it must have.
    pub(super) complete: bool,
    /// What `Mcp-Name` repeats.
    pub(super) name: Option<String>,
    /// The arguments of a tool call.
    pub(super) arguments: Option<&'a str>,
}

impl<'a> Peek<'a> {
    /// Looks into the params of `method`. What is not there, or not readable, is absent.
    pub(super) fn of(method: &str, params: &'a str) -> Self {
        let Ok(params) = Object::parse(params) else {
            return Self::default();
        };
        let mut peek = Self::default();
        if let Some(meta) = params
            .get("_meta")
            .and_then(|meta| Object::parse(meta).ok())
        {
            peek.version = meta.string(META_VERSION).map(Cow::into_owned);
            peek.complete = peek.version.is_some() && meta.get(META_CLIENT_CAPABILITIES).is_some();
        }
        let named_by = match method {
            "tools/call" | "prompts/get" => "name",
            "resources/read" => "uri",
            "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
            _ => return peek,
        };
        peek.name = params.string(named_by).map(Cow::into_owned);
        if method == "tools/call" {
            peek.arguments = params.get_borrowed("arguments");
        }
        peek
    }
}

/// The version that a body asks for in `_meta`, if it is a request that asks for one.
pub(super) fn version_of(incoming: &Incoming) -> Option<String> {
    match incoming {
        Incoming::One(Message::Request(request)) => {
            Peek::of(&request.method, request.params()).version
        }
        _ => None,
    }
}

impl<G: Backend> Front<G> {
    pub(super) async fn post_modern(
        &self,
        headers: &HeaderMap,
        accepts: Accepts,
        incoming: Incoming,
    ) -> Result<Response<Body>, Refusal> {
        match incoming {
            Incoming::One(Message::Request(request)) => {
                self.serve_modern(headers, accepts, request).await
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
        headers: &HeaderMap,
        accepts: Accepts,
        request: Request,
    ) -> Result<Response<Body>, Refusal> {
        check_params(&request)?;
        let peek = Peek::of(&request.method, request.params());
        headers::check_standard(headers, &request, &peek)?;
        if let (Some(name), "tools/call") = (&peek.name, &*request.method) {
            self.backend
                .verify_params(name, peek.arguments.unwrap_or("{}"), headers)
                .map_err(|why| headers::mismatch(&why, &request))?;
        }
        let complete = peek.complete;
        let stream = Arc::new(EventStream::plain());
        let mut call = self.stateless_call(request, Arc::clone(&stream) as Arc<dyn Outlet>);
        match call.first(&stream, accepts, self.options.patience).await {
            First::Response(response) => Ok(reply::json(status(&response, complete), response)),
            First::Events => Ok(reply::events(Events::of_call(
                stream,
                call,
                self.options.keep_alive,
            ))),
        }
    }

    fn stateless_call(&self, request: Request, outlet: Arc<dyn Outlet>) -> Call {
        let backend = Arc::clone(&self.backend);
        let client = backend.stateless();
        // A listen ends when draining begins, other requests may finish.
        let cancelled = match &*request.method {
            "subscriptions/listen" => self.draining.clone(),
            _ => self.stopping.clone(),
        };
        let id = request.id.clone();
        Call::bound(Box::pin(async move {
            wire::Response {
                id: Some(id),
                outcome: backend.serve(&client, request, outlet, cancelled).await,
            }
        }))
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
