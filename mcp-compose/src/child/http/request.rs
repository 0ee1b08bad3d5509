//! What one HTTP request to the child carries.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request as HttpRequest, Response};

use super::shared::Shared;
use super::{config, failure};
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
        param_headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Answer, Failure> {
        let method = match message {
            Message::Request(request) => &*request.method,
            Message::Notification(notification) => &*notification.method,
            Message::Response(_) => "",
        };
        let mut headers = self.credentials(caller, method).await?;
        headers.insert(header::CONTENT_TYPE, JSON);
        headers.insert(header::ACCEPT, JSON_OR_EVENTS);
        let in_session = self.describe(message, param_headers, &mut headers);
        let mut request = HttpRequest::new(Method::POST, self.target.clone());
        *request.body_mut() = Some(body(message).into());
        self.send(request, headers, in_session).await
    }

    /// Opens the stream of what the server tells unasked, or one that broke, behind its last event.
    pub(super) async fn get(&self, last_event_id: Option<&str>) -> Result<Answer, Failure> {
        let mut headers = self.credentials(None, "").await?;
        headers.insert(header::ACCEPT, EVENTS);
        if let Some(id) = last_event_id.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(LAST_EVENT_ID, id);
        }
        let in_session = self.describe_legacy(&mut headers);
        let request = HttpRequest::new(Method::GET, self.target.clone());
        self.send(request, headers, in_session).await
    }

    /// Tells the server that the session is over. Best effort.
    pub(super) async fn delete(&self, session: HeaderValue) {
        let Ok(mut headers) = self.credentials(None, "").await else {
            return;
        };
        self.describe_legacy(&mut headers);
        headers.insert(SESSION, session);
        let request = HttpRequest::new(Method::DELETE, self.target.clone());
        match self.send(request, headers, true).await {
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

    async fn send(
        &self,
        mut request: HttpRequest,
        headers: HeaderMap,
        in_session: bool,
    ) -> Result<Answer, Failure> {
        let client = match &self.client {
            Ok(client) => client,
            Err(reason) => return Err(failure::lost(Delivered::No, reason.clone())),
        };
        *request.headers_mut() = headers;
        match client.execute(request).await {
            Ok(response) => Ok(Answer {
                response,
                in_session,
            }),
            Err(error) => Err(failure::of_error(&self.origin, &error)),
        }
    }

    /// The static headers and those that are chosen for this request.
    async fn credentials(
        &self,
        caller: Option<&CallerInfo>,
        method: &str,
    ) -> Result<HeaderMap, Failure> {
        let mut headers = self.base.clone();
        if let Some(auth) = &self.config.auth {
            // What belongs to no call is the session's own.
            let own = || CallerInfo {
                child: self.config.child.clone(),
                method: method.to_owned(),
                ..CallerInfo::default()
            };
            match auth.headers(caller.cloned().unwrap_or_else(own)).await {
                Ok(chosen) => config::merge(&mut headers, chosen),
                Err(error) => {
                    tracing::warn!(origin = self.origin, %error, "no credentials for a request");
                    return Err(failure::no_credentials());
                }
            }
        }
        Ok(headers)
    }

    /// Adds what the protocol says about a message in headers; whether it is sent in a session.
    fn describe(
        &self,
        message: &Message,
        param_headers: Vec<(HeaderName, HeaderValue)>,
        headers: &mut HeaderMap,
    ) -> bool {
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
        headers.extend(param_headers);
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
