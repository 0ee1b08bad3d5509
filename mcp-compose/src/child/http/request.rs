//! What one HTTP request to the child carries.

use std::time::SystemTime;

use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request as HttpRequest, Response};
use tokio::time::Instant;

use super::failure;
use super::shared::Shared;
use super::throttle::retry_after;
use crate::child::CallerInfo;
use crate::wire::message::Frame;
use crate::wire::param_headers::encode_value;
use crate::wire::peer::{Delivered, Failure};
use crate::wire::version::{Era, MODERN};
use crate::wire::{Message, Object};

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const JSON_OR_EVENTS: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");

/// An answer, and whether the request named a session.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) in_session: bool,
}

impl Shared {
    /// Sends one message and returns the answer's head.
    pub(super) async fn post(
        &self,
        message: &Message,
        caller: Option<&CallerInfo>,
        more: &[(HeaderName, HeaderValue)],
    ) -> Result<Answer, Failure> {
        let method = match message {
            Message::Request(request) => &*request.method,
            Message::Notification(notification) => &*notification.method,
            Message::Response(_) => "",
        };
        let make = |mut headers: HeaderMap| {
            headers.insert(header::CONTENT_TYPE, JSON);
            headers.insert(header::ACCEPT, JSON_OR_EVENTS);
            let in_session = self.describe(message, more, &mut headers);
            let mut request = self.request(Method::POST, headers);
            *request.body_mut() = Some(body(message).into());
            (request, in_session)
        };
        self.authorized(caller, method, make).await
    }

    /// Opens the stream of what the server tells unasked, or one that broke, behind its last event.
    pub(super) async fn get(&self, last_event_id: Option<&str>) -> Result<Answer, Failure> {
        let make = |mut headers: HeaderMap| {
            headers.insert(header::ACCEPT, EVENTS);
            if let Some(id) = last_event_id.and_then(|id| HeaderValue::from_str(id).ok()) {
                headers.insert(LAST_EVENT_ID, id);
            }
            let in_session = self.describe_legacy(&mut headers);
            (self.request(Method::GET, headers), in_session)
        };
        self.authorized(None, "", make).await
    }

    /// Tells the server that the session is over. Best effort.
    pub(super) async fn delete(&self, session: HeaderValue) {
        let make = |mut headers: HeaderMap| {
            self.describe_legacy(&mut headers);
            headers.insert(SESSION, session.clone());
            (self.request(Method::DELETE, headers), true)
        };
        match self.authorized(None, "", make).await {
            Ok(answer) => tracing::debug!(
                origin = self.origin,
                status = %answer.response.status(),
                "session left"
            ),
            Err(failure) => {
                tracing::debug!(origin = self.origin, ?failure, "session not left");
            }
        }
    }

    fn request(&self, method: Method, headers: HeaderMap) -> HttpRequest {
        let mut request = HttpRequest::new(method, self.target.clone());
        *request.headers_mut() = headers;
        request
    }

    /// Sends what `make` makes of the credentials; a second time with others if the server refuses them, which shows
    /// that it has not looked at the request.
    async fn authorized(
        &self,
        caller: Option<&CallerInfo>,
        method: &str,
        make: impl Fn(HeaderMap) -> (HttpRequest, bool),
    ) -> Result<Answer, Failure> {
        let credentials = self.credentials(caller, method).await?;
        if self.config.auth.is_none() {
            return self.send(make(credentials)).await;
        }
        let sent = Instant::now();
        let answer = self.send(make(credentials.clone())).await?;
        if answer.response.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let Some(renewed) = self.renewed(caller, method, &credentials, sent).await? else {
            return Ok(answer);
        };
        drop(answer);
        let again = self.send(make(renewed.clone())).await?;
        if again.response.status() == StatusCode::UNAUTHORIZED {
            let renewals = &self.config.gate.renewals;
            renewals.note(renewed, Instant::now());
        }
        Ok(again)
    }

    async fn send(&self, (request, in_session): (HttpRequest, bool)) -> Result<Answer, Failure> {
        let client = match &self.client {
            Ok(client) => client,
            Err(reason) => return Err(failure::lost(Delivered::No, reason.clone())),
        };
        match client.execute(request).await {
            Ok(response) => {
                if response.status() == StatusCode::TOO_MANY_REQUESTS {
                    let after = retry_after(response.headers(), SystemTime::now());
                    self.config.gate.throttle.note(after);
                }
                Ok(Answer {
                    response,
                    in_session,
                })
            }
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// What a failed exchange means.
    pub(super) fn broken(&self, error: &reqwest::Error) -> Failure {
        failure::of_error(&self.origin, error, self.config.connect_timeout)
    }

    /// Adds what the protocol says about a message in headers; whether it is sent in a session.
    fn describe(
        &self,
        message: &Message,
        more: &[(HeaderName, HeaderValue)],
        headers: &mut HeaderMap,
    ) -> bool {
        headers.extend(more.iter().cloned());
        let method = match message {
            Message::Request(request) => Some(&*request.method),
            Message::Notification(notification) => Some(&*notification.method),
            Message::Response(_) => None,
        };
        let version = match self.agreed.get() {
            Some(agreed) if agreed.era == Era::Modern => agreed.version.clone(),
            None if method == Some("server/discover") => HeaderValue::from_static(MODERN),
            // Begins a session, and so has none.
            None if method == Some("initialize") => return false,
            _ => return self.describe_legacy(headers),
        };
        headers.insert(VERSION, version);
        if let Some(method) = method {
            headers.insert(METHOD, encode_value(method));
        }
        if let Message::Request(request) = message
            && let Some(key) = name_key(&request.method)
            && let Ok(params) = Object::parse(request.params())
            && let Some(name) = params.string(key)
        {
            headers.insert(NAME, encode_value(&name));
        }
        false
    }

    fn describe_legacy(&self, headers: &mut HeaderMap) -> bool {
        if let Some(agreed) = self.agreed.get() {
            headers.insert(VERSION, agreed.version.clone());
        }
        match self.session() {
            Some(session) => {
                headers.insert(SESSION, session);
                true
            }
            None => false,
        }
    }
}

/// The member of `params` that `Mcp-Name` repeats.
fn name_key(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

fn body(message: &Message) -> String {
    let mut frame = Frame::default();
    message.encode(&mut frame);
    if frame.payload.is_some() {
        return frame.to_text();
    }
    let mut text = frame.head;
    text.push_str(&frame.tail);
    text
}
