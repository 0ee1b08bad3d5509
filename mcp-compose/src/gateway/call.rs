//! One client request served by a child: routed, checked, sent once, and its answer brought home.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::catalog::{Catalog, Route, ToolRoute};
use super::client::{Client, Outlet};
use super::fault;
use super::rewrite::{self, ResultOf};
use crate::child::CallerInfo;
use crate::child::instance::{InFlight, Instance, LogWish};
use crate::child::supervisor::Child;
use crate::compose::ChildSource;
use crate::nearest::nearest;
use crate::server::LogLevel;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Delivered, Event, Failure, RequestRoute};
use crate::wire::version::{Era, META_CLIENT_CAPABILITIES, META_CLIENT_INFO, META_LOG_LEVEL};
use crate::wire::{Message, Notification, Object, Raw, json};

/// How often a call that certainly did not arrive is sent.
const ATTEMPTS: usize = 2;

/// What a request brings along, whatever its method.
pub(crate) struct Caller<'r> {
    pub(crate) client: &'r Arc<Client>,
    pub(crate) era: Era,
    /// The request's `_meta`.
    pub(crate) meta: Object<'r>,
    /// What precedes the result goes here.
    pub(crate) outlet: &'r Arc<dyn Outlet>,
    pub(crate) cancelled: &'r CancellationToken,
}

impl Caller<'_> {
    /// The least severe level of log messages that this request wants, as it was asked for.
    fn log_level(&self) -> Option<LogLevel> {
        match self.era {
            Era::Modern => LogLevel::from_wire(&self.meta.string(META_LOG_LEVEL)?),
            Era::Legacy => self.client.log_level(),
        }
    }

    /// Which log messages this request wants.
    fn wish(&self) -> LogWish {
        match (self.era, self.log_level()) {
            (Era::Modern, None) => LogWish::Nothing,
            (Era::Legacy, None) => LogWish::Everything,
            (_, Some(least)) => LogWish::From(least),
        }
    }

    /// What the client can be asked for, as it declared it.
    fn capabilities(&self) -> Option<&str> {
        match self.era {
            Era::Modern => self.meta.get(META_CLIENT_CAPABILITIES),
            Era::Legacy => self
                .client
                .handshake()?
                .capabilities
                .as_ref()
                .map(Raw::as_str),
        }
    }

    fn info(&self, child: &Child, method: &str) -> Option<Arc<CallerInfo>> {
        let ChildSource::Http(spec) = &child.spec.source else {
            return None;
        };
        spec.auth.as_ref()?;
        let info = match self.era {
            Era::Modern => self.meta.get(META_CLIENT_INFO).map(str::to_owned),
            Era::Legacy => self
                .client
                .handshake()
                .and_then(|said| Some(said.info.as_ref()?.as_str().to_owned())),
        };
        let info = info
            .as_deref()
            .and_then(|info| Object::parse(info).ok())
            .unwrap_or_default();
        let text = |key: &str| info.string(key).map(std::borrow::Cow::into_owned);
        Some(Arc::new(CallerInfo {
            child: child.label.clone(),
            method: method.to_owned(),
            client_name: text("name"),
            client_version: text("version"),
        }))
    }
}

/// A request as a child will get it, but for `_meta`, which depends on the child's era.
struct Forward<'r> {
    child: &'r Arc<Child>,
    method: &'r str,
    params: Object<'r>,
    headers: Vec<(http::HeaderName, http::HeaderValue)>,
    result: ResultOf,
    cacheable: bool,
    /// The original URI that is read, and the client's spelling of it.
    asked: Option<(&'r str, &'r str)>,
}

impl<'r> Forward<'r> {
    /// A request of which nothing but `_meta` is still to be made.
    fn new(child: &'r Arc<Child>, method: &'r str, params: Object<'r>) -> Self {
        Self {
            child,
            method,
            params,
            headers: Vec::new(),
            result: ResultOf::Other,
            cacheable: false,
            asked: None,
        }
    }
}

impl Gateway {
    pub(crate) async fn call_tool<'r>(
        &self,
        caller: &Caller<'r>,
        mut params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        let name = required(&params, "name")?;
        let Some(route) = self.find(|catalog| catalog.tool(&name).cloned()).await else {
            return Err(self.unknown_tool(&name));
        };
        if let Some(refusal) = check_arguments(&route, &name, params.get("arguments")) {
            return Ok(self.finish(refusal, Era::Legacy, caller.era, false));
        }
        params.set("name", json::quote(&route.original));
        let headers = match &route.headers {
            Some(rules) => rules.headers(params.get("arguments").unwrap_or("{}")),
            None => Vec::new(),
        };
        let mut forward = Forward::new(&route.child, "tools/call", params);
        forward.headers = headers;
        forward.result = ResultOf::ToolCall;
        let result = self.forward(caller, forward).await?;
        check_output(&route, &name, &result)?;
        Ok(result)
    }

    pub(crate) async fn get_prompt<'r>(
        &self,
        caller: &Caller<'r>,
        mut params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        let name = required(&params, "name")?;
        let Some(Route { child, original }) =
            self.find(|catalog| catalog.prompt(&name).cloned()).await
        else {
            return Err(fault::invalid_params(&format!("unknown prompt `{name}`")));
        };
        params.set("name", json::quote(&original));
        let mut forward = Forward::new(&child, "prompts/get", params);
        forward.result = ResultOf::Prompt;
        self.forward(caller, forward).await
    }

    pub(crate) async fn read_resource<'r>(
        &self,
        caller: &Caller<'r>,
        mut params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        let uri = required(&params, "uri")?;
        let Route { child, original } = self.resource_route(caller.era, &uri).await?;
        params.set("uri", json::quote(&original));
        let mut forward = Forward::new(&child, "resources/read", params);
        forward.result = ResultOf::Read;
        forward.cacheable = true;
        forward.asked = Some((&original, &uri));
        self.forward(caller, forward).await
    }

    pub(crate) async fn complete<'r>(
        &self,
        caller: &Caller<'r>,
        mut params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        let reference = required_object(&params, "ref")?;
        let mut reference =
            Object::parse(&reference).map_err(|error| fault::invalid_params(&error.to_string()))?;
        let kind = required(&reference, "type")?;
        let route = match kind.as_str() {
            "ref/prompt" => {
                let name = required(&reference, "name")?;
                let route = self.find(|catalog| catalog.prompt(&name).cloned()).await;
                let route = route
                    .ok_or_else(|| fault::invalid_params(&format!("unknown prompt `{name}`")))?;
                reference.set("name", json::quote(&route.original));
                route
            }
            "ref/resource" => {
                let uri = required(&reference, "uri")?;
                let route = self.find(|catalog| catalog.template(&uri)).await;
                let route = route.ok_or_else(|| {
                    fault::invalid_params(&format!("unknown resource template `{uri}`"))
                })?;
                reference.set("uri", json::quote(&route.original));
                route
            }
            other => {
                return Err(fault::invalid_params(&format!(
                    "`ref.type` is `ref/prompt` or `ref/resource`, not `{other}`"
                )));
            }
        };
        // A server without completions has none to offer; that is no error of the client's.
        if route
            .child
            .profile()
            .is_some_and(|profile| !profile.offers.completions)
        {
            let none =
                Raw::from_static(r#"{"completion":{"values":[],"total":0,"hasMore":false}}"#);
            return Ok(self.finish(none, Era::Legacy, caller.era, false));
        }
        params.set("ref", reference.to_json());
        let forward = Forward::new(&route.child, "completion/complete", params);
        self.forward(caller, forward).await
    }

    /// A method that nobody here has heard of: it goes to the one child that is exposed as it is.
    pub(crate) async fn pass_on<'r>(
        &self,
        caller: &Caller<'r>,
        method: &'r str,
        params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        let Some(child) = self.catalog().only_bare_child(|_| true) else {
            return Err(ErrorObject::new(
                code::METHOD_NOT_FOUND,
                &format!("unknown method `{method}`"),
            ));
        };
        self.forward(caller, Forward::new(&child, method, params))
            .await
    }

    pub(crate) async fn resource_route(&self, era: Era, uri: &str) -> Result<Route, ErrorObject> {
        self.find(|catalog| catalog.resource(uri))
            .await
            .ok_or_else(|| {
                let code = if era == Era::Modern {
                    code::INVALID_PARAMS
                } else {
                    code::RESOURCE_NOT_FOUND
                };
                let data = format!("{{\"uri\":{}}}", json::quote(uri));
                ErrorObject::with_data(code, &format!("resource `{uri}` not found"), Some(&data))
            })
    }

    /// Looks something up in the catalog. What is not there may belong to a child that is still
    /// starting: a client may know its names from before.
    async fn find<T>(&self, look: impl Fn(&Catalog) -> Option<T>) -> Option<T> {
        if let Some(found) = look(&self.catalog()) {
            return Some(found);
        }
        self.settled(super::LIST_GRACE).await;
        look(&self.catalog())
    }

    fn unknown_tool(&self, name: &str) -> ErrorObject {
        let catalog = self.catalog();
        let near = nearest(name, catalog.tool_names());
        let hint = near
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        fault::invalid_params(&format!("unknown tool `{name}`{hint}"))
    }

    /// Sends a request to its child and waits for the end. It is sent a second time only if the
    /// first certainly did not arrive.
    async fn forward(&self, caller: &Caller<'_>, forward: Forward<'_>) -> Result<Raw, ErrorObject> {
        let child = forward.child;
        let mut attempt = 1;
        loop {
            let owner = caller.client.connection();
            let instance = match child.running_for(owner) {
                Some(instance) => instance,
                None => tokio::select! {
                    biased;
                    instance = child.instance_for(owner) => instance.map_err(|why| fault::unavailable(child, &why))?,
                    () = caller.cancelled.cancelled() => return Err(fault::cancelled()),
                },
            };
            match self.attempt(caller, &forward, &instance).await {
                Ok(result) => {
                    let result =
                        rewrite::expose_result(child, result, forward.result, forward.asked);
                    return Ok(self.finish(
                        result,
                        instance.profile().era,
                        caller.era,
                        forward.cacheable,
                    ));
                }
                Err(Ended::Failed(Failure::Lost {
                    delivered: Delivered::No,
                    ..
                })) if attempt < ATTEMPTS => attempt += 1,
                Err(Ended::Failed(Failure::Lost { delivered, reason })) => {
                    return Err(fault::lost(child, &reason, delivered));
                }
                Err(Ended::Failed(Failure::Error(error))) => {
                    return Err(rewrite::expose_error(child, error, caller.era));
                }
                Err(Ended::Failed(Failure::Overloaded)) => return Err(fault::overloaded(child)),
                Err(Ended::TimedOut(after)) => return Err(fault::timed_out(child, after)),
                Err(Ended::Cancelled) => return Err(fault::cancelled()),
            }
        }
    }

    async fn attempt(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        instance: &Arc<Instance>,
    ) -> Result<Raw, Ended> {
        let era = instance.profile().era;
        let token = caller.meta.get("progressToken");
        let level = caller.log_level().map(LogLevel::as_str);
        // A typed server may ask what the client can do; it is no other party that could misuse it.
        let capabilities = if forward.child.is_local() {
            caller.capabilities()
        } else {
            None
        };
        let params = |id: u64| {
            let mut params = forward.params.clone();
            match rewrite::request_meta(&caller.meta, token.map(|_| id), era, level, capabilities) {
                Some(meta) => params.set("_meta", meta),
                None => {
                    params.remove("_meta");
                }
            }
            Some(params.to_raw())
        };
        let route = RequestRoute {
            headers: if era == Era::Modern {
                forward.headers.clone()
            } else {
                Vec::new()
            },
            caller: caller.info(forward.child, forward.method),
        };
        let Some(_slot) = forward.child.slot().await else {
            return Err(Ended::Failed(Failure::Overloaded));
        };
        let _active = instance.enter(InFlight {
            client: caller.client.id,
            questions: Arc::default(),
            outlet: Arc::clone(caller.outlet),
            wish: caller.wish(),
        });
        let mut call = instance.peer().request(forward.method, params, route);
        let options = &forward.child.spec.options;
        let latest = Instant::now() + options.max_timeout;
        let mut deadline =
            std::pin::pin!(tokio::time::sleep(options.timeout.min(options.max_timeout)));
        loop {
            let event = tokio::select! {
                biased;
                event = call.next() => event,
                () = caller.cancelled.cancelled() => {
                    call.cancel("the client cancelled the request");
                    return Err(Ended::Cancelled);
                }
                () = &mut deadline => {
                    call.cancel("no answer within the deadline");
                    let after = if Instant::now() >= latest { options.max_timeout } else { options.timeout };
                    return Err(Ended::TimedOut(after));
                }
            };
            match event {
                Event::Done(outcome) => return outcome.map_err(Ended::Failed),
                Event::Progress(params) => {
                    deadline
                        .as_mut()
                        .reset((Instant::now() + options.timeout).min(latest));
                    if let Some(token) = token {
                        relay_progress(caller.outlet, token, &params);
                    }
                }
                Event::Notification(notification) => {
                    self.relay_notification(caller, forward.child, notification);
                }
                Event::Question(request) => {
                    let why = format!("`{}` is not offered to this server", request.method);
                    call.peer().respond(
                        request.id,
                        Err(ErrorObject::new(code::METHOD_NOT_FOUND, &why)),
                    );
                }
            }
        }
    }

    fn relay_notification(&self, caller: &Caller<'_>, child: &Child, notification: Notification) {
        let notification = if &*notification.method == "notifications/message" {
            let (notification, level) = log_message(child, notification);
            if !caller.wish().takes(level) {
                return;
            }
            notification
        } else {
            notification
        };
        // An outlet that is gone has a call that is being cancelled.
        let _ = caller.outlet.send(Message::Notification(notification));
    }
}

/// Why an attempt has no result.
enum Ended {
    Failed(Failure),
    TimedOut(Duration),
    Cancelled,
}

/// Sends progress on under the client's own token.
fn relay_progress(outlet: &Arc<dyn Outlet>, token: &str, params: &Raw) {
    let Ok(mut object) = Object::parse(params.as_str()) else {
        return;
    };
    object.set("progressToken", token.to_owned());
    let notification = Notification::new("notifications/progress", Some(object.to_raw()));
    let _ = outlet.send(Message::Notification(notification));
}

/// A child's log message with the child's name as (the head of) its logger, and its level.
pub(crate) fn log_message(
    child: &Child,
    notification: Notification,
) -> (Notification, Option<LogLevel>) {
    let Ok(mut params) = Object::parse(notification.params()) else {
        return (notification, None);
    };
    let level = params
        .string("level")
        .and_then(|level| LogLevel::from_wire(&level));
    let Some(namespace) = &child.spec.namespace else {
        return (notification, level);
    };
    let logger = match params.string("logger") {
        Some(logger) => format!("{namespace}/{logger}"),
        None => namespace.to_string(),
    };
    params.set("logger", json::quote(&logger));
    let params = Some(params.to_raw());
    (
        Notification {
            method: notification.method,
            params,
        },
        level,
    )
}

/// A tool result that says what is wrong with the arguments, so that the model can mend them.
fn check_arguments(route: &ToolRoute, name: &str, arguments: Option<&str>) -> Option<Raw> {
    let schema = route.input.as_ref()?;
    let findings = schema.findings(
        arguments.unwrap_or("{}"),
        &route.child.label,
        &route.original,
    );
    if findings.is_empty() {
        return None;
    }
    let text = format!(
        "invalid arguments for tool `{name}`: {}",
        findings.join("; ")
    );
    Some(Raw::from_json(format!(
        "{{\"content\":[{{\"type\":\"text\",\"text\":{}}}],\"isError\":true}}",
        json::quote(&text)
    )))
}

fn check_output(route: &ToolRoute, name: &str, result: &Raw) -> Result<(), ErrorObject> {
    let Some(schema) = &route.output else {
        return Ok(());
    };
    let Ok(object) = Object::parse(result.as_str()) else {
        return Ok(());
    };
    let (Some(structured), false) = (
        object.get("structuredContent"),
        object.get("isError") == Some("true"),
    ) else {
        return Ok(());
    };
    let findings = schema.findings(structured, &route.child.label, &route.original);
    if findings.is_empty() {
        return Ok(());
    }
    Err(fault::Fault {
        code: fault::CHILD_FAILED,
        child: &route.child,
        reason: "child_protocol_error",
        message: format!(
            "the result of tool `{name}` is not what its output schema says: {}",
            findings.join("; ")
        ),
        delivered: Delivered::Maybe,
        retry_after: None,
    }
    .into())
}

/// A member that must be a string.
pub(crate) fn required(params: &Object<'_>, key: &str) -> Result<String, ErrorObject> {
    params
        .string(key)
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| fault::invalid_params(&format!("`{key}` is missing or not a string")))
}

fn required_object(params: &Object<'_>, key: &str) -> Result<String, ErrorObject> {
    params
        .get(key)
        .filter(|value| value.starts_with('{'))
        .map(str::to_owned)
        .ok_or_else(|| fault::invalid_params(&format!("`{key}` is missing or not an object")))
}
