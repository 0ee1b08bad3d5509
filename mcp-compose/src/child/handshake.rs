//! Which era a child speaks, and what it says it can do.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::asks::{self, Told};
use super::not_started::NotStarted;
use super::pool::Holder;
use crate::compose::ChildEra;
use crate::wire::message::Notification;
use crate::wire::peer::{Cause, Failure, Peer, RequestRoute};
use crate::wire::version::{
    Era, LATEST_LEGACY, LEGACY, META_CLIENT_CAPABILITIES, META_CLIENT_INFO, META_HOPS,
    META_SERVER_INFO, META_VERSION, MODERN,
};
use crate::wire::{Object, Raw};
use std::sync::Arc;

/// How long a child may leave `server/discover` unanswered before `initialize` is tried as well.
/// A child that is still starting answers both, in order, so that the bound costs nothing then.
const PROBE: Duration = Duration::from_secs(3);

/// Who we are, as children are told.
pub(crate) const CLIENT_INFO: &str = concat!(
    r#"{"name":"mcp-compose","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}"#
);

/// What a child said when its connection was set up.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// How the connection is spoken.
    pub(crate) era: Era,
    /// The version that was agreed.
    pub(crate) version: String,
    /// What it offers.
    pub(crate) offers: Offers,
    /// Its instructions for the model.
    pub(crate) instructions: Option<String>,
    /// What it calls itself, where it says so.
    pub(crate) server: Option<ServerName>,
    /// Its name, version and the like: an object.
    pub(crate) info: Option<Raw>,
}

/// The capabilities of a child that the relay acts on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    pub(crate) tools: bool,
    pub(crate) prompts: bool,
    pub(crate) resources: bool,
    pub(crate) subscribe: bool,
    pub(crate) completions: bool,
    pub(crate) logging: bool,
    /// The extension that makes results tasks; modern children only.
    pub(crate) tasks: bool,
    /// The extension by which tools have user interfaces.
    pub(crate) ui: bool,
    /// It is a composition itself, and wants to know through how many a call has come.
    pub(crate) hops: bool,
}

impl Offers {
    /// Reads a `capabilities` object; strange values of single members cost only those.
    pub(crate) fn parse(capabilities: &str) -> Self {
        let Ok(object) = Object::parse(capabilities) else {
            return Self::default();
        };
        let has = |key: &str| object.get(key).is_some_and(|value| value.starts_with('{'));
        let subscribe = object
            .get("resources")
            .and_then(|resources| Object::parse(resources).ok())
            .is_some_and(|resources| resources.get("subscribe") == Some("true"));
        Self {
            tools: has("tools"),
            prompts: has("prompts"),
            resources: has("resources"),
            subscribe,
            completions: has("completions"),
            logging: has("logging"),
            tasks: false,
            ui: asks::has_ui(capabilities),
            hops: false,
        }
    }

    /// With what stands beside the capabilities, in the handshake's `_meta`.
    fn with_meta(self, meta: Option<&str>) -> Self {
        let meta = meta.and_then(|meta| Object::parse(meta).ok());
        let hops = meta.is_some_and(|meta| meta.get(META_HOPS).is_some());
        Self { hops, ..self }
    }

    /// As [`Offers::parse`], for a modern child: it can have extensions as well.
    fn modern(capabilities: &str) -> Self {
        Self {
            tasks: asks::has_tasks(capabilities),
            ..Self::parse(capabilities)
        }
    }
}

/// What a child calls itself.
#[derive(Debug, Clone)]
pub(crate) struct ServerName {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.version {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

impl ServerName {
    /// Reads a `serverInfo`.
    fn parse(info: Option<&str>) -> Option<Self> {
        let info = Object::parse(info?).ok()?;
        Some(Self {
            name: info.string("name")?.into_owned(),
            version: info.string("version").map(Cow::into_owned),
        })
    }
}

/// Whom a session is opened for, which a legacy child is told at its handshake.
#[derive(Debug)]
pub(crate) enum Introduction {
    /// Everybody's: what the child may ask.
    All(Told),
    /// One client's.
    One(Introduced),
    /// The only client's, which may still have to say who it is.
    Awaited(watch::Receiver<Option<Introduced>>),
}

/// A client that has a session to itself.
#[derive(Debug, Clone)]
pub(crate) struct Introduced {
    /// Whose the session is.
    pub(crate) holder: Holder,
    /// What the child may ask.
    pub(crate) told: Told,
    /// The era that the client speaks. A child that speaks both does best in the same.
    pub(crate) era: Era,
}

impl Introduction {
    /// What the child may ask. Waits for the client, unless the child ends first; its own time does
    /// not run meanwhile.
    async fn told(&mut self, peer: &Peer, bound: &mut Bound) -> Result<Told, NotStarted> {
        let receiver = match self {
            Self::All(told) => return Ok(told.clone()),
            Self::One(client) => return Ok(client.told.clone()),
            Self::Awaited(receiver) => receiver,
        };
        let introduced = async {
            let known = receiver.wait_for(Option::is_some).await.ok();
            known.and_then(|client| client.clone())
        };
        let client = tokio::select! {
            biased;
            Some(client) = introduced => client,
            () = peer.closed() => {
                let reason = peer.ended().map_or("it ended", |reason| reason);
                return Err(NotStarted::new(Cause::Exited, reason));
            }
        };
        let told = client.told.clone();
        *self = Self::One(client);
        bound.restart();
        Ok(told)
    }
}

/// Until when the handshake must be done.
#[derive(Debug)]
struct Bound {
    time: Duration,
    until: Instant,
}

impl Bound {
    fn new(time: Duration) -> Self {
        let until = Instant::now() + time;
        Self { time, until }
    }

    fn restart(&mut self) {
        self.until = Instant::now() + self.time;
    }

    async fn keep<T>(&self, work: impl Future<Output = T>) -> Result<T, NotStarted> {
        timeout_at(self.until, work).await.map_err(|_| {
            let time = self.time.as_secs_f32();
            NotStarted::new(Cause::Timeout, format!("it did not answer within {time} s"))
        })
    }
}

/// Finds the era (unless it is set) and sets the connection up, within `time`. `plain` is what a
/// child is told of clients that it can ask nothing.
pub(crate) async fn handshake(
    peer: &Arc<Peer>,
    era: ChildEra,
    time: Duration,
    introduction: &mut Introduction,
    plain: &Told,
) -> Result<Profile, NotStarted> {
    let mut bound = Bound::new(time);
    match era {
        ChildEra::Legacy => {
            let told = introduction.told(peer, &mut bound).await?;
            let greeted = initialize(peer, &told, &bound).await;
            greeted.map_err(|why| match why.cause {
                Cause::Protocol if why.advice.is_none() => why.advise(
                    "it may speak 2026-07-28 only: leave its `era` open, so that both are tried",
                ),
                _ => why,
            })
        }
        ChildEra::Modern => {
            let discovered = bound.keep(discover(peer).outcome()).await?;
            established(
                peer,
                discovered.map_err(Probe::from).and_then(|raw| modern(&raw)),
            )
            .map_err(Probe::explain)
        }
        ChildEra::Auto => {
            let told = introduction.told(peer, &mut bound).await?;
            let legacy =
                matches!(introduction, Introduction::One(client) if client.era == Era::Legacy);
            if legacy && !told.asks_as(plain) {
                legacy_first(peer, &bound, &told).await
            } else {
                probe(peer, &bound, &told).await
            }
        }
    }
}

/// For a client of the legacy era: a child that speaks both asks in the middle of a call only there.
async fn legacy_first(peer: &Arc<Peer>, bound: &Bound, told: &Told) -> Result<Profile, NotStarted> {
    let failure = match initialize(peer, told, bound).await {
        Err(failure) if peer.ended().is_none() => failure,
        ended => return ended,
    };
    match bound.keep(discover(peer).outcome()).await {
        Ok(Ok(raw)) => established(peer, modern(&raw)).map_err(|_| failure),
        _ => Err(failure),
    }
}

async fn probe(peer: &Arc<Peer>, bound: &Bound, told: &Told) -> Result<Profile, NotStarted> {
    let mut discovering = Box::pin(discover(peer).outcome());
    let first = bound.keep(timeout(PROBE, &mut discovering)).await?;
    if let Ok(answer) = first {
        let answered = answer.map_err(Probe::from).and_then(|raw| modern(&raw));
        return match established(peer, answered) {
            Ok(profile) => Ok(profile),
            Err(Probe::Lost(why)) if peer.ended().is_some() => Err(why),
            Err(_) => initialize(peer, told, bound).await,
        };
    }
    // Both questions are out. A legacy child answers the second; a slow modern one refuses it and
    // answers the first.
    let failure = match initialize(peer, told, bound).await {
        Ok(profile) => return Ok(profile),
        Err(failure) => failure,
    };
    let late = timeout(Duration::from_millis(50), discovering).await;
    let Ok(Ok(raw)) = late else {
        return Err(failure);
    };
    established(peer, modern(&raw)).map_err(Probe::explain)
}

pub(super) fn discover(peer: &Arc<Peer>) -> crate::wire::peer::Call {
    let mut meta = Object::default();
    stamp_modern(&mut meta, "{}");
    let mut params = Object::default();
    params.set("_meta", meta.to_json());
    let params = params.to_raw();
    peer.request("server/discover", |_| Some(params), RequestRoute::default())
}

/// Sets the `_meta` members that every 2026-07-28 request carries.
pub(crate) fn stamp_modern<'a>(meta: &mut Object<'a>, client_capabilities: &'a str) {
    meta.set(META_VERSION, concat!("\"", "2026-07-28", "\""));
    meta.set(META_CLIENT_INFO, CLIENT_INFO);
    meta.set(META_CLIENT_CAPABILITIES, client_capabilities);
}

/// What became of `server/discover`.
enum Probe {
    /// The child speaks the modern era, but no version that we do.
    NoCommonVersion(String),
    /// The child does not know the method.
    NotModern(String),
    /// The connection failed.
    Lost(NotStarted),
}

impl Probe {
    fn explain(self) -> NotStarted {
        match self {
            Self::NoCommonVersion(supported) => NotStarted::new(
                Cause::Protocol,
                format!("it supports the versions {supported} only"),
            )
            .advise(served_here()),
            Self::NotModern(why) => NotStarted::new(
                Cause::Protocol,
                format!("it refused `server/discover`: {why}"),
            )
            .advise("leave its `era` open, unless it is known to speak 2026-07-28"),
            Self::Lost(why) => why,
        }
    }
}

fn served_here() -> String {
    format!(
        "update it, or this program: served here are {}, {MODERN}",
        LEGACY.join(", ")
    )
}

impl From<Failure> for Probe {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Error(error) => Self::NotModern(error.message()),
            Failure::Lost(lost) => Self::Lost(lost.into()),
            Failure::Overloaded => Self::Lost(unread()),
        }
    }
}

fn modern(raw: &Raw) -> Result<Profile, Probe> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Discovered<'a> {
        #[serde(default)]
        supported_versions: Vec<String>,
        #[serde(borrow)]
        capabilities: Option<&'a RawValue>,
        instructions: Option<String>,
        #[serde(borrow, rename = "_meta")]
        meta: Option<&'a RawValue>,
    }
    let discovered: Discovered<'_> = serde_json::from_str(raw.as_str()).map_err(|error| {
        Probe::NotModern(format!("its answer is not a discover result: {error}"))
    })?;
    if !discovered
        .supported_versions
        .iter()
        .any(|version| version == MODERN)
    {
        return Err(Probe::NoCommonVersion(
            discovered.supported_versions.join(", "),
        ));
    }
    Ok(Profile {
        era: Era::Modern,
        version: MODERN.to_owned(),
        offers: Offers::modern(discovered.capabilities.map_or("{}", RawValue::get))
            .with_meta(discovered.meta.map(RawValue::get)),
        instructions: discovered.instructions,
        server: discovered.meta.and_then(|meta| {
            let meta = Object::parse(meta.get()).ok()?;
            ServerName::parse(meta.get(META_SERVER_INFO))
        }),
        info: discovered.meta.and_then(|meta| {
            let meta = Object::parse(meta.get()).ok()?;
            who(meta.get(META_SERVER_INFO))
        }),
    })
}

fn established(peer: &Peer, probed: Result<Profile, Probe>) -> Result<Profile, Probe> {
    let profile = probed?;
    peer.link().established(profile.era, &profile.version);
    Ok(profile)
}

async fn initialize(peer: &Arc<Peer>, told: &Told, bound: &Bound) -> Result<Profile, NotStarted> {
    let told = told.as_str();
    let params = format!(
        r#"{{"protocolVersion":"{LATEST_LEGACY}","capabilities":{told},"clientInfo":{CLIENT_INFO}}}"#
    );
    let params = Raw::from_json(params);
    let answering = peer
        .request("initialize", |_| Some(params), RequestRoute::default())
        .outcome();
    let raw = bound
        .keep(answering)
        .await?
        .map_err(|failure| refused("initialize", failure))?;
    let failed =
        |why: String| NotStarted::new(Cause::Protocol, format!("`initialize` failed: {why}"));
    let profile = greeted(&raw).map_err(|why| failed(why).advise(served_here()))?;
    if profile.era != Era::Legacy {
        return Err(failed(format!(
            "it answered `initialize` with {MODERN}, which has no handshake"
        )));
    }
    peer.link().established(Era::Legacy, &profile.version);
    peer.notify(Notification::new("notifications/initialized", None));
    Ok(profile)
}

/// Reads what a server says of itself: version, capabilities, identity.
pub(crate) fn greeted(raw: &Raw) -> Result<Profile, String> {
    // Taken apart by key, so that one strange value (an `experimental` that is no object) does
    // not cost the child.
    let object = Object::parse(raw.as_str())
        .map_err(|error| format!("its answer is not an object: {error}"))?;
    let version = object
        .string("protocolVersion")
        .ok_or("its answer names no `protocolVersion`")?
        .into_owned();
    let era = match version.as_str() {
        MODERN => Era::Modern,
        version if LEGACY.contains(&version) => Era::Legacy,
        _ => {
            return Err(format!(
                "it answered with version `{version}`, which is not served here"
            ));
        }
    };
    let capabilities = object.get("capabilities").unwrap_or("{}");
    Ok(Profile {
        era,
        version,
        offers: match era {
            Era::Modern => Offers::modern(capabilities),
            Era::Legacy => Offers::parse(capabilities),
        }
        .with_meta(object.get("_meta")),
        instructions: object.string("instructions").map(Cow::into_owned),
        server: ServerName::parse(object.get("serverInfo")),
        info: who(object.get("serverInfo")),
    })
}

/// What a child says of itself, if clients can take it.
fn who(info: Option<&str>) -> Option<Raw> {
    let info = info?;
    let object = Object::parse(info).ok()?;
    let named = object.string("name").is_some() && object.string("version").is_some();
    named.then(|| Raw::from_json(info.to_owned()))
}

fn refused(method: &str, failure: Failure) -> NotStarted {
    match failure {
        Failure::Error(error) => NotStarted::new(
            Cause::Protocol,
            format!("`{method}` failed: {}", error.message()),
        ),
        Failure::Lost(lost) => lost.into(),
        Failure::Overloaded => unread(),
    }
}

fn unread() -> NotStarted {
    NotStarted::new(Cause::Overloaded, "it does not read what it is sent")
}
