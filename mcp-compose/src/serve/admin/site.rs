//! The routes of the admin listener, and what every request has to pass.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{Method, StatusCode};
use serde_json::json;
use tokio::sync::Semaphore;

use super::login::Logins;
use super::snapshot::{self, ToolRow};
use super::{events, page, tool};
use crate::gateway::Gateway;
use crate::gateway::catalog::Catalog;
use crate::gateway::live::LiveCalls;
use crate::handle::Report;
use crate::observe::prometheus;
use crate::serve::HttpOptions;
use crate::serve::health::{Probe, can_be_called};
use crate::serve::http::Door;
use crate::wire::peer::lock;

/// Most pages that are kept up to date at once.
const MAX_STREAMS: usize = 16;
/// Largest form, and how long it may take to arrive.
const MAX_FORM: usize = 1024 * 1024;
const FORM_TIMEOUT: Duration = Duration::from_secs(10);

/// Nothing but what stands in files of ours, and pictures that tools return.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the routes need.
pub(super) struct Site {
    pub(super) gateway: Arc<Gateway>,
    pub(super) calls: Arc<LiveCalls>,
    pub(super) logins: Logins,
    pub(super) streams: Arc<Semaphore>,
    door: Door,
    tools: Mutex<Option<(Arc<Catalog>, Arc<Tools>)>>,
}

/// The tools of a catalog, and the list of them as it stands on the page.
pub(super) struct Tools {
    pub(super) rows: Vec<ToolRow>,
    pub(super) html: Arc<str>,
}

impl Site {
    pub(super) fn new(gateway: &Arc<Gateway>, options: HttpOptions) -> Arc<Self> {
        Arc::new(Self {
            calls: gateway.watch_calls(),
            gateway: Arc::clone(gateway),
            logins: Logins::new(),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
            door: Door::of(options),
            tools: Mutex::default(),
        })
    }

    /// The tools that are exposed now; put together once for each catalog.
    pub(super) fn tools(&self) -> Arc<Tools> {
        let catalog = self.gateway.default_catalog();
        let mut kept = lock(&self.tools);
        if let Some((of, tools)) = &*kept
            && Arc::ptr_eq(of, &catalog)
        {
            return Arc::clone(tools);
        }
        let rows = snapshot::tools(&catalog);
        let html = page::tools(&rows).into_string().into();
        let tools = Arc::new(Tools { rows, html });
        *kept = Some((catalog, Arc::clone(&tools)));
        tools
    }

    /// Whether whoever sent the request may see everything.
    fn is_in(&self, headers: &HeaderMap) -> bool {
        self.door.is_open() || self.door.lets_in(headers) || self.logins.knows(headers)
    }
}

/// The figures, for Prometheus.
async fn metrics(State(site): State<Arc<Site>>) -> Response {
    let kind = [(CONTENT_TYPE, prometheus::CONTENT_TYPE)];
    (kind, site.gateway.metrics()).into_response()
}

/// The router. Other modules add their routes here: whoever is not let in never reaches a handler.
pub(super) fn router(site: &Arc<Site>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/tool", get(tool::show).post(tool::call))
        .route("/events", get(events::stream))
        .route("/metrics", get(metrics))
        .route_layer(middleware::from_fn_with_state(Arc::clone(site), let_in))
        .route("/login", get(page::login).post(log_in))
        .route("/livez", get(health))
        .route("/readyz", get(health))
        .route("/startupz", get(health))
        .route("/style.css", get(style))
        .route("/live.js", get(script))
        .route("/icon.svg", get(icon))
        .layer(middleware::from_fn_with_state(Arc::clone(site), check))
        .with_state(Arc::clone(site))
}

/// What holds for every request and answer.
async fn check(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let refused = match site.door.check(request.headers()) {
        Err(why) => Some(why),
        Ok(()) if request.method() == Method::POST => of_another_page(request.headers()),
        Ok(()) if is_part_of_another_page(request.headers()) => {
            Some("this is no part of another page")
        }
        Ok(()) => None,
    };
    let mut response = match refused {
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // With less, browsers would not say of forms where they come from.
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Why a form is not taken: only our own pages send forms. Programs say neither.
fn of_another_page(headers: &HeaderMap) -> Option<&'static str> {
    const WHY: &str = "this form comes from another page";
    let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return Some(WHY);
    }
    let origin = headers.get(ORIGIN)?.to_str().ok()?;
    let ours = headers.get(HOST)?.to_str().ok()?;
    let theirs = origin.split_once("://").map(|(_, host)| host);
    (theirs != Some(ours)).then_some(WHY)
}

/// Whether another site's page loads this, as an image or with a script: it could not read it, but would hold it open. A
/// person may follow a link.
fn is_part_of_another_page(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let other = matches!(said("sec-fetch-site"), Some(b"cross-site" | b"same-site"));
    other && said("sec-fetch-mode") != Some(b"navigate")
}

/// Sends browsers that are not let in to the form for the token, and turns away all others.
async fn let_in(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if site.is_in(request.headers()) {
        return next.run(request).await;
    }
    if request.method() == Method::GET && request.uri().path() == "/" {
        return (StatusCode::SEE_OTHER, [(LOCATION, "login")]).into_response();
    }
    let bearer = [(http::header::WWW_AUTHENTICATE, "Bearer")];
    (
        StatusCode::UNAUTHORIZED,
        bearer,
        "a token is asked for here",
    )
        .into_response()
}

/// Takes the token of a person.
async fn log_in(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (head, form) = match form(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let token = form.iter().find(|(name, _)| name == "token");
    let shown = token.and_then(|(_, token)| {
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {}", token.trim()).parse().ok()?;
        headers.insert(http::header::AUTHORIZATION, bearer);
        Some(headers)
    });
    if !shown.is_some_and(|shown| site.door.lets_in(&shown)) {
        return page::login_again();
    }
    match site.logins.open(&head.headers) {
        Some(cookie) => {
            let mut response = (StatusCode::SEE_OTHER, [(LOCATION, "./")]).into_response();
            response.headers_mut().insert(SET_COOKIE, cookie);
            response
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The head and the fields of a form.
pub(super) async fn form(
    request: Request,
) -> Result<(http::request::Parts, Vec<(String, String)>), Response> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_FORM);
    match tokio::time::timeout(FORM_TIMEOUT, body).await {
        Ok(Ok(body)) => Ok((head, fields(&body))),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE.into_response()),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

/// The fields of a form or of a query.
pub(super) fn fields(encoded: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

/// Health: of each child too, for whoever may know.
async fn health(State(site): State<Arc<Site>>, request: Request) -> Response {
    let Some(probe) = Probe::of_path(request.uri().path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let health = site.gateway.health(probe).await;
    if probe == Probe::Live || !site.is_in(request.headers()) {
        return (health.status(), health.word).into_response();
    }
    let children: Vec<_> = site
        .gateway
        .served_children()
        .iter()
        .map(|child| {
            let report = Report::of(child);
            json!({
                "child": child.label,
                "ready": can_be_called(child),
                "optional": child.spec.options.optional,
                "failure": report.last_failure,
            })
        })
        .collect();
    let text = json!({ "status": health.word, "children": children }).to_string();
    let json = [(CONTENT_TYPE, "application/json")];
    (health.status(), json, text).into_response()
}

async fn style() -> Response {
    asset(
        "text/css; charset=utf-8",
        include_bytes!("assets/style.css"),
    )
}

async fn script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_bytes!("assets/live.js"),
    )
}

async fn icon() -> Response {
    asset("image/svg+xml", include_bytes!("assets/icon.svg"))
}

fn asset(kind: &'static str, content: &'static [u8]) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")];
    (headers, Body::from(Bytes::from_static(content))).into_response()
}
