//! One client request served by a child: routed, checked, sent once, and its answer brought home.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::Guard;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::catalog::{Catalog, Route, ToolRoute};
use super::client::{Client, Outlet};
use super::elicitations::COMPLETE;
use super::fault;
use super::input::{InputRequired, Retry};
#[cfg(feature = "admin")]
use super::live::{self, LiveCall};
use super::park::{self, Parked, Viewer};
use super::question;
use super::rewrite::{self, ResultOf};
use super::rounds::{Reopened, Rounds};
use super::task_feed;
use super::underway::{Ended, Step, Underway};
use crate::child::CallerInfo;
use crate::child::asks::{self, Told};
use crate::child::instance::{Instance, LogWish};
use crate::child::pool::{Holder, Lease, Wanted};
use crate::child::supervisor::Child;
use crate::compose::{ChildSource, Namespace};
use crate::nearest::nearest;
use crate::observe::figures::Operation;
use crate::observe::trace::Served;
use crate::server::LogLevel;
use crate::wire::message::{ErrorObject, code};
use crate::wire::peer::{Delivered, LinkError, Oddity};
use crate::wire::version::{
    Era, META_CLIENT_CAPABILITIES, META_CLIENT_INFO, META_LOG_LEVEL, META_VERSION,
};
use crate::wire::{Message, Notification, Object, Origin, Raw, json};

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
    /// The trace that it belongs to.
    pub(crate) served: Option<&'r Served>,
    /// A typed server makes the call for its own caller: whose sessions are used.
    pub(crate) nested: Option<Holder>,
}

impl Caller<'_> {
    /// What is exposed to it now.
    pub(super) fn catalog(&self) -> Guard<Arc<Catalog>> {
        self.client.view().catalog()
    }

    /// The namespace that a child's URIs have for it.
    pub(super) fn namespace<'c>(&self, child: &'c Child) -> Option<&'c Namespace> {
        self.catalog().part().namespace(child)
    }

    /// The least severe level of log messages that this request wants, as it was asked for.
    pub(super) fn log_level(&self) -> Option<LogLevel> {
        match self.era {
            Era::Modern => LogLevel::from_wire(&self.meta.string(META_LOG_LEVEL)?),
            Era::Legacy => self.client.log_level(),
        }
    }

    /// Which log messages this request wants.
    pub(super) fn wish(&self) -> LogWish {
        match (self.era, self.log_level()) {
            (Era::Modern, None) => LogWish::Nothing,
            (Era::Legacy, None) => LogWish::Everything,
            (_, Some(least)) => LogWish::From(least),
        }
    }

    /// What the client can be asked for, as it declared it.
    pub(super) fn capabilities(&self) -> Option<&str> {
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

    /// Whose sessions of children are used for it.
    pub(super) fn holder(&self) -> Holder {
        match (&self.nested, self.client.connection()) {
            (Some(holder), _) => holder.clone(),
            (None, Some(id)) => Holder::Client(id),
            (None, None) => Holder::Principal(self.client.principal().shared()),
        }
    }

    /// What the client calls itself.
    #[cfg(feature = "admin")]
    pub(super) fn client_name(&self) -> Option<String> {
        match self.era {
            Era::Modern => live::name_of(self.meta.get(META_CLIENT_INFO)?),
            Era::Legacy => live::name_of(self.client.handshake()?.info.as_ref()?.as_str()),
        }
    }

    /// Whether questions are put while the call runs, rather than by its result.
    pub(super) fn is_asked_inline(&self) -> bool {
        self.era == Era::Legacy || self.nested.is_some()
    }

    /// What a typed server may know of the caller.
    pub(super) fn origin(&self, gateway: &Gateway) -> Arc<Origin> {
        let (version, client_info) = match self.era {
            Era::Modern => (
                self.meta
                    .string(META_VERSION)
                    .map(|version| version.as_ref().into()),
                self.meta
                    .get(META_CLIENT_INFO)
                    .map(|info| Raw::from_json(info.to_owned())),
            ),
            Era::Legacy => match self.client.handshake() {
                Some(said) => (Some(said.version.into()), said.info.clone()),
                None => (None, None),
            },
        };
        Arc::new(Origin {
            principal: self.client.principal().clone(),
            holder: self.holder(),
            version,
            client_info,
            log_level: self.log_level(),
            http: self.outlet.http().cloned(),
            children: gateway.handles(),
        })
    }

    /// What a child of this era may ask the client.
    pub(super) fn told(&self, child: &Child, era: Era) -> Told {
        let declared = self.capabilities();
        let make = || asks::told(declared, self.era, era, &child.spec.options);
        match self.era {
            Era::Modern => make(),
            // Said once, at the handshake.
            Era::Legacy if declared.is_none() => make(),
            Era::Legacy => self.client.told(child.id, era, make),
        }
    }

    /// The session that a call of `child` is made on.
    pub(super) fn wanted(&self, child: &Child) -> Wanted {
        let told = self.told(child, Era::Legacy);
        // The answer to a question of a stateless request is a result of that very request.
        let alone = self.era == Era::Modern && !told.asks_as(&asks::shared(&child.spec.options));
        Wanted {
            holder: self.holder(),
            told,
            alone,
            era: self.era,
        }
    }

    /// The request, as one that waits for a parked call.
    pub(super) fn viewer(&self) -> Viewer {
        Viewer {
            client: self.client.id,
            outlet: Arc::clone(self.outlet),
            token: self.meta.get("progressToken").map(str::to_owned),
            wish: self.wish(),
        }
    }

    pub(super) fn info(&self, child: &Child, method: &str) -> Option<Arc<CallerInfo>> {
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
            ..CallerInfo::default()
        }))
    }
}

/// A request as a child will get it, but for `_meta`, which depends on the child's era.
pub(super) struct Forward<'r> {
    pub(super) child: &'r Arc<Child>,
    pub(super) method: &'r str,
    pub(super) params: Object<'r>,
    pub(super) headers: Vec<(http::HeaderName, http::HeaderValue)>,
    pub(super) operation: Operation,
    /// The tool, prompt or resource, as the child calls it.
    pub(super) name: Option<Arc<str>>,
    result: ResultOf,
    cacheable: bool,
    /// The original URI that is read, and the client's spelling of it.
    asked: Option<(&'r str, &'r str)>,
    /// Answers that a modern client sends along.
    pub(super) retry: Retry,
}

impl<'r> Forward<'r> {
    /// A request of which nothing but `_meta` is still to be made.
    pub(super) fn new(child: &'r Arc<Child>, method: &'r str, params: Object<'r>) -> Self {
        Self {
            child,
            method,
            params,
            headers: Vec::new(),
            operation: Operation::of(method),
            name: None,
            result: ResultOf::Other,
            cacheable: false,
            asked: None,
            retry: Retry::default(),
        }
    }

    /// A call that the program makes itself. `uri`: what it reads, as it spelt it.
    pub(super) fn nested(
        child: &'r Arc<Child>,
        method: &'r str,
        params: Object<'r>,
        uri: Option<&'r str>,
    ) -> Self {
        let name = params.string("name");
        let name = name.as_deref().or(uri).map(Arc::from);
        Self {
            name,
            result: match method {
                "tools/call" => ResultOf::ToolCall,
                "prompts/get" => ResultOf::Prompt,
                "resources/read" => ResultOf::Read,
                _ => ResultOf::Other,
            },
            asked: uri.map(|uri| (uri, uri)),
            ..Self::new(child, method, params)
        }
    }

    /// A request whose result may be questions: what the client answers to them comes along.
    fn answering(
        child: &'r Arc<Child>,
        method: &'r str,
        mut params: Object<'r>,
        caller: &Caller<'_>,
    ) -> Result<Self, ErrorObject> {
        let retry = match caller.era {
            Era::Modern => Retry::take(&mut params)?,
            Era::Legacy => Retry::default(),
        };
        Ok(Self {
            retry,
            ..Self::new(child, method, params)
        })
    }

    /// The era in which the child is spoken to. A typed server speaks that of its caller.
    pub(super) fn era(&self, instance: &Instance, caller: &Caller<'_>) -> Era {
        if self.child.is_local() {
            caller.era
        } else {
            instance.profile().era
        }
    }
}

/// What came of a request at a child.
enum Reply {
    /// A result, in this era.
    Result(Raw, Era),
    /// The child asks a client that answers by trying again.
    Parked(Arc<Parked>),
}

impl Gateway {
    pub(crate) async fn call_tool<'r>(
        &self,
        caller: &Caller<'r>,
        mut params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        let name = required(&params, "name")?;
        let Some(route) = self
            .find(caller, |catalog| catalog.tool(&name).cloned())
            .await
        else {
            return Err(self.unknown_tool(caller, &name));
        };
        if let Some(refusal) = check_arguments(&route, &name, params.get("arguments")).await {
            return Ok(self.finish(caller, refusal, Era::Legacy, false));
        }
        // No child was told that calls can be made tasks in the way of 2025-11-25.
        params.remove("task");
        params.set("name", json::quote(&route.original));
        let headers = match &route.headers {
            Some(rules) => rules.headers(params.get("arguments").unwrap_or("{}")),
            None => Vec::new(),
        };
        let mut forward = Forward::answering(&route.child, "tools/call", params, caller)?;
        forward.headers = headers;
        forward.name = Some(Arc::clone(&route.original));
        forward.result = ResultOf::ToolCall;
        let result = self.forward(caller, forward).await?;
        check_output(&route, &name, &result).await?;
        Ok(result)
    }

    pub(crate) async fn get_prompt<'r>(
        &self,
        caller: &Caller<'r>,
        mut params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        let name = required(&params, "name")?;
        let Some(Route { child, original }) = self
            .find(caller, |catalog| catalog.prompt(&name).cloned())
            .await
        else {
            let absent = self.of_absent_child(caller, &name);
            return Err(absent
                .unwrap_or_else(|| fault::invalid_params(&format!("unknown prompt `{name}`"))));
        };
        params.set("name", json::quote(&original));
        let mut forward = Forward::answering(&child, "prompts/get", params, caller)?;
        forward.name = Some(original.as_str().into());
        forward.result = ResultOf::Prompt;
        self.forward(caller, forward).await
    }

    pub(crate) async fn read_resource<'r>(
        &self,
        caller: &Caller<'r>,
        mut params: Object<'r>,
    ) -> Result<Raw, ErrorObject> {
        let uri = required(&params, "uri")?;
        let Route { child, original } = self.resource_route(caller, &uri).await?;
        params.set("uri", json::quote(&original));
        let mut forward = Forward::answering(&child, "resources/read", params, caller)?;
        forward.name = Some(original.as_str().into());
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
                let route = self
                    .find(caller, |catalog| catalog.prompt(&name).cloned())
                    .await;
                let route = route
                    .ok_or_else(|| fault::invalid_params(&format!("unknown prompt `{name}`")))?;
                reference.set("name", json::quote(&route.original));
                route
            }
            "ref/resource" => {
                let uri = required(&reference, "uri")?;
                let route = self.find(caller, |catalog| catalog.template(&uri)).await;
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
            return Ok(self.finish(caller, none, Era::Legacy, false));
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
        let Some(child) = caller.catalog().only_bare_child(|_| true) else {
            return Err(ErrorObject::new(
                code::METHOD_NOT_FOUND,
                &format!("unknown method `{method}`"),
            ));
        };
        self.forward(caller, Forward::new(&child, method, params))
            .await
    }

    pub(crate) async fn resource_route(
        &self,
        caller: &Caller<'_>,
        uri: &str,
    ) -> Result<Route, ErrorObject> {
        self.find(caller, |catalog| catalog.resource(uri))
            .await
            .ok_or_else(|| {
                let code = if caller.era == Era::Modern {
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
    async fn find<T>(
        &self,
        caller: &Caller<'_>,
        look: impl Fn(&Catalog) -> Option<T>,
    ) -> Option<T> {
        if let Some(found) = look(&caller.catalog()) {
            return Some(found);
        }
        self.settled_in(caller.client.view(), super::LIST_GRACE)
            .await;
        look(&caller.catalog())
    }

    /// What is to be said of a name that nobody has: the child that names of this kind belong to may have
    /// listed nothing yet.
    fn of_absent_child(&self, caller: &Caller<'_>, name: &str) -> Option<ErrorObject> {
        let catalog = caller.catalog();
        catalog.children().iter().find_map(|child| {
            // By itself, all names are its own.
            if !catalog.part().is_alone() {
                let rest = name.strip_prefix(child.spec.prefix()?.as_str())?;
                rest.strip_prefix(&*self.settings.separator)?;
            }
            Some(fault::unavailable(child, &child.never_listed()?))
        })
    }

    fn unknown_tool(&self, caller: &Caller<'_>, name: &str) -> ErrorObject {
        if let Some(error) = self.of_absent_child(caller, name) {
            return error;
        }
        let catalog = caller.catalog();
        let near = nearest(name, catalog.tool_names());
        let hint = near
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        fault::invalid_params(&format!("unknown tool `{name}`{hint}"))
    }

    /// Sends a request to its child and brings home what comes of it: a result, an error, or
    /// questions to the client.
    pub(super) async fn forward(
        &self,
        caller: &Caller<'_>,
        forward: Forward<'_>,
    ) -> Result<Raw, ErrorObject> {
        #[cfg(feature = "admin")]
        if let Some(live) = self.live.get() {
            let seen = live.begin(LiveCall::of(caller, &forward));
            let result = self.answered(caller, forward).await;
            seen.ended(&result);
            return result;
        }
        self.answered(caller, forward).await
    }

    async fn answered(
        &self,
        caller: &Caller<'_>,
        mut forward: Forward<'_>,
    ) -> Result<Raw, ErrorObject> {
        if let Some(parked) = self.reopen(caller, &mut forward)? {
            return match parked {
                Reopened::Waits(parked, round) => {
                    self.parked(caller, &forward, &parked, round).await
                }
                Reopened::AskAgain(result) => Ok(self.finish(caller, result, Era::Modern, false)),
            };
        }
        let mut rounds = Rounds::default();
        loop {
            let (result, era) = match self.send(caller, &forward).await {
                Ok(Reply::Result(result, era)) => (result, era),
                Ok(Reply::Parked(parked)) => {
                    return self.parked(caller, &forward, &parked, 0).await;
                }
                Err(error) => return self.refused(caller, &forward, error),
            };
            if era == Era::Modern && InputRequired::is(&result) {
                let asked = self.questions(caller, &mut forward, &result, &mut rounds);
                match asked.await? {
                    Some(result) => return Ok(result),
                    None => continue,
                }
            }
            rounds.complete(caller.client);
            let result = self.expose_task(caller, &forward, era, result)?;
            return Ok(self.bring_home(caller, &forward, result, era));
        }
    }

    /// Makes a child's result one for the client.
    pub(super) fn bring_home(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        result: Raw,
        era: Era,
    ) -> Raw {
        let namespace = caller.namespace(forward.child);
        let result = rewrite::expose_result(namespace, result, forward.result, forward.asked);
        self.finish(caller, result, era, forward.cacheable)
    }

    /// Sends a request to its child. It is sent a second time only if the first certainly did not
    /// arrive.
    async fn send(&self, caller: &Caller<'_>, forward: &Forward<'_>) -> Result<Reply, ErrorObject> {
        let child = forward.child;
        let wanted = caller.wanted(child);
        let mut attempt = 1;
        // For the child to be there.
        let mut waited = Duration::ZERO;
        loop {
            let lease = match child.lease_now(&wanted) {
                Some(lease) => lease,
                None => {
                    let began = Instant::now();
                    let lease = tokio::select! {
                        biased;
                        lease = child.lease(&wanted) => lease.map_err(|why| {
                            child.figures.refused(forward.operation);
                            fault::unavailable(child, &why)
                        })?,
                        () = caller.cancelled.cancelled() => return Err(fault::cancelled()),
                    };
                    waited += began.elapsed();
                    lease
                }
            };
            match self.attempt(caller, forward, lease, waited).await {
                Ok(reply) => return Ok(reply),
                Err(ended) if ended.not_sent() && attempt < ATTEMPTS => attempt += 1,
                Err(ended) => {
                    return Err(ended.explain(child, caller.namespace(child), caller.era));
                }
            }
        }
    }

    async fn attempt(
        &self,
        caller: &Caller<'_>,
        forward: &Forward<'_>,
        lease: Lease,
        waited: Duration,
    ) -> Result<Reply, Ended> {
        let child = forward.child;
        let era = forward.era(&lease, caller);
        let told = if era == Era::Modern || child.is_local() {
            caller.told(child, era)
        } else {
            // What the session was told once and for all.
            lease.told().clone()
        };
        let token = caller.meta.get("progressToken");
        let mut underway = Underway::begin(self, caller, forward, lease, told, waited).await?;
        // Questions to the client end with the call that they belong to.
        let scope = Scope::default();
        loop {
            let step = tokio::select! {
                biased;
                step = underway.step() => step,
                () = caller.cancelled.cancelled() => {
                    underway.cancel("the client cancelled the request");
                    return Err(Ended::Cancelled);
                }
            };
            match step {
                Step::Done(outcome) => return outcome.map(|result| Reply::Result(result, era)),
                Step::Progress(params) => {
                    if let Some(token) = token {
                        relay_progress(caller.outlet, token, child, &params);
                    }
                }
                Step::Notification(notification) if &*notification.method == COMPLETE => {
                    let peer = underway.lease.peer();
                    self.elicitations
                        .completed(child, Some(peer), &notification);
                }
                Step::Notification(notification) => {
                    relay_notification(caller.outlet, caller.wish(), child, notification);
                }
                // A typed server asks so as well once a child of its own has asked.
                Step::Question(request, _) if era == Era::Modern && !child.is_local() => {
                    let why = "a server of 2026-07-28 asks by its results";
                    let error = ErrorObject::new(code::METHOD_NOT_FOUND, why);
                    question::refuse(child, underway.lease.peer(), request.id, &error);
                }
                Step::Question(request, linked) => match caller.is_asked_inline() {
                    true => {
                        self.relay_question(caller, &underway, request, linked, scope.token());
                    }
                    false => {
                        let principal = caller.holder().name();
                        match park::park(
                            self,
                            underway,
                            request,
                            principal,
                            caller.namespace(child),
                            caller.viewer(),
                        ) {
                            Ok(parked) => return Ok(Reply::Parked(parked)),
                            Err(refused) => underway = *refused,
                        }
                    }
                },
            }
        }
    }
}

/// The time of a call, for what must not outlive it. Hardly a call needs it.
#[derive(Default)]
struct Scope(OnceLock<CancellationToken>);

impl Scope {
    fn token(&self) -> &CancellationToken {
        self.0.get_or_init(CancellationToken::new)
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if let Some(token) = self.0.get() {
            token.cancel();
        }
    }
}

/// Hands a notification of a call to the stream of the request that waits for it.
pub(super) fn relay_notification(
    outlet: &Arc<dyn Outlet>,
    wish: LogWish,
    child: &Child,
    notification: Notification,
) {
    // The state of a task goes to whoever listens for it.
    if &*notification.method == task_feed::TOLD {
        return;
    }
    let notification = if &*notification.method == "notifications/message" {
        let (notification, level) = log_message(child, notification);
        if !wish.takes(level) {
            return;
        }
        notification
    } else {
        notification
    };
    // An outlet that is gone has a call that is being cancelled.
    if outlet.send(Message::Notification(notification)) == Err(LinkError::Full) {
        child.counters.note(&child.label, Oddity::Unread);
    }
}

/// Sends progress on under the client's own token.
pub(super) fn relay_progress(outlet: &Arc<dyn Outlet>, token: &str, child: &Child, params: &Raw) {
    let Ok(mut object) = Object::parse(params.as_str()) else {
        return;
    };
    object.set("progressToken", token.to_owned());
    let notification = Notification::new("notifications/progress", Some(object.to_raw()));
    if outlet.send(Message::Notification(notification)) == Err(LinkError::Full) {
        child.counters.note(&child.label, Oddity::Progress);
    }
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
async fn check_arguments(route: &ToolRoute, name: &str, arguments: Option<&str>) -> Option<Raw> {
    let schema = route.input.as_ref()?;
    let findings = schema
        .findings(
            arguments.unwrap_or("{}"),
            &route.child.label,
            &route.original,
        )
        .await;
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

async fn check_output(route: &ToolRoute, name: &str, result: &Raw) -> Result<(), ErrorObject> {
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
    let findings = schema
        .findings(structured, &route.child.label, &route.original)
        .await;
    if findings.is_empty() {
        return Ok(());
    }
    Err(fault::Fault {
        code: fault::CHILD_FAILED,
        child: &route.child,
        reason: crate::wire::peer::Cause::Protocol,
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
