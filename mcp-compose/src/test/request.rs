//! One request of a test's client, with all the rounds that its questions take.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::client::Client;
use super::desk::Question;
use super::mailbox::{Mailbox, Underway};
use super::outcome::CallOutcome;
use crate::gateway::client::Outlet;
use crate::serve::client::RequestError;
use crate::wire::peer::lock;
use crate::wire::version::{
    Era, META_CLIENT_CAPABILITIES, META_CLIENT_INFO, META_LOG_LEVEL, META_VERSION, MODERN,
};

/// How often one call may ask before it is one that never ends.
const MAX_ROUNDS: usize = 64;
/// Pause before a call that only wants to be made again is.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// A request, and for whom panics are worded.
pub(super) struct Wanted {
    pub(super) method: &'static str,
    pub(super) params: Value,
    /// Such as "tool `add`".
    pub(super) what: String,
    pub(super) place: &'static Location<'static>,
}

impl Client {
    /// Makes a request, answers what it asks, and panics where a test cannot go on.
    pub(super) async fn request(&self, wanted: Wanted) -> CallOutcome {
        let Wanted {
            method,
            mut params,
            what,
            place,
        } = wanted;
        let id = self.next_id();
        let underway = Arc::new(Underway::default());
        let outlet: Arc<dyn Outlet> = Arc::new(Mailbox::new(&self.0.hearing, Some(&underway)));
        let meta = self.meta(id);
        if !meta.is_empty() {
            params["_meta"] = meta.into();
        }
        let limit = self.0.limit;
        let outcome = tokio::select! {
            biased;
            why = underway.stuck() => panic!("{place}: {what}: {why}"),
            served = tokio::time::timeout(limit, self.rounds(id, method, params, &outlet)) => {
                match served {
                    Ok(Ok(outcome)) => outcome,
                    Ok(Err(why)) => panic!("{place}: {what}: {why}"),
                    Err(_) => panic!(
                        "{place}: {what} was not answered within {} s",
                        limit.as_secs_f32()
                    ),
                }
            }
        };
        CallOutcome {
            what,
            place,
            outcome,
            progress: std::mem::take(&mut lock(&underway.progress)),
        }
    }

    /// Asks, and asks again with the answers for as long as the result is that it lacks some.
    async fn rounds(
        &self,
        id: u64,
        method: &'static str,
        mut params: Value,
        outlet: &Arc<dyn Outlet>,
    ) -> Result<Result<Value, RequestError>, String> {
        for _ in 0..MAX_ROUNDS {
            let served = self
                .0
                .connection
                .request(id, method, params.to_string(), outlet);
            let result = match served.await {
                Ok(result) => result,
                Err(error) => return Ok(Err(error)),
            };
            let result: Value = serde_json::from_str(&result)
                .map_err(|error| format!("the result is no JSON: {error}"))?;
            if result["resultType"] != "input_required" {
                return Ok(Ok(result));
            }
            let mut answers = Map::new();
            for (key, asked) in result["inputRequests"].as_object().into_iter().flatten() {
                let method = asked["method"].as_str().unwrap_or_default();
                let question = Question::new(Some(key), method, asked["params"].clone());
                answers.insert(key.clone(), self.0.hearing.desk.answer(question)?);
            }
            if answers.is_empty() {
                tokio::time::sleep(ASK_AGAIN).await;
            }
            let params = params.as_object_mut().ok_or("the params are no object")?;
            params.insert("inputResponses".to_owned(), answers.into());
            match result.get("requestState") {
                Some(state) => params.insert("requestState".to_owned(), state.clone()),
                None => params.remove("requestState"),
            };
        }
        Err(format!(
            "it has asked {MAX_ROUNDS} times and has no result yet"
        ))
    }

    /// Opens a stream of changes, which stays open for as long as the client is there. Gives what the
    /// server grants of `filter`.
    pub(super) async fn listen(&self, filter: Value, place: &'static Location<'static>) -> Value {
        let id = self.next_id();
        let underway = Arc::new(Underway::default());
        let outlet: Arc<dyn Outlet> = Arc::new(Mailbox::new(&self.0.hearing, Some(&underway)));
        let params = json!({ "notifications": filter, "_meta": self.meta(id) });
        let connection = Arc::clone(&self.0.connection);
        let (ended, end) = oneshot::channel();
        lock(&self.0.listening).spawn(async move {
            let params = params.to_string();
            let method = "subscriptions/listen";
            let _ = ended.send(connection.request(id, method, params, &outlet).await);
        });
        let acknowledged = async {
            tokio::select! {
                biased;
                granted = underway.granted() => granted,
                end = end => match end {
                    Ok(Err(error)) => panic!("{place}: listening was refused: {}", error.message),
                    _ => panic!("{place}: listening ended at once"),
                },
            }
        };
        match tokio::time::timeout(self.0.limit, acknowledged).await {
            Ok(granted) => granted,
            Err(_) => panic!("{place}: `subscriptions/listen` was not acknowledged in time"),
        }
    }

    /// What goes with each request.
    fn meta(&self, id: u64) -> Map<String, Value> {
        let mut meta = Map::new();
        meta.insert("progressToken".to_owned(), id.into());
        if self.0.protocol.era() == Era::Modern {
            let info = json!({ "name": "mcp-compose", "version": env!("CARGO_PKG_VERSION") });
            meta.insert(META_VERSION.to_owned(), MODERN.into());
            meta.insert(META_CLIENT_INFO.to_owned(), info);
            meta.insert(
                META_CLIENT_CAPABILITIES.to_owned(),
                self.0.capabilities.clone(),
            );
            meta.insert(META_LOG_LEVEL.to_owned(), "debug".into());
        }
        meta
    }
}
