//! A call of a tool that a person tries: by a client of its own in this process, which answers no questions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::gateway::Gateway;
use crate::gateway::client::{Outlet, Principal};
use crate::wire::message::{Id, Message};
use crate::wire::peer::LinkError;
use crate::wire::version::{META_CLIENT_CAPABILITIES, META_CLIENT_INFO, META_VERSION, MODERN};
use crate::wire::{Object, Raw, Request, json};

/// How long a call may take: a person waits for it.
const DEADLINE: Duration = Duration::from_secs(30);

/// What came of a call.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) took: Duration,
    /// The result, or the error in words.
    pub(super) result: Result<Raw, String>,
}

/// Nobody hears what precedes the result.
#[derive(Debug)]
struct Unheard;

impl Outlet for Unheard {
    fn send(&self, _: Message) -> Result<(), LinkError> {
        Ok(())
    }
}

/// Calls `tool` with `arguments`, a JSON object, and gives up after half a minute.
pub(super) async fn call(gateway: &Arc<Gateway>, tool: &str, arguments: String) -> Trial {
    let request = Request {
        id: Id::number(0),
        method: "tools/call".into(),
        params: Some(params(tool, arguments)),
    };
    let began = Instant::now();
    let gateway = Arc::clone(gateway);
    let relay = gateway.relay().clone();
    // Where the relay runs; dropping it cancels the call.
    let served = AbortOnDropHandle::new(relay.spawn(async move {
        let client = gateway.stateless(Principal::new("the status page"));
        let outlet: Arc<dyn Outlet> = Arc::new(Unheard);
        let never = CancellationToken::new();
        gateway.serve(&client, &request, &outlet, &never).await
    }));
    let result = match tokio::time::timeout(DEADLINE, served).await {
        Ok(Ok(Ok(result))) => Ok(result),
        Ok(Ok(Err(error))) => Err(format!("{} ({})", error.message(), error.code())),
        Ok(Err(_)) => Err("the relay has ended".to_owned()),
        Err(_) => Err(format!(
            "there was no answer within {} s; the call was given up",
            DEADLINE.as_secs()
        )),
    };
    Trial {
        took: began.elapsed(),
        result,
    }
}

fn params(tool: &str, arguments: String) -> Raw {
    let mut meta = Object::default();
    meta.set(META_VERSION, json::quote(MODERN));
    // None: children are told that nobody can be asked.
    meta.set(META_CLIENT_CAPABILITIES, "{}");
    let version = json::quote(env!("CARGO_PKG_VERSION"));
    let info = format!(r#"{{"name":"status page","version":{version}}}"#);
    meta.set(META_CLIENT_INFO, info);
    let mut params = Object::default();
    params.set("name", json::quote(tool));
    params.set("arguments", arguments);
    params.set("_meta", meta.to_json());
    params.to_raw()
}
