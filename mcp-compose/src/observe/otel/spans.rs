//! One span of kind SERVER for each request of a client, one of kind CLIENT for each call of a child.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{
    Link, Span as _, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::Span;

use super::super::conventions as of;
use super::{EXPORTING, Exporting};
use crate::child::supervisor::Child;
use crate::compose::ChildSource;
use crate::gateway::client::{Client, Outlet};
use crate::observe::figures::{Operation, Outcome, is_tool_error};
use crate::observe::trace::Carrier;
use crate::wire::peer::Failure;
use crate::wire::version::{ALL, META_VERSION};
use crate::wire::{ErrorObject, Object, Raw, Request};

/// What is kept of a name or URI that a client gave.
const MAX_NAME: usize = 256;
/// Codes of errors that JSON-RPC keeps for itself and for implementations of servers.
const RESERVED: std::ops::RangeInclusive<i64> = -32_768..=-32_000;

/// A request of a client.
#[derive(Debug)]
pub(crate) struct Served(Recording);

impl Served {
    pub(crate) fn begin(
        client: &Client,
        request: &Request,
        outlet: &Arc<dyn Outlet>,
    ) -> Option<Self> {
        let exporting = EXPORTING.get()?;
        let params = Object::parse(request.params()).unwrap_or_default();
        let meta = params.get_borrowed("_meta").unwrap_or("{}");
        let meta = Object::parse(meta).unwrap_or_default();
        let operation = Operation::of(&request.method);
        let subject = params.string("name").or_else(|| params.string("uri"));
        let version = meta.string(META_VERSION);
        let version = version.as_deref().or(client.legacy_version());
        let headers = outlet.http().map(|http| &http.headers);
        // The name of a span is of few kinds: only what is exposed to this client is part of it.
        let catalog = client.view().catalog();
        let known = subject.as_deref().is_some_and(|name| match operation {
            Operation::CallTool => catalog.tool(name).is_some(),
            Operation::GetPrompt => catalog.prompt(name).is_some(),
            _ => false,
        });
        let mut told = Told::of(&request.method, operation, subject.as_deref(), known);
        told.version(version);
        told.all(
            of::TRANSPORT,
            Some(if headers.is_some() { "tcp" } else { "pipe" }),
        );
        if let Some(id) = client.connection() {
            told.span(of::SESSION, id.to_string());
        }
        told.span(
            of::REQUEST_ID,
            request.id.as_str().trim_matches('"').to_owned(),
        );
        let ambient = headers.map(|headers| {
            context(&Carrier {
                traceparent: header(headers, "traceparent"),
                tracestate: header(headers, "tracestate"),
            })
        });
        let said = context(&carried(&meta));
        let (parent, link) = match (said, ambient.flatten()) {
            // What the message says is the cause; the way that it came is worth a link.
            (Some(said), ambient) => (Some(said), ambient),
            (None, ambient) => (ambient, None),
        };
        Some(Self(Recording::begin(
            exporting,
            SpanKind::Server,
            told,
            parent,
            link,
        )))
    }

    pub(crate) fn end(mut self, outcome: &Result<Raw, ErrorObject>) {
        match outcome {
            Ok(result) if self.0.operation == Operation::CallTool && is_tool_error(result) => {
                self.0.fail("tool_error".to_owned(), None);
            }
            Ok(_) => {}
            Err(error) => self.0.fail(error.code().to_string(), Some(error.code())),
        }
        self.0.end();
    }
}

/// A call of a child.
#[derive(Debug)]
pub(crate) struct Sent(Option<(Recording, Carrier)>);

impl Sent {
    pub(crate) fn begin(
        served: Option<&Served>,
        meta: &Object<'_>,
        child: &Child,
        version: &str,
        (method, operation, name): (&str, Operation, Option<&str>),
    ) -> Self {
        let Some(exporting) = EXPORTING.get() else {
            return Self(None);
        };
        let mut told = Told::of(method, operation, name, name.is_some());
        told.version(Some(version));
        told.all(of::CHILD, Some(child.label.clone()));
        match &child.spec.source {
            ChildSource::Http(spec) => {
                told.all(of::TRANSPORT, Some("tcp"));
                told.all(of::ADDRESS, spec.url.host_str().map(str::to_owned));
                if let Some(port) = spec.url.port_or_known_default() {
                    told.both(KeyValue::new(of::PORT, i64::from(port)));
                }
            }
            ChildSource::Stdio(_) => told.all(of::TRANSPORT, Some("pipe")),
            _ => {}
        }
        // A call that a typed server makes has the call of that server as its parent.
        let parent = match served {
            Some(served) => Some(served.0.span.span_context().clone()),
            None => context(&carried(meta)),
        };
        let recording = Recording::begin(exporting, SpanKind::Client, told, parent, None);
        let mut carrier = Carrier::default();
        let here = Context::new().with_remote_span_context(recording.span.span_context().clone());
        TraceContextPropagator::new().inject_context(&here, &mut carrier);
        Self(Some((recording, carrier)))
    }

    /// What the child is told of its place in the trace.
    pub(crate) fn carrier(&self) -> Option<&Carrier> {
        self.0.as_ref().map(|(_, carrier)| carrier)
    }

    /// Adds the same to the headers of a request over HTTP, with the baggage that `meta` has.
    pub(crate) fn headers(&self, meta: &Object<'_>, headers: &mut Vec<(HeaderName, HeaderValue)>) {
        let Some(carrier) = self.carrier() else {
            return;
        };
        let mut add = |name: &'static str, value: Option<&str>| {
            let value = value.filter(|value| !value.is_empty());
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.push((HeaderName::from_static(name), value));
            }
        };
        add("traceparent", carrier.traceparent.as_deref());
        add("tracestate", carrier.tracestate.as_deref());
        add("baggage", meta.string("baggage").as_deref());
    }

    /// The request has this id.
    pub(crate) fn numbered(&mut self, id: u64) {
        if let Some((recording, _)) = &mut self.0 {
            let id = KeyValue::new(of::REQUEST_ID, id.to_string());
            recording.span.set_attribute(id);
        }
    }

    pub(crate) fn end(&mut self, outcome: Outcome, failure: Option<&Failure>) {
        let Some((mut recording, _)) = self.0.take() else {
            return;
        };
        match (outcome, failure) {
            (Outcome::Ok, _) => {}
            (_, Some(Failure::Error(error))) => {
                let code = error.code();
                recording.fail(code.to_string(), Some(code));
            }
            (_, Some(Failure::Lost(lost))) => recording.fail(lost.cause.as_str().to_owned(), None),
            (outcome, _) => recording.fail(outcome.as_str().to_owned(), None),
        }
        recording.end();
    }
}

/// A span, and what its duration is recorded by.
#[derive(Debug)]
struct Recording {
    exporting: &'static Exporting,
    span: Span,
    operation: Operation,
    kind: SpanKind,
    labels: Vec<KeyValue>,
    began: Instant,
    ended: bool,
}

impl Recording {
    fn begin(
        exporting: &'static Exporting,
        kind: SpanKind,
        told: Told,
        parent: Option<SpanContext>,
        link: Option<SpanContext>,
    ) -> Self {
        let context = match parent {
            Some(parent) => Context::new().with_remote_span_context(parent),
            None => Context::new(),
        };
        let tracer = &exporting.tracer;
        let links = link.map(|link| Link::new(link, Vec::new(), 0));
        let span = tracer
            .span_builder(told.name)
            .with_kind(kind.clone())
            .with_attributes(told.attributes)
            .with_links(links.into_iter().collect());
        Self {
            exporting,
            span: tracer.build_with_context(span, &context),
            operation: told.operation,
            kind,
            labels: told.labels,
            began: Instant::now(),
            ended: false,
        }
    }

    /// `kind`: one of few, or the code.
    fn fail(&mut self, kind: String, code: Option<i64>) {
        // Without a description: messages of errors may hold what was asked.
        self.span.set_status(Status::error(""));
        if let Some(code) = code {
            let code = KeyValue::new(of::STATUS, code.to_string());
            self.span.set_attribute(code);
        }
        // Servers may choose any other code.
        let label = match code {
            Some(code) if !RESERVED.contains(&code) => of::OTHER.to_owned(),
            _ => kind.clone(),
        };
        self.span.set_attribute(KeyValue::new(of::ERROR, kind));
        self.labels.push(KeyValue::new(of::ERROR, label));
    }

    fn end(&mut self) {
        self.ended = true;
        self.span.end();
        let histogram = match self.kind {
            SpanKind::Server => &self.exporting.served,
            _ => &self.exporting.sent,
        };
        histogram.record(self.began.elapsed().as_secs_f64(), &self.labels);
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Whoever waited for it has gone.
        if !self.ended {
            self.fail(Outcome::Cancelled.as_str().to_owned(), None);
            self.end();
        }
    }
}

/// What is told of a request: on its span, and of that what is of few kinds as labels of metrics.
struct Told {
    name: String,
    operation: Operation,
    attributes: Vec<KeyValue>,
    labels: Vec<KeyValue>,
}

impl Told {
    /// `known`: the subject is one of those that are exposed, which are few.
    fn of(method: &str, operation: Operation, subject: Option<&str>, known: bool) -> Self {
        let method = of::method(method);
        let mut told = Self {
            name: method.to_owned(),
            operation,
            attributes: Vec::with_capacity(12),
            labels: Vec::with_capacity(8),
        };
        told.all(of::METHOD, Some(method));
        let key = match operation {
            Operation::CallTool => of::TOOL,
            Operation::GetPrompt => of::PROMPT,
            Operation::ReadResource => of::RESOURCE,
            Operation::Complete | Operation::Other => return told,
        };
        if operation == Operation::CallTool {
            told.all(of::OPERATION, Some(of::EXECUTE_TOOL));
        }
        if let Some(subject) = subject {
            let subject = cut(subject);
            if known && operation != Operation::ReadResource {
                told.name = format!("{method} {subject}");
                told.both(KeyValue::new(key, subject.to_owned()));
            } else {
                told.span(key, subject.to_owned());
            }
        }
        told
    }

    fn version(&mut self, version: Option<&str>) {
        match version {
            Some(version) if ALL.contains(&version) => {
                self.all(of::VERSION, Some(version.to_owned()));
            }
            Some(made_up) => self.span(of::VERSION, cut(made_up).to_owned()),
            None => {}
        }
    }

    fn span(&mut self, key: &'static str, value: String) {
        self.attributes.push(KeyValue::new(key, value));
    }

    fn all(&mut self, key: &'static str, value: Option<impl Into<opentelemetry::Value>>) {
        if let Some(value) = value {
            self.both(KeyValue::new(key, value));
        }
    }

    fn both(&mut self, pair: KeyValue) {
        self.labels.push(pair.clone());
        self.attributes.push(pair);
    }
}

fn cut(text: &str) -> &str {
    let end = (0..=MAX_NAME.min(text.len())).rev();
    let mut end = end.filter(|at| text.is_char_boundary(*at));
    &text[..end.next().unwrap_or_default()]
}

/// The place in a trace that a message names.
fn carried(meta: &Object<'_>) -> Carrier {
    let text = |key| meta.string(key).map(std::borrow::Cow::into_owned);
    Carrier {
        traceparent: text("traceparent"),
        tracestate: text("tracestate"),
    }
}

fn header(headers: &http::HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The span that a carrier names, if it names one.
fn context(carrier: &Carrier) -> Option<SpanContext> {
    carrier.traceparent.as_ref()?;
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), carrier);
    let span = context.span().span_context().clone();
    span.is_valid().then_some(span)
}

impl Extractor for Carrier {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.traceparent.as_deref(),
            "tracestate" => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

impl Injector for Carrier {
    fn set(&mut self, key: &str, value: String) {
        match key {
            "traceparent" => self.traceparent = Some(value),
            "tracestate" => self.tracestate = Some(value),
            _ => {}
        }
    }
}
