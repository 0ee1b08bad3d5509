//! A typed server, erased: what the relay mounts as an in-process child.

use std::{any::Any, collections::BTreeMap, fmt, panic::AssertUnwindSafe, sync::Arc};

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    Call, Ctx, Result as ToolResultOf, Server,
    call::{Given, Kind},
    deadline::Deadline,
    describe::{Describe, Entry, Scene},
    error::RpcError,
    icon::Icon,
    output::{ToolResult, encode},
    resource::completion,
    round::Run,
};

/// A typed server, erased.
#[derive(Clone)]
pub(crate) struct LocalServer(Arc<Inner>);

struct Inner {
    info: ServerInfo,
    lists: Lists,
    described: Describe,
    dispatch: Box<dyn Fn(Call) -> BoxFuture<'static, ToolResultOf<String>> + Send + Sync>,
}

/// What a typed server says about itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerInfo {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: Option<String>,
    pub(crate) website: Option<String>,
    /// Raw JSON.
    pub(crate) icons: Option<String>,
    pub(crate) instructions: Option<String>,
}

/// What a typed server has: raw JSON objects, in the order of the source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lists {
    pub(crate) tools: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) templates: Vec<String>,
    pub(crate) prompts: Vec<String>,
    /// Whether any argument can be completed.
    pub(crate) completes: bool,
}

type Answer = Result<String, RpcError>;

impl LocalServer {
    pub(crate) fn new<S: Server>(server: S) -> Self {
        let mut described = Describe::default();
        S::describe(&mut described);
        let lists = Lists {
            tools: std::mem::take(&mut described.tool_list),
            resources: std::mem::take(&mut described.resource_list),
            templates: std::mem::take(&mut described.template_list),
            prompts: std::mem::take(&mut described.prompt_list),
            completes: !described.completions.is_empty(),
        };
        let info = ServerInfo {
            name: std::mem::take(&mut described.name),
            version: std::mem::take(&mut described.version),
            title: described.title.take(),
            website: described.website.take(),
            icons: icons(&described.icons),
            instructions: described.instructions.take(),
        };
        let server = Arc::new(server);
        let dispatch = Box::new(move |call| S::dispatch(Arc::clone(&server), call));
        Self(Arc::new(Inner {
            info,
            lists,
            described,
            dispatch,
        }))
    }

    pub(crate) fn info(&self) -> &ServerInfo {
        &self.0.info
    }

    /// Why no client can be served so.
    pub(crate) fn problems(&self) -> &[String] {
        &self.0.described.problems
    }

    pub(crate) fn lists(&self) -> &Lists {
        &self.0.lists
    }

    /// Serves a call. `params` is a raw JSON object; so is the result, without `resultType` unless
    /// it asks the caller something.
    pub(crate) fn handle(
        &self,
        method: &str,
        params: &str,
        ctx: Ctx,
    ) -> BoxFuture<'static, Answer> {
        let prepared = match method {
            "tools/call" => self.prepare_tool(params, &ctx),
            "resources/read" => self.prepare_resource(params, &ctx),
            "prompts/get" => self.prepare_prompt(params, &ctx),
            "completion/complete" => self.prepare_completion(params, &ctx),
            // Who watches what is the relay's to know: it hears of every change.
            "resources/subscribe" | "resources/unsubscribe" => self
                .prepare_resource(params, &ctx)
                .map(|_| Prepared::Answer("{}".to_owned())),
            _ => Err(RpcError::new(
                RpcError::METHOD_NOT_FOUND,
                format!("method `{method}` is not served here"),
            )),
        };
        let call = match prepared {
            Ok(Prepared::Call(call)) => call,
            Ok(Prepared::Answer(answer)) => return ready(Ok(answer)).boxed(),
            Err(error) => return ready(Err(error)).boxed(),
        };
        let inner = Arc::clone(&self.0);
        let (kind, key, limit) = (call.kind, call.key, call.scene.timeout);
        if kind == Kind::Complete {
            ctx.round()
                .close("a completion cannot ask the client anything");
        }
        async move {
            // User code runs inside, from its first line on, so that no panic gets past.
            let method = call
                .ctx
                .clone()
                .scope(async { (inner.dispatch)(call).await });
            let served = AssertUnwindSafe(ctx.round().run(method, limit.map(Deadline::new)))
                .catch_unwind()
                .await;
            ctx.finish();
            match served {
                Ok(Run::Returned(Ok(result))) => Ok(result),
                Ok(Run::Returned(Err(error))) if kind == Kind::Tool => {
                    error.into_told().and_then(told)
                }
                Ok(Run::Returned(Err(error))) => Err(error.into_rpc(RpcError::INTERNAL)),
                Ok(Run::Stopped(stopped)) => stopped,
                Ok(Run::Late) => {
                    // What the method started, on a thread or in a task, may look at its context.
                    ctx.cancellation().cancel();
                    let limit = limit.unwrap_or_default();
                    told(format!(
                        "`{key}` took longer than {limit:?}, and was stopped"
                    ))
                }
                Err(panic) => {
                    let message = format!("`{key}` panicked: {}", panic_text(panic.as_ref()));
                    tracing::error!(method = key, "{message}");
                    if kind == Kind::Tool {
                        told(message)
                    } else {
                        Err(RpcError::new(RpcError::INTERNAL, message))
                    }
                }
            }
        }
        .boxed()
    }

    fn prepare_tool(&self, params: &str, ctx: &Ctx) -> Result<Prepared, RpcError> {
        #[derive(Deserialize)]
        struct Params {
            name: String,
            #[serde(default)]
            arguments: Option<BTreeMap<String, Box<RawValue>>>,
        }
        let params: Params = parse(params)?;
        let entry = self.0.described.tools.get(params.name.as_str());
        let entry = entry
            .ok_or_else(|| RpcError::invalid_params(format!("unknown tool `{}`", params.name)))?;
        let given = Given::Json(params.arguments.unwrap_or_default());
        Ok(Prepared::call(
            Kind::Tool,
            entry.key,
            given,
            ctx,
            entry.scene.clone(),
        ))
    }

    fn prepare_resource(&self, params: &str, ctx: &Ctx) -> Result<Prepared, RpcError> {
        #[derive(Deserialize)]
        struct Params {
            uri: String,
        }
        let Params { uri } = parse(params)?;
        let Some((entry, variables)) = self.find_resource(&uri) else {
            let mut error = RpcError::new(
                RpcError::RESOURCE_NOT_FOUND,
                format!("resource not found: {uri}"),
            );
            error.data = Some(json!({ "uri": uri }).to_string());
            return Err(error);
        };
        let scene = Scene {
            uri,
            ..entry.scene.clone()
        };
        Ok(Prepared::call(
            Kind::Resource,
            entry.key,
            Given::Text(variables),
            ctx,
            scene,
        ))
    }

    fn find_resource(&self, uri: &str) -> Option<(&Entry, BTreeMap<String, String>)> {
        if let Some(entry) = self.0.described.resources.get(uri) {
            return Some((entry, BTreeMap::new()));
        }
        let mut templates = self.0.described.templates.iter();
        templates.find_map(|(_, template, entry)| {
            template.matches(uri).map(|variables| (entry, variables))
        })
    }

    fn prepare_prompt(&self, params: &str, ctx: &Ctx) -> Result<Prepared, RpcError> {
        #[derive(Deserialize)]
        struct Params {
            name: String,
            #[serde(default)]
            arguments: Option<BTreeMap<String, Value>>,
        }
        let params: Params = parse(params)?;
        let entry = self.0.described.prompts.get(params.name.as_str());
        let entry = entry
            .ok_or_else(|| RpcError::invalid_params(format!("unknown prompt `{}`", params.name)))?;
        let given =
            params
                .arguments
                .unwrap_or_default()
                .into_iter()
                .map(|(name, value)| match value {
                    Value::String(text) => (name, text),
                    // Not legal, but clear.
                    other => (name, other.to_string()),
                });
        Ok(Prepared::call(
            Kind::Prompt,
            entry.key,
            Given::Text(given.collect()),
            ctx,
            entry.scene.clone(),
        ))
    }

    fn prepare_completion(&self, params: &str, ctx: &Ctx) -> Result<Prepared, RpcError> {
        let Completion {
            reference,
            argument,
        } = parse(params)?;
        let described = &self.0.described;
        let (kind, name, known) = match &reference {
            Reference::Prompt { name } => (
                Kind::Prompt,
                name,
                described.prompts.contains_key(name.as_str()),
            ),
            Reference::Resource { uri } => {
                let template = described
                    .templates
                    .iter()
                    .any(|(template, ..)| template == uri);
                (
                    Kind::Resource,
                    uri,
                    template || described.resources.contains_key(uri.as_str()),
                )
            }
        };
        if !known {
            return Err(RpcError::invalid_params(format!(
                "nothing to complete: `{name}` is not known"
            )));
        }
        let completed = described
            .completions
            .iter()
            .find(|((of, entry), _)| *of == kind && entry == name);
        match completed.and_then(|(_, arguments)| arguments.get(argument.name.as_str())) {
            Some(key) => {
                let given = Given::Text(BTreeMap::from([(argument.name, argument.value)]));
                Ok(Prepared::call(
                    Kind::Complete,
                    key,
                    given,
                    ctx,
                    Scene::default(),
                ))
            }
            None => completion(Vec::new())
                .map(Prepared::Answer)
                .map_err(|error| error.into_rpc(RpcError::INTERNAL)),
        }
    }
}

impl fmt::Debug for LocalServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalServer")
            .field("info", &self.0.info)
            .finish_non_exhaustive()
    }
}

enum Prepared {
    Call(Call),
    Answer(String),
}

impl Prepared {
    fn call(kind: Kind, key: &'static str, given: Given, ctx: &Ctx, scene: Scene) -> Self {
        Self::Call(Call {
            kind,
            key,
            given,
            ctx: ctx.clone(),
            scene,
        })
    }
}

/// The icons of a server as raw JSON.
fn icons(icons: &[Icon]) -> Option<String> {
    (!icons.is_empty()).then(|| json!(icons).to_string())
}

#[derive(Deserialize)]
struct Completion {
    #[serde(rename = "ref")]
    reference: Reference,
    argument: Argument,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Reference {
    #[serde(rename = "ref/prompt")]
    Prompt { name: String },
    #[serde(rename = "ref/resource")]
    Resource { uri: String },
}

#[derive(Deserialize)]
struct Argument {
    name: String,
    value: String,
}

fn parse<'p, T: Deserialize<'p>>(params: &'p str) -> Result<T, RpcError> {
    serde_json::from_str(params)
        .map_err(|error| RpcError::invalid_params(format!("invalid params: {error}")))
}

/// A tool's own failure is a result that the model reads, not a JSON-RPC error.
fn told(message: String) -> Answer {
    encode(&ToolResult::error(message)).map_err(|error| error.into_rpc(RpcError::INTERNAL))
}

/// What a panic says.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match panic.downcast_ref::<&'static str>() {
        Some(text) => text,
        None => panic
            .downcast_ref::<String>()
            .map_or("no message", String::as_str),
    }
}
